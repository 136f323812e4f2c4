//! A connection that has to be of use: what comes in belongs to requests, and what goes out is read.
//!
//! HTTP/2 has frames that cost their sender nothing and make work here: PING, SETTINGS, WINDOW_UPDATE, PRIORITY, empty
//! DATA. There is no limit on any of them by itself, but one on octets between which no request comes nearer to its end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Twice what HTTP/2 may have buffered of a body that nobody has looked at yet.
const USELESS_LIMIT: usize = 2 * 1024 * 1024;
/// Who reads nothing for so long reads nothing.
pub(super) const STALL_LIMIT: Duration = Duration::from_secs(30);

/// Octets received since a request last came nearer to its end.
#[derive(Clone, Default)]
pub(super) struct Useless(Arc<AtomicUsize>);

impl Useless {
    /// It comes nearer to its end.
    pub(super) fn forgive(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn add(&self, octets: usize) -> io::Result<()> {
        match self.0.fetch_add(octets, Ordering::Relaxed) + octets {
            all if all > USELESS_LIMIT => Err(io::Error::other("too much was sent that is part of no request")),
            _ => Ok(()),
        }
    }
}

/// A stream that ends when it is of no use any more.
pub(super) struct Metered<S> {
    stream: S,
    useless: Useless,
    /// Runs while a write waits.
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S> Metered<S> {
    /// Wraps a stream.
    pub(super) fn new(stream: S, useless: Useless) -> Self {
        Self { stream, useless, stall: None }
    }

    /// A write that waits for too long fails.
    fn unless_stalled<T>(&mut self, write: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.stall = None;
            return write;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + STALL_LIMIT)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "nothing is read at the other end")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        Poll::Ready(self.useless.add(buffer.filled().len() - before))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.unless_stalled(written, cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.unless_stalled(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.unless_stalled(flushed, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.unless_stalled(closed, cx)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

    use std::io::ErrorKind;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::{Metered, USELESS_LIMIT, Useless};

    #[tokio::test]
    async fn h22_octets_of_no_request_are_counted() {
        let useless = Useless::default();
        let mut stream = Metered::new(tokio::io::repeat(0), useless.clone());
        let mut some = vec![0; USELESS_LIMIT];
        stream.read_exact(&mut some).await.unwrap();
        useless.forgive();
        stream.read_exact(&mut some).await.unwrap();
        assert!(stream.read_exact(&mut some).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn h23_what_nobody_reads_is_not_written_for_ever() {
        let (here, there) = tokio::io::duplex(16);
        let mut stream = Metered::new(here, Useless::default());
        stream.write_all(&[0; 16]).await.unwrap();
        assert_eq!(stream.write_all(&[0; 16]).await.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(there);
    }
}
