//! How a peer misbehaves, as a plan: rules that meet requests by their path, each so many times; and answers that go
//! wrong on their way.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// What happens to a request.
#[derive(Clone)]
pub enum Fault {
    /// It is answered with this status, and not looked at; with a `Retry-After` in seconds.
    Refuse(StatusCode, Option<u64>),
    /// It is answered with this, and not looked at.
    Answer(StatusCode, Value),
    /// It is answered with these bytes, and not looked at.
    Bytes(&'static str, Vec<u8>),
    /// Its answer is changed.
    Change(fn(&mut Value)),
    /// It is taken in, but the connection closes before the answer.
    LoseAnswer,
    /// It is taken in, but the connection closes in the middle of the answer.
    HalfAnswer,
    /// It is read, then the connection closes.
    Ignore,
    /// It is taken in so much later.
    Slow(Duration),
    /// Its answer is dated so much later.
    Clock(Duration),
}

struct Rule {
    path: String,
    fault: Fault,
    left: usize,
}

/// The plan of one peer.
#[derive(Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    is_down: bool,
    shut_out: Vec<String>,
    half_closed: usize,
    rules: Vec<Rule>,
}

impl Faults {
    /// The next `times` requests whose path contains `path` meet this fault.
    pub fn plan(&self, path: &str, times: usize, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rules.push(Rule { path: path.to_owned(), fault, left: times });
    }

    /// Connections are closed as soon as they are open, and nothing is sent.
    pub fn go_down(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_down = true;
    }

    /// Requests that a homeserver has signed are refused, not now but later.
    pub fn shut_out(&self, server_name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).shut_out.push(server_name.to_owned());
    }

    /// What a request meets for who has signed it [Matrix: request authentication].
    pub(crate) fn meets_by_signer(&self, headers: &HeaderMap) -> Option<Fault> {
        let plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let origin = signed.split(',').find_map(|field| field.split_once("origin=")).map(|(_, name)| name.trim_matches('"'));
        let is_out = plan.shut_out.iter().any(|name| origin == Some(name.as_str()));
        is_out.then_some(Fault::Refuse(StatusCode::SERVICE_UNAVAILABLE, None))
    }

    /// The sending side of the next `times` connections is closed at once, while they stay open for what comes in.
    pub fn half_close(&self, times: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).half_closed = times;
    }

    /// How many connections are still to be half-closed.
    pub fn half_closed_left(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).half_closed
    }

    /// A connection that is to be half-closed is, and is read to its end, which only the other side can bring about.
    pub(crate) fn meets_half_closed(&self, stream: TcpStream) -> Option<TcpStream> {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(left) = plan.half_closed.checked_sub(1) else { return Some(stream) };
        plan.half_closed = left;
        tokio::spawn(async move {
            let (mut incoming, mut outgoing) = stream.into_split();
            // What has failed is over, as it was to be.
            outgoing.shutdown().await.unwrap_or_default();
            tokio::io::copy(&mut incoming, &mut tokio::io::sink()).await.unwrap_or_default();
        });
        None
    }

    /// All is well again; what is left of the plan goes.
    pub fn come_back(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Plan::default();
    }

    pub(crate) fn is_down(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_down
    }

    pub(crate) fn meet(&self, path: &str) -> Option<Fault> {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = plan.rules.iter_mut().find(|rule| rule.left > 0 && path.contains(&rule.path))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }
}

impl Fault {
    /// Whether a request is not looked at.
    pub(crate) fn keeps_out(&self) -> bool {
        matches!(self, Self::Refuse(..) | Self::Answer(..) | Self::Bytes(..) | Self::Ignore)
    }

    /// Whether there is no answer.
    pub(crate) fn is_silent(&self) -> bool {
        matches!(self, Self::LoseAnswer | Self::Ignore)
    }
}

pub(crate) type Body = BoxBody<Bytes, std::io::Error>;

/// An answer after what was planned for it. An error closes the connection without one.
pub(crate) fn respond((status, headers, bytes): (StatusCode, HeaderMap, Bytes), fault: Option<&Fault>) -> Result<Response<Body>> {
    let mut response = Response::new(full(bytes.clone()));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    match fault {
        Some(Fault::LoseAnswer | Fault::Ignore) => bail!("no answer, as planned"),
        Some(Fault::Refuse(_, Some(seconds))) => {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.to_string().parse()?);
        }
        Some(Fault::Bytes(kind, bytes)) => {
            response.headers_mut().insert(header::CONTENT_TYPE, kind.parse()?);
            *response.body_mut() = full(Bytes::from(bytes.clone()));
        }
        Some(Fault::Clock(ahead)) => {
            let date = httpdate::fmt_http_date(SystemTime::now() + *ahead);
            response.headers_mut().insert(header::DATE, date.parse()?);
        }
        Some(Fault::HalfAnswer) => {
            response.headers_mut().insert(header::CONTENT_LENGTH, (bytes.len() + 100).to_string().parse()?);
            *response.body_mut() = broken(bytes);
        }
        _ => {}
    }
    Ok(response)
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed()
}

/// A body that ends before its end.
fn broken(bytes: Bytes) -> Body {
    BodyExt::boxed(Broken { bytes: Some(bytes), is_flushed: false })
}

struct Broken {
    bytes: Option<Bytes>,
    is_flushed: bool,
}

impl hyper::body::Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !std::mem::replace(&mut self.is_flushed, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(std::io::Error::other("the connection breaks, as planned"))))
    }
}
