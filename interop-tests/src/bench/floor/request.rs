//! One request over a TLS connection that is open already.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Result, ensure};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Authority;
use crate::https::{Https, Line, server_config};

/// Both ends of a connection.
pub(super) struct Requests {
    line: Line,
    server: AbortHandle,
}

impl Drop for Requests {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Requests {
    pub(super) async fn start() -> Result<Self> {
        let authority = Authority::generate();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = tokio::spawn(serve(listener, server_config(&authority.issue(&["localhost"]))?)).abort_handle();
        let line = Https::new(&authority.root_pem(), None)?.line(port, "localhost").await?;
        Ok(Self { line, server })
    }

    /// Sends so many bytes, and reads a short answer.
    pub(super) async fn send(&mut self, size: usize) -> Result<()> {
        let request = Request::builder().method(Method::POST).uri("/").header("host", "localhost").body(vec![b'a'; size])?;
        let answer = self.line.send(request).await?;
        ensure!(answer.body == "{}", "an odd answer: {}", answer.text());
        Ok(())
    }
}

async fn serve(listener: TcpListener, tls: Arc<ServerConfig>) -> Result<()> {
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    let stream = TlsAcceptor::from(tls).accept(stream).await?;
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await?;
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    // A body that breaks off ends the connection by itself.
    let read = request.into_body().collect().await.is_ok();
    Ok(Response::new(Full::new(Bytes::from_static(if read { b"{}" } else { b"" }))))
}
