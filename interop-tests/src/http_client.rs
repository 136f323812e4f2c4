//! A small client for JSON over plain HTTP on loopback.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Longer than any long poll.
const LIMIT: Duration = Duration::from_secs(60);

/// The client of one server.
#[derive(Clone)]
pub struct HttpClient {
    base: String,
    token: Option<String>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body; null if it was not JSON.
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// Any other status, with the body.
    pub fn success(self) -> Result<Value> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        bail!("{}: {}", self.status, self.body)
    }
}

impl HttpClient {
    /// A client of the server at `http://127.0.0.1:<port>`.
    pub fn new(port: u16) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { base: format!("http://127.0.0.1:{port}"), token: None, client }
    }

    /// The same with a bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Where the server is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A request; any status is an answer.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let what = format!("{method} {}{path}", self.base);
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let bytes = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Bytes::from(serde_json::to_vec(body)?)
            }
            None => Bytes::new(),
        };
        let request = request.body(Full::new(bytes))?;
        let (status, body) = self.exchange(request).await.with_context(|| what)?;
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
        let exchange = async {
            let response = self.client.request(request).await?;
            let status = response.status();
            anyhow::Ok((status, response.into_body().collect().await?.to_bytes()))
        };
        tokio::time::timeout(LIMIT, exchange).await.context("no answer in time")?
    }

    /// A successful GET of a text.
    ///
    /// # Errors
    /// If it is refused, is no text, or there is no answer.
    pub async fn text(&self, path: &str) -> Result<String> {
        let what = format!("GET {}{path}", self.base);
        let request = Request::get(format!("{}{path}", self.base)).body(Full::default())?;
        let (status, body) = self.exchange(request).await.with_context(|| what.clone())?;
        ensure!(status.is_success(), "{what}: {status}");
        String::from_utf8(body.to_vec()).context(what)
    }

    /// A successful GET.
    ///
    /// # Errors
    /// If it is refused, or there is no answer.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.request(Method::GET, path, None).await?.success().with_context(|| format!("GET {path}"))
    }

    /// A successful POST.
    ///
    /// # Errors
    /// If it is refused, or there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.request(Method::POST, path, Some(body)).await?.success().with_context(|| format!("POST {path}"))
    }

    /// A successful PUT.
    ///
    /// # Errors
    /// If it is refused, or there is no answer.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.request(Method::PUT, path, Some(body)).await?.success().with_context(|| format!("PUT {path}"))
    }
}

/// A path segment or query value, percent-encoded.
pub fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
