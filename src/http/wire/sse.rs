//! Server-sent events (HTML Living Standard, section 9.2): how many streams there may be, how each is kept
//! alive and ends. What they tell stands with the doors.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch};
use tokio::time::timeout;

use crate::action::Told;
use crate::http::wire::problem::Problem;
use diaban_core::map::Moved;

/// Streams at once; more are told to come back.
const STREAMS: usize = 512;
/// A sign of life where nothing happens, so that no proxy takes the stream for dead.
pub(in crate::http) const HEARTBEAT: Duration = Duration::from_secs(15);
/// Who takes no message for so long is gone, or too slow.
const PATIENCE: Duration = Duration::from_secs(30);
/// Messages on their way to one reader.
const ON_THE_WAY: usize = 16;
/// Seconds after which who was turned away may come back.
const COME_BACK_S: u32 = 10;
/// How long a browser waits before it comes back, and a first comment that carries the header out.
const GREETING: &str = "retry: 2000\n\n";

/// What live streams live on.
#[derive(Debug)]
pub struct Streams {
    pub(in crate::http) news: broadcast::Sender<Arc<Told>>,
    pub(in crate::http) moves: broadcast::Sender<Arc<Moved>>,
    permits: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

/// The way to one who listens.
pub(in crate::http) struct Outlet {
    out: mpsc::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
}

/// The reader has gone, or is too slow.
pub(in crate::http) struct Gone;

impl Streams {
    /// Streams of what is told to `news` and to `moves`; they end when `stopping` becomes true.
    pub fn new(
        news: broadcast::Sender<Arc<Told>>,
        moves: broadcast::Sender<Arc<Moved>>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { news, moves, permits: Arc::new(Semaphore::new(STREAMS)), stopping }
    }

    /// A place for one more stream.
    ///
    /// # Errors
    /// 503 where there are too many; `instead` says what tells the same.
    pub(in crate::http) fn place(&self, instead: &'static str) -> Result<OwnedSemaphorePermit, Problem> {
        self.permits.clone().try_acquire_owned().map_err(|_| {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-streams", "Too many streams are open")
                .detail(instead)
                .retry_after(COME_BACK_S)
        })
    }

    /// The answer that carries what `tell` sends, for as long as it runs, somebody listens and the service
    /// does not stop.
    pub(in crate::http) fn answer<F>(
        &self,
        permit: OwnedSemaphorePermit,
        tell: impl FnOnce(Outlet) -> F,
    ) -> Response
    where
        F: Future<Output = Result<(), Gone>> + Send + 'static,
    {
        let (out, messages) = mpsc::channel(ON_THE_WAY);
        let mut stopping = self.stopping.clone();
        let left = out.clone();
        let telling = tell(Outlet { out, _permit: permit });
        tokio::spawn(async move {
            tokio::select! {
                _ = telling => {}
                () = left.closed() => {}
                _ = stopping.wait_for(|s| *s) => {}
            }
        });
        let body = stream::unfold(messages, |mut messages| async move {
            messages.recv().await.map(|m: Bytes| (Ok::<_, std::convert::Infallible>(m), messages))
        });
        let mut response = Response::new(Body::from_stream(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        response
    }
}

impl Outlet {
    /// What comes before everything else.
    pub(in crate::http) async fn greet(&self) -> Result<(), Gone> {
        self.send(Bytes::from_static(GREETING.as_bytes())).await
    }

    /// A sign of life.
    pub(in crate::http) async fn beat(&self) -> Result<(), Gone> {
        self.send(Bytes::from_static(b":\n\n")).await
    }

    pub(in crate::http) async fn send(&self, message: Bytes) -> Result<(), Gone> {
        match timeout(PATIENCE, self.out.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }
}
