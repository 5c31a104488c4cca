//! Load shedding: who is refused first when there is more to do than the machine can.
//!
//! Reads take turns, as many at once as there are cores; creates take none. How long a read would wait
//! for its turn is known beforehand (those in front times the usual length of a turn), and each class
//! is refused beyond its own bound: exports first, then pictures, then the costly tiles, then all other
//! reads. A bound is met only when the smaller ones are, so the order holds by construction. Pictures
//! stand in a row of their own before, so that they never hold all turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant as Stopwatch};

use axum::body::{Body, BodyDataStream};
use axum::http::StatusCode;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use prometheus_client::encoding::EncodeLabelValue;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::http::edge::tcp::connections::Connection;
use crate::http::edge::tcp::send_budget::{SendBudget, Share};
use crate::http::wire::problem::Problem;

/// A row as short as this is always let stand: a few slow turns are no flood.
const SHORT_QUEUE: usize = 8;
/// The longest that anybody stands in the row, however wrong the estimate was.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// Smaller answers are not counted: the connection's own buffer is as large.
const SMALL_BYTES: u64 = 32 * 1024;
/// Writes waiting for the writer at which its other guests must go, by class.
const QUEUED_WRITES: [usize; 4] = [100, 100, 100, 400];

/// How much may be held for clients at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Exports under way; each holds a part of its rows.
    pub exports: u32,
    /// Bytes of answers that wait for slow readers, in KiB.
    pub unsent_kib: u32,
}

/// What a request costs and who suffers without it, in the order of shedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelValue)]
pub(in crate::http) enum Class {
    /// Many rows as a stream.
    Export,
    /// A picture: drawing takes longer than most other answers.
    Picture,
    /// A tile of a low zoom.
    CostlyTile,
    /// Lists, feeds, other tiles, pages.
    Read,
    /// Reports and other writes: never shed here.
    Create,
    /// Doors of operators and their machines: never shed.
    Health,
}

impl Class {
    /// How long it may wait for a turn; `None`: it takes no turns.
    fn patience(self) -> Option<Duration> {
        match self {
            Self::Export => Some(Duration::from_millis(50)),
            Self::Picture => Some(Duration::from_millis(75)),
            Self::CostlyTile => Some(Duration::from_millis(100)),
            Self::Read => Some(Duration::from_millis(200)),
            Self::Create | Self::Health => None,
        }
    }

    /// When to come again, in seconds: the first to go are the last to return.
    fn retry_after_s(self) -> u32 {
        match self {
            Self::Export => 10,
            Self::Picture | Self::CostlyTile => 5,
            _ => 2,
        }
    }

    /// 503: shed.
    pub(in crate::http) fn problem(self) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "There is too much to do now")
            .retry_after(self.retry_after_s())
    }
}

/// Work of which so much is done at once; the rest waits in a row.
struct Queue {
    turns: Semaphore,
    at_once: usize,
    waiting: AtomicUsize,
    /// The usual length of a turn, in microseconds: each new one counts an eighth.
    usual_us: AtomicU64,
}

/// The turns of the reads.
pub(in crate::http) struct Shedder {
    reads: Queue,
    pictures: Queue,
    exports: Arc<SendBudget>,
    /// Pages of exports are made one after the other, whatever their number: they never hold all turns.
    export_page: Semaphore,
    unsent: Arc<SendBudget>,
    unsent_kib: u32,
}

/// A turn; it ends when dropped.
struct Turn<'a> {
    queue: &'a Queue,
    begun: Stopwatch,
    _permit: SemaphorePermit<'a>,
}

/// The turns that a request takes, in the order in which they end.
pub(in crate::http) struct Turns<'a> {
    _read: Turn<'a>,
    _picture: Option<Turn<'a>>,
}

impl Queue {
    fn new(at_once: usize) -> Self {
        Self {
            turns: Semaphore::new(at_once),
            at_once,
            waiting: AtomicUsize::new(0),
            usual_us: AtomicU64::new(0),
        }
    }

