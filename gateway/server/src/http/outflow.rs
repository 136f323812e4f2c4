//! Large answers go out in slices, and a peer that takes none for a while loses its connection: with a window of zero
//! (HTTP/2), it would hold as much of our memory as it likes, for as long as it likes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use hyper::body::{Body as _, Bytes, Frame, SizeHint};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::metered::STALL_LIMIT;

/// An answer that is no larger is not watched: the limits on streams and connections bound them.
const SMALL: u64 = 64 * 1024;
/// HTTP/2 holds as much of each stream that is not read.
const SLICE: usize = 16 * 1024;

/// The same answer; if it is large and not taken, `cut` is cancelled.
pub(super) fn watched(answer: http::Response<Body>, cut: &CancellationToken) -> http::Response<Body> {
    if answer.body().size_hint().upper().is_some_and(|size| size <= SMALL) {
        return answer;
    }
    let (taken, slices) = (CancellationToken::new(), Arc::<AtomicUsize>::default());
    tokio::spawn(watch(slices.clone(), taken.clone(), cut.clone()));
    answer.map(|body| Body::new(Sliced { body, rest: Bytes::new(), slices, _taken: taken.drop_guard() }))
}

async fn watch(slices: Arc<AtomicUsize>, taken: CancellationToken, cut: CancellationToken) {
    let mut before = 0;
    while tokio::time::timeout(STALL_LIMIT, taken.cancelled()).await.is_err() {
        match slices.load(Ordering::Relaxed) {
            now if now > before => before = now,
            _ => return cut.cancel(),
        }
    }
}

struct Sliced {
    body: Body,
    /// What is left of the last piece.
    rest: Bytes,
    /// So many slices have been asked for.
    slices: Arc<AtomicUsize>,
    _taken: DropGuard,
}

impl hyper::body::Body for Sliced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.slices.fetch_add(1, Ordering::Relaxed);
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?.map(Frame::into_data) {
                Some(Ok(data)) => self.rest = data,
                Some(Err(trailers)) => return Poll::Ready(Some(Ok(trailers))),
                None => return Poll::Ready(None),
            }
        }
        let size = self.rest.len().min(SLICE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.body.size_hint().exact() {
            Some(size) => SizeHint::with_exact(size + self.rest.len() as u64),
            None => SizeHint::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use http_body_util::BodyExt;

    use super::*;

    fn large() -> Vec<u8> {
        (0..1_000_000_u32).map(|n| n as u8).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn h23_an_answer_that_is_not_taken_is_cut_off() {
        let cut = CancellationToken::new();
        let answer = watched(http::Response::new(Body::from(large())), &cut);
        tokio::time::timeout(STALL_LIMIT * 3, cut.cancelled()).await.unwrap();
        drop(answer);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_slowly_is_whole() {
        let cut = CancellationToken::new();
        let mut body = watched(http::Response::new(Body::from(large())), &cut).into_body();
        assert_eq!(body.size_hint().exact(), Some(1_000_000));
        let mut taken = Vec::new();
        while let Some(frame) = body.frame().await {
            taken.extend_from_slice(&frame.unwrap().into_data().unwrap());
            tokio::time::sleep(STALL_LIMIT / 2).await;
        }
        drop(body);
        tokio::time::sleep(STALL_LIMIT * 3).await;
        assert_eq!((taken, cut.is_cancelled()), (large(), false));
    }
}
