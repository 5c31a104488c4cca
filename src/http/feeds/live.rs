//! Events as they happen: server-sent events (HTML Living Standard, section 9.2), resumed by the id of the
//! last one that arrived.
//!
//! What is new is read once and told to all (`jobs::announce`). Who has just come, or has fallen behind,
//! reads the store page by page until level; nothing is kept for anybody but a few messages on their way.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, mpsc, watch};
use tokio::time::timeout;

use super::reports::position;
use crate::action::{Entries, Told};
use crate::domain::{Violation, WardId};
use crate::http::Service;
use crate::http::extract::pairs;
use crate::http::problem::Problem;
use crate::query::params;
use crate::store::Position;

/// Streams at once; more are told to come back.
const STREAMS: usize = 512;
/// A sign of life where nothing happens, so that no proxy takes the stream for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Who takes no message for so long is gone, or too slow.
const PATIENCE: Duration = Duration::from_secs(30);
/// Events read from the store in one go.
const CATCH_UP: u32 = 200;
/// Messages on their way to one reader.
const ON_THE_WAY: usize = 16;
/// Seconds after which who was turned away may come back.
const COME_BACK_S: u32 = 10;
/// How long a browser waits before it comes back, and a first comment that carries the header out.
const GREETING: &str = "retry: 2000\n\n";

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// What live streams live on.
#[derive(Debug)]
pub struct Streams {
    news: broadcast::Sender<Arc<Told>>,
    permits: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

impl Streams {
    /// Streams of what is told to `news`; they end when `stopping` becomes true.
    pub fn new(news: broadcast::Sender<Arc<Told>>, stopping: watch::Receiver<bool>) -> Self {
        Self { news, permits: Arc::new(Semaphore::new(STREAMS)), stopping }
    }
}

pub(super) async fn stream(
    service: Arc<Service>,
    ward: Option<WardId>,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let pairs = pairs(query);
    let faults = params::check_names(&pairs, &["last_event_id"]);
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let permit = service.streams.permits.clone().try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too-many-streams", "Too many streams are open")
            .detail("poll the feed of changes meanwhile; it tells the same")
            .retry_after(COME_BACK_S)
    })?;
    // First the ear, then the look: nothing falls in between.
    let news = service.streams.news.subscribe();
    let sent = headers.get(LAST_EVENT_ID).and_then(|v| v.to_str().ok()).map(str::to_owned);
    // A browser that resumes sends the header; the parameter is for the first time.
    let last = sent.or_else(|| pairs.into_iter().find(|(k, _)| k == "last_event_id").map(|(_, v)| v));
    let at = match last.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        Some(id) => position(&service, id).await.map_err(|e| match e {
            crate::store::StoreError::NoCursor => Problem::parameters(vec![Violation::new(
                "last_event_id",
                "is not the id of an event; begin again without it",
            )]),
            e => e.into(),
        })?,
        None => service.store.last_event().await?,
    };
    let (out, messages) = mpsc::channel(ON_THE_WAY);
    tokio::spawn(Reader { service, ward, at, out, _permit: permit }.run(news));
    let body = stream::unfold(messages, |mut messages| async move {
        messages.recv().await.map(|m: Bytes| (Ok::<_, std::convert::Infallible>(m), messages))
    });
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// One who listens.
struct Reader {
    service: Arc<Service>,
    ward: Option<WardId>,
    /// The last event that was sent, or would have been.
    at: Position,
    out: mpsc::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
}

/// The reader has gone, or is too slow.
struct Gone;

impl Reader {
    async fn run(mut self, news: broadcast::Receiver<Arc<Told>>) {
        let mut stopping = self.service.streams.stopping.clone();
        let out = self.out.clone();
        tokio::select! {
            _ = self.tell(news) => {}
            () = out.closed() => {}
            _ = stopping.wait_for(|s| *s) => {}
        }
    }

    async fn tell(&mut self, mut news: broadcast::Receiver<Arc<Told>>) -> Result<(), Gone> {
        self.send(Bytes::from_static(GREETING.as_bytes())).await?;
        self.catch_up().await?;
        loop {
            match timeout(HEARTBEAT, news.recv()).await {
                Err(_) => self.send(Bytes::from_static(b":\n\n")).await?,
                Ok(Ok(told)) => {
                    if told.at.is_after(self.at) {
                        self.at = told.at;
                        if self.concerns(&told) {
                            self.send(told.message.clone()).await?;
                        }
                    }
                }
                Ok(Err(RecvError::Lagged(_))) => self.catch_up().await?,
                Ok(Err(RecvError::Closed)) => return Ok(()),
            }
        }
    }

    /// Everything from the store after the last event, in bounded pages.
    async fn catch_up(&mut self) -> Result<(), Gone> {
        loop {
            let page = self.service.store.events_after(self.ward.as_ref(), self.at, CATCH_UP).await;
            let page = page.map_err(|error| {
                tracing::warn!(%error, "a live stream cannot read the store");
                Gone
            })?;
            let end = page.len() < CATCH_UP as usize;
            for event in page {
                self.at = event.at;
                let service = self.service.clone();
                let message = Entries::new(&service.city, &service.public_url).told(event).message;
                self.send(message).await?;
            }
            if end {
                return Ok(());
            }
        }
    }

    fn concerns(&self, told: &Told) -> bool {
        self.ward.is_none() || told.wards.contains(&self.ward)
    }

    async fn send(&self, message: Bytes) -> Result<(), Gone> {
        match timeout(PATIENCE, self.out.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }
}