    /// Whether a newcomer would wait longer than this.
    fn exceeds(&self, patience: Duration) -> bool {
        let waiting = self.waiting.load(Relaxed);
        let wait_us = waiting as u64 * self.usual_us.load(Relaxed) / self.at_once as u64;
        waiting >= SHORT_QUEUE && Duration::from_micros(wait_us) >= patience
    }

    /// Waits for a turn; none when that takes too long.
    async fn enter(&self) -> Option<Turn<'_>> {
        if let Ok(permit) = self.turns.try_acquire() {
            return Some(self.begin(permit));
        }
        let _place = Place::take(&self.waiting);
        let permit = tokio::time::timeout(LONGEST_WAIT, self.turns.acquire()).await.ok()?.ok()?;
        Some(self.begin(permit))
    }

    fn begin<'a>(&'a self, permit: SemaphorePermit<'a>) -> Turn<'a> {
        Turn { queue: self, begun: Stopwatch::now(), _permit: permit }
    }
}

impl Shedder {
    /// As many turns at once as there are cores.
    pub(in crate::http) fn of(held: Holdings) -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from), held)
    }

    /// So many turns at once, half of them for pictures.
    fn new(at_once: usize, held: Holdings) -> Self {
        Self {
            reads: Queue::new(at_once),
            pictures: Queue::new(at_once.div_ceil(2)),
            exports: Arc::new(SendBudget::new(held.exports)),
            export_page: Semaphore::new(1),
            unsent: Arc::new(SendBudget::new(held.unsent_kib)),
            unsent_kib: held.unsent_kib,
        }
    }

    /// Reads that wait for a turn.
    pub(in crate::http) fn waiting(&self) -> usize {
        self.reads.waiting.load(Relaxed) + self.pictures.waiting.load(Relaxed)
    }

    /// Whether a class is refused now.
    fn sheds(&self, class: Class, queued_writes: usize) -> bool {
        let Some(patience) = class.patience() else { return false };
        self.reads.exceeds(patience)
            || (class == Class::Picture && self.pictures.exceeds(patience))
            || queued_writes >= QUEUED_WRITES[class as usize]
    }

    /// Waits for a turn. Creates and health get none and wait for nothing.
    ///
    /// # Errors
    /// The class, when it is shed.
    pub(in crate::http) async fn enter(
        &self,
        class: Class,
        queued_writes: usize,
    ) -> Result<Option<Turns<'_>>, Class> {
        if class.patience().is_none() {
            return Ok(None);
        }
        if self.sheds(class, queued_writes) {
            return Err(class);
        }
        let picture =
            if class == Class::Picture { Some(self.pictures.enter().await.ok_or(class)?) } else { None };
        let read = self.reads.enter().await.ok_or(class)?;
        Ok(Some(Turns { _read: read, _picture: picture }))
    }

    /// A place for one export to this reader.
    ///
    /// # Errors
    /// The class, when there are too many and all of them are being read.
    pub(in crate::http) fn export(&self, reader: Option<Arc<Connection>>) -> Result<Share, Class> {
        self.exports.take(1, reader).ok_or(Class::Export)
    }

    /// A share of the send budget for an answer of this size while its reader takes it; `None` for a small one.
    ///
    /// # Errors
    /// When too much waits already for readers that are slow but not still.
    pub(in crate::http) fn unsent(
        &self,
        bytes: u64,
        reader: Option<Arc<Connection>>,
    ) -> Result<Option<Share>, ()> {
        if bytes <= SMALL_BYTES {
            return Ok(None);
        }
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX).min(self.unsent_kib);
        self.unsent.take(kib, reader).map(Some).ok_or(())
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let took = self.begun.elapsed().as_micros() as u64;
        // Two ends at once may lose one of them: it is an estimate.
        let usual = self.queue.usual_us.load(Relaxed);
        let next = if usual == 0 { took } else { usual - usual / 8 + took / 8 };
        self.queue.usual_us.store(next, Relaxed);
    }
}

