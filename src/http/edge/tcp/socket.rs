//! A connection's socket with deadlines that the operating system lacks. A client that reads
//! nothing for too long is cut off. What it sends passes the gate. After a refusal, what the client still sends is read for a
//! moment, because otherwise its system would discard the response.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::http::edge::tcp::connections::Seat;
use crate::http::edge::tcp::gate::Gate;

/// A response is aborted if the client reads nothing for this long. Any progress restarts the time,
/// so a stream kept alive by heartbeats continues.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long the rest of a refused body is read. A limit of bytes applies too.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1024 * 1024;

/// A socket with deadlines.
pub(in crate::http) struct Socket<S> {
    inner: S,
    /// Makes the system discard unsent data, which it would otherwise keep for minutes.
    abort: fn(&S),
    seat: Arc<Seat>,
    gate: Gate,
    /// Timer of a waiting write or of lingering; created when first needed, then reused.
    deadline: Option<Pin<Box<Sleep>>>,
    armed: bool,
    drained: usize,
}

impl<S> Socket<S> {
    pub(in crate::http) fn new(inner: S, abort: fn(&S), seat: Arc<Seat>) -> Self {
        Self { inner, abort, seat, gate: Gate::default(), deadline: None, armed: false, drained: 0 }
    }

    /// Whether the deadline has passed; the first call starts the timer.
    fn is_late(&mut self, cx: &mut Context<'_>, after: Duration) -> bool {
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(after)));
        if !self.armed {
            deadline.as_mut().reset(Instant::now() + after);
            self.armed = true;
        }
        deadline.as_mut().poll(cx).is_ready()
    }

    fn watched(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let reader = &self.seat.connection.reader;
        if written.is_ready() {
            reader.progressed();
            self.armed = false;
        } else if reader.must_end(cx) || self.is_late(cx, WRITE_DEADLINE) {
            (self.abort)(&self.inner);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            let ready = this.gate.ready(buf.remaining());
            if !ready.is_empty() {
                buf.put_slice(&ready);
                return Poll::Ready(Ok(()));
            }
            if this.gate.is_shut() {
                // The answer to the request that stands for the refused one ends the connection.
                return Poll::Pending;
            }
            let before = buf.filled().len();
            ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
            if buf.filled().len() == before {
                this.gate.end();
                buf.put_slice(&this.gate.ready(buf.remaining()));
                return Poll::Ready(Ok(()));
            }
            let passing = this.gate.take(&buf.filled()[before..], &this.seat.connection.refused);
            buf.set_filled(before + passing);
            if passing > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watched(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watched(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.inner).poll_shutdown(cx))?;
        if !self.seat.connection.linger.load(Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let mut bytes = [0; 4_096];
        loop {
            if self.drained >= LINGER_BYTES || self.is_late(cx, LINGER) {
                return Poll::Ready(Ok(()));
            }
            let mut buf = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => self.drained += buf.filled().len(),
                _ => return Poll::Ready(Ok(())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::http::edge::client::Proxies;
    use crate::http::edge::tcp::connections::{ConnectionSettings, Connections};

    fn seat() -> Arc<Seat> {
        let table = Arc::new(Connections::new(ConnectionSettings::default(), Proxies::default()));
        Arc::new(table.seat([1, 2, 3, 4].into()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_nothing_is_cut_off_and_a_slow_one_is_not() {
        let (server, mut client) = duplex(16);
        let mut socket = Socket::new(server, |_| {}, seat());
        let writing = tokio::spawn(async move {
            let begun = Instant::now();
            let error = socket.write_all(&[7; 160]).await.unwrap_err();
            (error.kind(), begun.elapsed())
        });
        // Reads a little every 20 seconds, then stops.
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(20)).await;
            let _ = client.read_exact(&mut [0; 16]).await.unwrap();
        }
        let (kind, lived) = writing.await.unwrap();
        assert_eq!(kind, io::ErrorKind::TimedOut);
        assert!(lived >= Duration::from_secs(130) && lived < Duration::from_secs(131), "{lived:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_whose_room_was_given_away_is_cut_off_at_once() {
        let (server, _client) = duplex(16);
        let seat = seat();
        let mut socket = Socket::new(server, |_| {}, seat.clone());
        let begun = Instant::now();
        let writing = tokio::spawn(async move { socket.write_all(&[7; 160]).await.unwrap_err().kind() });
        tokio::time::sleep(Duration::from_secs(4)).await;
        seat.connection.reader.cut();
        assert_eq!(writing.await.unwrap(), io::ErrorKind::TimedOut);
        assert_eq!(begun.elapsed(), Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn what_follows_a_refusal_is_read_for_a_moment() {
        let (server, mut client) = duplex(16);
        let seat = seat();
        seat.connection.linger.store(true, Relaxed);
        let mut socket = Socket::new(server, |_| {}, seat);
        let closing = tokio::spawn(async move { socket.shutdown().await });
        client.write_all(&[7; 160]).await.unwrap();
        closing.await.unwrap().unwrap();
    }
}
