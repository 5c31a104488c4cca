//! `/tiles/{layers}/changes`: a stream of the tiles that changed, at most once a second, so that a
//! map reloads only those.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout, timeout_at};

use super::tileset;
use crate::http::Service;
use crate::http::edge::limits::Caller;
use crate::http::wire::extract::pairs;
use crate::http::wire::problem::Problem;
use crate::http::wire::sse::{Gone, HEARTBEAT, Outlet};
use diaban_core::domain::Violation;
use diaban_core::map::{Moved, Source, touched};
use diaban_core::query::params;

/// Changes within this time are sent together.
const INTERVAL: Duration = Duration::from_secs(1);
/// More tiles than this are not listed; the client must reload all its tiles.
const MAX_LISTED: usize = 1_000;

/// A tile: zoom, column, row.
type Address = (u8, u32, u32);

pub(in crate::http) async fn changes(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    Path(list): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let set = tileset(&service, &list)?;
    let pairs = pairs(query.as_deref());
    let mut faults = params::check_names(&pairs, &["zoom"]);
    let mut zooms = (set.minzoom(), set.maxzoom());
    if let Some((_, value)) = pairs.iter().find(|(name, _)| name == "zoom") {
        match range(value) {
            Some(asked) => zooms = asked,
            None => {
                faults.push(Violation::new("zoom", "must be a zoom like 12 or two like 10-12, from 0 to 30"));
            }
        }
    }
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let watched = Watched {
        zooms,
        reports: set.layers().iter().any(|l| l.source == Source::Reports),
        features: set.layers().iter().any(|l| matches!(l.source, Source::Features(_))),
    };
    let place = service.streams.place(caller, "request the tiles again with their ETags meanwhile")?;
    let moves = service.streams.moves.subscribe();
    Ok(service.streams.answer(place, |out| watched.tell(moves, out)))
}

/// A zoom, or the first and the last.
fn range(value: &str) -> Option<(u8, u8)> {
    let (first, last) = value.split_once('-').unwrap_or((value, value));
    let zoom = |t: &str| t.parse::<u8>().ok().filter(|z| *z <= 30);
    let (first, last) = (zoom(first)?, zoom(last)?);
    (first <= last).then_some((first, last))
}

/// What one client shows.
#[derive(Clone, Copy, Debug)]
struct Watched {
    zooms: (u8, u8),
    reports: bool,
    features: bool,
}

/// Changes since the last message.
#[derive(Debug, Default, PartialEq)]
struct Pending {
    tiles: BTreeSet<Address>,
    all: bool,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.tiles.is_empty() && !self.all
    }

    fn message(&self) -> String {
        if self.all {
            return "event: all\ndata: {}\n\n".to_owned();
        }
        let names: Vec<String> = self.tiles.iter().map(|(z, x, y)| format!("\"{z}/{x}/{y}\"")).collect();
        format!("event: tiles\ndata: {{\"tiles\":[{}]}}\n\n", names.join(","))
    }
}

impl Watched {
    fn take(self, moved: &Moved, pending: &mut Pending) {
        match moved {
            Moved::All => pending.all = true,
            Moved::Some { reports, features } => {
                pending.all |= *features && self.features;
                let (first, last) = self.zooms;
                for at in reports.iter().filter(|_| self.reports) {
                    if pending.all {
                        break;
                    }
                    pending.tiles.extend(touched(*at).filter(|(z, ..)| (first..=last).contains(z)));
                    pending.all = pending.tiles.len() > MAX_LISTED;
                }
            }
        }
    }

    async fn tell(self, mut moves: broadcast::Receiver<Arc<Moved>>, out: Outlet) -> Result<(), Gone> {
        out.greet().await?;
        loop {
            let mut pending = Pending::default();
            // The first change is sent at once; later ones within the second wait for the next
            // message.
            match timeout(HEARTBEAT, moves.recv()).await {
                Err(_) => {
                    out.beat().await?;
                    continue;
                }
                Ok(Ok(moved)) => self.take(&moved, &mut pending),
                Ok(Err(RecvError::Lagged(_))) => pending.all = true,
                Ok(Err(RecvError::Closed)) => return Ok(()),
            }
            // Changes already waiting are included.
            while let Ok(moved) = moves.try_recv() {
                self.take(&moved, &mut pending);
            }
            if pending.is_empty() {
                continue;
            }
            out.send(pending.message().into()).await?;
            self.rest(&mut moves, &out).await?;
        }
    }

    /// Waits a second without sending. If changes arrived, sends them at its end and waits again.
    async fn rest(self, moves: &mut broadcast::Receiver<Arc<Moved>>, out: &Outlet) -> Result<(), Gone> {
        loop {
            let (end, mut pending) = (Instant::now() + INTERVAL, Pending::default());
            loop {
                match timeout_at(end, moves.recv()).await {
                    Err(_) => break,
                    Ok(Ok(moved)) => self.take(&moved, &mut pending),
                    Ok(Err(RecvError::Lagged(_))) => pending.all = true,
                    Ok(Err(RecvError::Closed)) => return Ok(()),
                }
            }
            if pending.is_empty() {
                return Ok(());
            }
            out.send(pending.message().into()).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diaban_core::geo::{LonLat, Mercator};

    fn some(lon: f64, features: bool) -> Moved {
        let at = Mercator::from_lonlat(LonLat::new(lon, 10.78).unwrap());
        Moved::Some { reports: vec![at], features }
    }

    #[test]
    fn tiles_of_the_zooms_that_are_shown_are_named_once() {
        let watched = Watched { zooms: (10, 11), reports: true, features: false };
        let mut pending = Pending::default();
        watched.take(&some(106.7, true), &mut pending);
        watched.take(&some(106.7, false), &mut pending);
        assert!(!pending.all && pending.tiles.iter().all(|t| (10..=11).contains(&t.0)));
        assert!(pending.tiles.contains(&(10, 815, 481)), "{pending:?}");
        assert!(pending.message().contains("\"10/815/481\""));
        let mut other = Pending::default();
        Watched { features: true, ..watched }.take(&some(106.7, true), &mut other);
        assert_eq!(other.message(), "event: all\ndata: {}\n\n");
        let mut nothing = Pending::default();
        Watched { reports: false, ..watched }.take(&some(106.7, true), &mut nothing);
        assert!(nothing.is_empty());
    }

    #[test]
    fn a_flood_is_told_as_everything() {
        let watched = Watched { zooms: (0, 18), reports: true, features: false };
        let mut pending = Pending::default();
        for i in 0..200 {
            watched.take(&some(106.0 + f64::from(i) * 0.01, false), &mut pending);
        }
        assert!(pending.all);
    }

    #[test]
    fn zooms_are_one_or_two() {
        assert_eq!(range("12"), Some((12, 12)));
        assert_eq!(range("10-12"), Some((10, 12)));
        for wrong in ["", "12-10", "x", "1-", "-1", "31", "1-2-3"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }
}