/// A place in the row of those who wait, given up when the client goes away too.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The body of an export: each of its parts is made in a turn, one export after the other.
pub(in crate::http) fn paced(shedder: Arc<Shedder>, body: Body, place: Share) -> Body {
    struct Export {
        parts: BodyDataStream,
        shedder: Arc<Shedder>,
        _place: Share,
    }
    let export = Export { parts: body.into_data_stream(), shedder, _place: place };
    let parts = stream::unfold(export, |mut export| async move {
        let part: Option<Result<Bytes, axum::Error>> = {
            let _page = export.shedder.export_page.acquire().await.ok()?;
            let reads = &export.shedder.reads;
            let _turn = reads.begin(reads.turns.acquire().await.ok()?);
            export.parts.next().await
        };
        Some((part?, export))
    });
    Body::from_stream(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: Holdings = Holdings { exports: 32, unsent_kib: 64 * 1024 };

    #[test]
    fn no_class_goes_before_those_that_must_go_first() {
        let shedder = Shedder::new(2, HELD);
        let classes =
            [Class::Export, Class::Picture, Class::CostlyTile, Class::Read, Class::Create, Class::Health];
        let mut shed = [0; 6];
        for waiting in 0..400 {
            for usual_us in [0, 100, 1_000, 10_000, 1_000_000] {
                for queued in [0, 50, 200, 999] {
                    shedder.reads.waiting.store(waiting, Relaxed);
                    shedder.reads.usual_us.store(usual_us, Relaxed);
                    let now = classes.map(|c| shedder.sheds(c, queued));
                    assert!(now.is_sorted_by(|a, b| a >= b), "{waiting} {usual_us} {queued}: {now:?}");
                    for (n, shed_now) in shed.iter_mut().zip(now) {
                        *n += usize::from(shed_now);
                    }
                }
            }
        }
        assert!(shed[..4].is_sorted_by(|a, b| a >= b) && shed[0] > shed[2] && shed[3] > 0, "{shed:?}");
        assert!(shed[2] > shed[3], "{shed:?}");
        assert_eq!(shed[4..], [0, 0]);
    }

    #[tokio::test]
    async fn pictures_leave_a_turn_for_others() {
        let shedder = Shedder::new(2, HELD);
        let drawing = shedder.enter(Class::Picture, 0).await.ok().flatten();
        assert!(drawing.is_some());
        let next = shedder.enter(Class::Picture, 0);
        tokio::pin!(next);
        assert!(futures_util::poll!(&mut next).is_pending());
        assert!(shedder.enter(Class::Read, 0).await.is_ok_and(|t| t.is_some()), "its own row is free");
        drop(drawing);
        assert!(next.await.is_ok_and(|t| t.is_some()));
        shedder.pictures.waiting.store(100, Relaxed);
        shedder.pictures.usual_us.store(50_000, Relaxed);
        assert!(shedder.sheds(Class::Picture, 0) && !shedder.sheds(Class::Export, 0));
    }

    #[tokio::test]
    async fn a_turn_ends_and_the_row_empties() {
        let shedder = Arc::new(Shedder::new(1, HELD));
        let turn = shedder.enter(Class::Read, 0).await.ok().flatten().unwrap();
        let waiter = tokio::spawn({
            let shedder = shedder.clone();
            async move { shedder.enter(Class::Read, 0).await.is_ok() }
        });
        while shedder.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        // A create passes by the row.
        assert!(shedder.enter(Class::Create, 999).await.is_ok_and(|t| t.is_none()));
        drop(turn);
        assert!(waiter.await.unwrap());
        assert_eq!((shedder.waiting(), shedder.reads.turns.available_permits()), (0, 1));
    }

    #[test]
    fn slow_readers_hold_a_bounded_number_of_bytes() {
        let shedder = Shedder::new(1, HELD);
        let held: Vec<_> = (0..200).map_while(|_| shedder.unsent(1_000_000, None).ok()).collect();
        assert_eq!(held.len(), 67);
        assert!(shedder.unsent(10_000, None).is_ok_and(|p| p.is_none()), "small answers always go");
        drop(held);
        assert!(shedder.unsent(u64::MAX, None).is_ok(), "one answer alone always goes");
    }
}
