//! A tap on the line to a MIMI provider, or to a homeserver: everything passes, is noted, can be sent again, and fails as planned.
//!
//! It has certificates of its own for both ends, so neither notices it.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::{Context, Result};
use http::{HeaderMap, Method, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Authority;
use crate::faults::{Body, Fault, Faults, respond};
use crate::https::{Answer, Https, server_config};
use crate::patience::PATIENCE;

/// A request that has passed, or was kept out.
#[derive(Clone, Debug)]
pub struct Passed {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
    /// The status that the caller saw; none if it saw none.
    pub status: Option<StatusCode>,
    /// What the target answered; nothing if it was not asked.
    pub answer: Vec<u8>,
}

/// A tap.
pub struct Tap {
    inner: Arc<Inner>,
    serving: AbortHandle,
}

struct Inner {
    port: u16,
    target: (String, u16),
    https: Https,
    faults: Faults,
    passed: Mutex<Vec<Passed>>,
    changed: watch::Sender<u64>,
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Tap {
    /// Whoever connects finds `target`, a domain with its port; `target` finds `caller`.
    ///
    /// # Errors
    /// If it cannot listen.
    pub async fn lay(authority: &Authority, caller: &str, (target, port): (&str, u16)) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let inner = Arc::new(Inner {
            port: listener.local_addr()?.port(),
            target: (target.to_owned(), port),
            https: Https::new(&authority.root_pem(), Some(&authority.issue(&[caller])))?,
            faults: Faults::default(),
            passed: Mutex::default(),
            changed: watch::Sender::new(0),
        });
        let tls = server_config(&authority.issue(&[target]))?;
        let serving = tokio::spawn(serve(listener, tls, Arc::downgrade(&inner))).abort_handle();
        Ok(Self { inner, serving })
    }

    /// Where to connect.
    pub fn port(&self) -> u16 {
        self.inner.port
    }

    /// What goes wrong, and when.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Everything that came, in order.
    pub fn passed(&self) -> Vec<Passed> {
        self.inner.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a request whose path contains `path`, and that is like this.
    ///
    /// # Errors
    /// If it does not come in time.
    pub async fn wait_for(&self, path: &str, is_it: impl Fn(&Passed) -> bool) -> Result<Passed> {
        let mut changes = self.inner.changed.subscribe();
        let seen = async {
            loop {
                if let Some(found) = self.passed().into_iter().find(|passed| passed.path.contains(path) && is_it(passed)) {
                    return anyhow::Ok(found);
                }
                changes.changed().await?;
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.with_context(|| format!("waited {} s for {path}", PATIENCE.as_secs()))?
    }

    /// Sends a request again, in the caller's name.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn replay(&self, request: &Passed) -> Result<Answer> {
        self.inner.pass(request).await
    }
}

impl Inner {
    async fn pass(&self, request: &Passed) -> Result<Answer> {
        let mut copy = http::Request::builder().method(request.method.clone()).uri(&request.path);
        // A test may have changed the body.
        for (name, value) in request.headers.iter().filter(|(name, _)| **name != header::CONTENT_LENGTH) {
            copy = copy.header(name, value);
        }
        let (target, port) = &self.target;
        self.https.send(*port, target, copy.body(request.body.clone())?).await
    }
}

async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, tap: Weak<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        match tap.upgrade() {
            Some(inner) if inner.faults.is_down() => {}
            Some(inner) => {
                let Some(stream) = inner.faults.meets_half_closed(stream) else { continue };
                tokio::spawn(serve_connection(stream, tls.clone(), tap.clone()));
            }
            None => return,
        }
    }
}

async fn serve_connection(stream: TcpStream, tls: Arc<ServerConfig>, tap: Weak<Inner>) {
    let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
    let service = service_fn(move |request| {
        let tap = tap.clone();
        async move { handle(tap.upgrade().context("the tap is gone")?, request).await }
    });
    // A connection that was planned to break is an error like any other.
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap_or_default();
}

async fn handle(tap: Arc<Inner>, request: http::Request<Incoming>) -> Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let body = body.collect().await?.to_bytes().to_vec();
    let mut passed = Passed { method: parts.method, path, headers: parts.headers, body, status: None, answer: Vec::new() };
    let fault = match tap.faults.is_down() {
        true => Some(Fault::Ignore),
        false => tap.faults.meets_by_signer(&passed.headers).or_else(|| tap.faults.meet(&passed.path)),
    };
    if let Some(Fault::Slow(delay)) = &fault {
        tokio::time::sleep(*delay).await;
    }
    let (mut status, mut headers, mut bytes) = (StatusCode::OK, HeaderMap::new(), Bytes::new());
    if !fault.as_ref().is_some_and(Fault::keeps_out) {
        let answer = tap.pass(&passed).await?;
        passed.answer = answer.body.to_vec();
        (status, headers, bytes) = (answer.status, answer.headers, answer.body);
        headers.remove(header::TRANSFER_ENCODING);
    }
    if let Some(Fault::Refuse(planned, _) | Fault::Answer(planned, _)) = &fault {
        status = *planned;
    }
    passed.status = (!fault.as_ref().is_some_and(Fault::is_silent)).then_some(status);
    tap.passed.lock().unwrap_or_else(PoisonError::into_inner).push(passed);
    tap.changed.send_modify(|count| *count += 1);
    respond((status, headers, bytes), fault.as_ref())
}
