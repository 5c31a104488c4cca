//! The open sessions as a process knows them. They are looked up in memory, so that what comes with a cookie costs no
//! read; memory is refreshed from the store when an event tells that something changed, and at once when somebody comes
//! whom it does not know: another process may have let them in.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use super::hash;
use crate::store::{Store, StoreError};
use diaban_core::domain::Instant;
use diaban_core::domain::account::{Session, is_awake};
use diaban_core::domain::key::Key;

/// When something came last is written no more often than that, in milliseconds.
const SEEN_MS: i64 = 5 * 60_000;
/// How long somebody waits whom this process does not know.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Known {
    key: Arc<Key>,
    /// When something came last, in milliseconds: here, and as it is stored.
    seen: AtomicI64,
    stored: AtomicI64,
}

/// The open sessions.
#[derive(Debug)]
pub struct Sessions {
    known: ArcSwap<HashMap<[u8; 32], Arc<Known>>>,
    /// The last event at the last reading.
    read: AtomicI64,
    /// Somebody waits for the next round, and whether all is to be read in it.
    wanted: Notify,
    whole: AtomicBool,
    /// Rounds: the last that began, and the last that ended well.
    begun: AtomicU64,
    ended: watch::Sender<u64>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            known: ArcSwap::default(),
            read: AtomicI64::new(-1),
            wanted: Notify::new(),
            whole: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            ended: watch::Sender::new(0),
        }
    }
}

impl Sessions {
    /// What the cookie of a session opens; none where it has ended or never was.
    pub async fn find(&self, token: &str, now: Instant) -> Option<Arc<Key>> {
        let hash = hash(token)?;
        let known = self.known.load().get(&hash).cloned();
        if let Some(key) = known.as_ref().and_then(|known| known.open(now)) {
            return Some(key);
        }
        // It may have slept here and been awake in another process.
        self.look_again(known.is_some_and(|known| known.key.is_valid(now))).await;
        let known = self.known.load().get(&hash).cloned();
        known.and_then(|known| known.open(now))
    }

    /// Waits until what is stored now is known here; `whole`: also when something came last.
    pub async fn look_again(&self, whole: bool) {
        if whole {
            self.whole.store(true, SeqCst);
        }
        let mut ended = self.ended.subscribe();
        // A round that goes on may have read before.
        let next = self.begun.load(SeqCst) + 1;
        self.wanted.notify_one();
        let _ = tokio::time::timeout(PATIENCE, ended.wait_for(|round| *round >= next)).await;
    }

    /// Resolves when somebody waits for a round.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Those in which something came that is not stored, long enough after what is.
    fn unwritten(&self) -> Vec<([u8; 32], Instant)> {
        let known = self.known.load();
        let late = known.iter().filter(|(_, k)| k.seen.load(SeqCst) - k.stored.load(SeqCst) >= SEEN_MS);
        late.map(|(hash, k)| (*hash, Instant::from_ms(k.seen.load(SeqCst)))).collect()
    }

    fn fill(&self, sessions: Vec<Session>) {
        let before = self.known.load();
        let known = sessions.into_iter().map(|Session { key, seen }| {
            let here = before.get(&key.hash).map_or(i64::MIN, |k| k.seen.load(SeqCst));
            let known = Known {
                seen: AtomicI64::new(here.max(seen.ms())),
                stored: AtomicI64::new(seen.ms()),
                key: Arc::new(key),
            };
            (known.key.hash, Arc::new(known))
        });
        self.known.store(Arc::new(known.collect()));
    }
}

impl Known {
    /// The key, if the session is open; then something came in it.
    fn open(&self, now: Instant) -> Option<Arc<Key>> {
        if !self.key.is_valid(now) || !is_awake(Instant::from_ms(self.seen.load(SeqCst)), now) {
            return None;
        }
        self.seen.fetch_max(now.ms(), SeqCst);
        Some(self.key.clone())
    }
}

/// One round: what came in sessions is stored, and what changed in the store is read.
///
/// # Errors
/// When the store fails; sessions stay as they were.
pub async fn refresh(store: &Store, sessions: &Sessions) -> Result<(), StoreError> {
    let round = sessions.begun.fetch_add(1, SeqCst) + 1;
    let mut whole = sessions.whole.swap(false, SeqCst);
    let unwritten = if store.cannot_write() { Vec::new() } else { sessions.unwritten() };
    if !unwritten.is_empty() {
        match store.note_seen(unwritten).await {
            Ok(()) => whole = true,
            Err(error) => tracing::warn!(%error, "noting when sessions were used"),
        }
    }
    let last = store.last_account_event().await?;
    if whole || last != sessions.read.load(SeqCst) {
        sessions.fill(store.sessions().await?);
        sessions.read.store(last, SeqCst);
    }
    sessions.ended.send_replace(round);
    Ok(())
}
