//! Events as they happen, as server-sent events, resumed by the id of the last one that arrived.
//!
//! What is new is read once and told to all (`jobs::announce`). Who has just come, or has fallen behind,
//! reads the store page by page until level; nothing is kept for anybody but a few messages on their way.
//! An id that is none, or none any more, is no reason to refuse: a refusal ends an `EventSource` for good.
//! The stream then begins now, and says first that what lies between must be read from the feeds.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use super::reports::position;
use crate::action::{Areas, Entries, Told};
use crate::http::Service;
use crate::http::edge::limits::Caller;
use crate::http::wire::extract::pairs;
use crate::http::wire::problem::Problem;
use crate::http::wire::sse::{Gone, HEARTBEAT, Outlet};
use crate::store::{Position, StoreError};
use diaban_core::domain::WardId;
use diaban_core::format::feed::json;
use diaban_core::query::params;

/// Events read from the store in one go.
const CATCH_UP: u32 = 200;
/// An empty id makes the client forget the one that it sent (HTML Living Standard, section 9.2.6).
const ANEW: &[u8] =
    b"id:\nevent: begin-anew\ndata: {\"event\":\"begin-anew\",\"detail\":\"the last event id is not \
known here: read the feeds again, what happens from now on follows\"}\n\n";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) async fn stream(
    service: Arc<Service>,
    ward: Option<String>,
    query: Option<&str>,
    headers: &HeaderMap,
    caller: Caller,
) -> Result<Response, Problem> {
    let pairs = pairs(query);
    let faults = params::check_names(&pairs, &["last_event_id"]);
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let place = service.streams.place(caller, "poll the feed of changes meanwhile; it tells the same")?;
    // First the ear, then the look: nothing falls in between.
    let news = service.streams.news.subscribe();
    let sent = headers.get(LAST_EVENT_ID).map(|v| String::from_utf8_lossy(v.as_bytes()).trim().to_owned());
    let sent = sent.filter(|id| !id.is_empty());
    // A browser that resumes sends the header; the parameter is for the first time.
    let last = sent.or_else(|| pairs.into_iter().find(|(k, _)| k == "last_event_id").map(|(_, v)| v));
    let known = match last.as_deref().map(str::trim).filter(|id| !id.is_empty()) {
        Some(id) => match position(&service, id).await {
            Err(StoreError::NoCursor) => None,
            found => Some(found?),
        },
        None => Some(service.store.last_event().await?),
    };
    let anew = known.is_none();
    let at = match known {
        Some(at) => at,
        None => service.store.last_event().await?,
    };
    let streams = service.clone();
    let watched = ward.map(|name| Watched { name, edition: None, wards: Vec::new(), ended: false });
    Ok(streams
        .streams
        .answer(place, |out| async move { Reader { service, watched, at, anew, out }.tell(news).await }))
}

/// The ward that somebody listens to. A bare code stays with whoever has it, a canonical id with one ward.
struct Watched {
    /// As it was asked for.
    name: String,
    /// The edition of the boundaries by which the wards were found.
    edition: Option<i64>,
    /// All wards that the name meant and means.
    wards: Vec<WardId>,
    /// Whether it was said that the ward is no more.
    ended: bool,
}

impl Watched {
    /// Finds the wards under these areas; gives the last one when it has come to its end, once.
    fn follow(&mut self, areas: &Areas) -> Option<WardId> {
        let codebook = &areas.codebook;
        if self.edition.replace(codebook.edition) == Some(codebook.edition) {
            return None;
        }
        let name = self.name.split_once('.');
        let named = name.map(|(generation, code)| WardId::new(generation, code));
        let ward = |i: u16| codebook.wards[usize::from(i)].clone();
        self.wards = match named {
            Some(ward) => vec![ward],
            None => areas.followed(codebook, &self.name).into_iter().map(ward).collect(),
        };
        // The name's own: what was taken back on its ground is told, and ends nothing.
        let code = name.map_or(&*self.name, |(_, code)| code);
        let last = self.wards.iter().rfind(|w| *w.code == *code)?;
        let ends = !self.wards.iter().any(|w| areas.is_in_force(w));
        let was = std::mem::replace(&mut self.ended, ends);
        (ends && !was).then(|| last.clone())
    }
}

/// One who listens.
struct Reader {
    service: Arc<Service>,
    watched: Option<Watched>,
    /// The last event that was sent, or would have been.
    at: Position,
    /// Whether an id came that nobody knows.
    anew: bool,
    out: Outlet,
}

impl Reader {
    async fn tell(mut self, mut news: broadcast::Receiver<Arc<Told>>) -> Result<(), Gone> {
        self.out.greet().await?;
        if self.anew {
            self.out.send(Bytes::from_static(ANEW)).await?;
        }
        self.follow_areas().await?;
        self.catch_up().await?;
        loop {
            let heard = timeout(HEARTBEAT, news.recv()).await;
            self.follow_areas().await?;
            match heard {
                Err(_) => self.out.beat().await?,
                Ok(Ok(told)) => {
                    if told.at.is_after(self.at) {
                        self.at = told.at;
                        if self.concerns(&told) {
                            self.out.send(told.message.clone()).await?;
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
            let edition = self.service.city.areas().codebook.edition;
            let wards = self.watched.as_ref().map(|w| &w.wards[..]);
            let page = self.service.store.events_after(wards, self.at, CATCH_UP, edition).await;
            let page = page.map_err(|error| {
                tracing::warn!(%error, "a live stream cannot read the store");
                Gone
            })?;
            let end = page.len() < CATCH_UP as usize;
            for event in page {
                self.at = event.at;
                let service = self.service.clone();
                let message = Entries::new(&service.city, &service.public_url).told(event).message;
                self.out.send(message).await?;
            }
            if end {
                return Ok(());
            }
        }
    }

    /// Other boundaries may have come: then the name may mean another ward, or none any more, which is said.
    async fn follow_areas(&mut self) -> Result<(), Gone> {
        let areas = self.service.city.areas();
        let Some(ended) = self.watched.as_mut().and_then(|w| w.follow(&areas)) else { return Ok(()) };
        let service = self.service.clone();
        let notice = Entries::new(&service.city, &service.public_url).notice(&ended, None);
        let message = format!("event: notice\ndata: {}\n\n", json::item(&notice));
        self.out.send(message.into()).await
    }

    fn concerns(&self, told: &Told) -> bool {
        let Some(watched) = &self.watched else { return true };
        told.wards.iter().flatten().any(|w| watched.wards.contains(w))
    }
}
