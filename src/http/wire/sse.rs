//! Server-sent events (HTML Living Standard, section 9.2): the number of streams, keep-alive and
//! end. Not here: the contents of the streams (doors).

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::timeout;

use crate::action::Told;
use crate::http::edge::limits::Caller;
use crate::http::edge::places::{NoPlace, Place, Places, StreamSettings};
use crate::http::wire::problem::Problem;
use diaban_core::map::Moved;

/// Interval of comments on a quiet stream, so that no proxy closes it.
pub(in crate::http) const HEARTBEAT: Duration = Duration::from_secs(15);
/// A client that reads no message for this long has disconnected or is too slow.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Messages buffered for one client.
const BUFFERED: usize = 4;
/// `Retry-After` of a refused stream, in seconds.
const RETRY_AFTER_S: u32 = 10;
/// How long a browser waits before it reconnects; it also flushes the header.
const GREETING: &str = "retry: 2000\n\n";

/// The shared state of live streams.
#[derive(Debug)]
pub struct Streams {
    pub(in crate::http) news: broadcast::Sender<Arc<Told>>,
    pub(in crate::http) moves: broadcast::Sender<Arc<Moved>>,
    places: Arc<Places>,
    stopping: watch::Receiver<bool>,
}

/// The sender of one stream.
pub(in crate::http) struct Outlet {
    out: mpsc::Sender<Bytes>,
    _place: Place,
}

/// The client has disconnected or is too slow.
pub(in crate::http) struct Gone;

impl Streams {
    /// Streams of the messages in `news` and `moves`, so many; they end when `stopping` becomes true.
    pub fn new(
        news: broadcast::Sender<Arc<Told>>,
        moves: broadcast::Sender<Arc<Moved>>,
        settings: StreamSettings,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self { news, moves, places: Arc::new(Places::new(settings)), stopping }
    }

    /// Reserves a place for one more stream of a caller.
    ///
    /// # Errors
    /// 429 when the caller has too many, 503 when all together have; `instead` names an alternative.
    pub(in crate::http) fn place(&self, caller: Caller, instead: &'static str) -> Result<Place, Problem> {
        self.places.take(caller).map_err(|none| {
            let (status, who) = match none {
                NoPlace::Full => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
                NoPlace::OfOne(share) => (
                    StatusCode::TOO_MANY_REQUESTS,
                    format!("an address or a key may have {share} at once; close some, or "),
                ),
            };
            Problem::new(status, "too-many-streams", "Too many streams are open")
                .detail(format!("{who}{instead}"))
                .retry_after(RETRY_AFTER_S)
        })
    }

    /// Streams that are open.
    pub(in crate::http) fn open(&self) -> u32 {
        self.places.taken()
    }

    /// The response that carries what `tell` sends. It ends when `tell` returns, the client
    /// disconnects or the service stops.
    pub(in crate::http) fn answer<F>(&self, place: Place, tell: impl FnOnce(Outlet) -> F) -> Response
    where
        F: Future<Output = Result<(), Gone>> + Send + 'static,
    {
        let (out, messages) = mpsc::channel(BUFFERED);
        let mut stopping = self.stopping.clone();
        let left = out.clone();
        let telling = tell(Outlet { out, _place: place });
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
    /// Sends the first comment.
    pub(in crate::http) async fn greet(&self) -> Result<(), Gone> {
        self.send(Bytes::from_static(GREETING.as_bytes())).await
    }

    /// Sends a heartbeat.
    pub(in crate::http) async fn beat(&self) -> Result<(), Gone> {
        self.send(Bytes::from_static(b":\n\n")).await
    }

    pub(in crate::http) async fn send(&self, message: Bytes) -> Result<(), Gone> {
        match timeout(SEND_TIMEOUT, self.out.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }
}
