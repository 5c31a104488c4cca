//! A bounded budget for responses that are held in memory while a client reads them. When it is
//! exhausted, clients that read nothing are cut off, the longest stalled first. A client that reads
//! is never refused because of one that does not.

use std::collections::HashMap;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use crate::http::edge::tcp::connections::Connection;

/// A client that has read nothing for this long may be cut off for another. A phone that changes
/// cells stalls for about this long.
const STALLED: Duration = Duration::from_secs(3);

/// The client that reads what is written to a connection.
pub(in crate::http) struct Reader {
    begun: Instant,
    /// Milliseconds from `begun` to when a write began to wait; [`TAKING`] while no write waits.
    stalled_since_ms: AtomicU64,
    cut: AtomicBool,
    /// The task of the waiting write.
    writer: AtomicWaker,
}

const TAKING: u64 = u64::MAX;

impl Default for Reader {
    fn default() -> Self {
        let (stalled_since_ms, cut) = (AtomicU64::new(TAKING), AtomicBool::new(false));
        Self { begun: Instant::now(), stalled_since_ms, cut, writer: AtomicWaker::new() }
    }
}

impl Reader {
    /// The client has read something.
    pub(in crate::http) fn progressed(&self) {
        self.stalled_since_ms.store(TAKING, Relaxed);
    }

    /// Records that a write waits. Returns whether the connection must end; if not, the task is
    /// woken when it must.
    pub(in crate::http) fn must_end(&self, cx: &Context<'_>) -> bool {
        let now = self.begun.elapsed().as_millis() as u64;
        let _ = self.stalled_since_ms.compare_exchange(TAKING, now, Relaxed, Relaxed);
        self.writer.register(cx.waker());
        self.cut.load(Acquire)
    }

    /// How long a write has been waiting for the client; zero while no write waits.
    fn stalled_for(&self) -> Duration {
        match self.stalled_since_ms.load(Relaxed) {
            TAKING => Duration::ZERO,
            since => self.begun.elapsed().saturating_sub(Duration::from_millis(since)),
        }
    }

    /// Ends the connection, because its share was given to another client.
    pub(in crate::http) fn cut(&self) {
        self.cut.store(true, Release);
        self.writer.wake();
    }
}

/// A budget, in units chosen by its user.
pub(in crate::http) struct SendBudget {
    total: u32,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    size: u32,
    next: u64,
    shares: HashMap<u64, (u32, Option<Arc<Connection>>)>,
}

/// A part of the budget, returned when dropped.
pub(in crate::http) struct Share {
    budget: Arc<SendBudget>,
    id: u64,
}

impl SendBudget {
    pub(in crate::http) fn new(total: u32) -> Self {
        Self { total, taken: Mutex::default() }
    }

    /// Takes a share for a client, if needed from stalled ones. `None`, and nobody is cut off, if
    /// that is not enough.
    pub(in crate::http) fn take(
        self: &Arc<Self>,
        size: u32,
        reader: Option<Arc<Connection>>,
    ) -> Option<Share> {
        let mut taken = self.lock();
        let lacking = (taken.size + size).saturating_sub(self.total);
        if lacking > 0 {
            for id in taken.longest_stalled(lacking)? {
                if let Some(connection) = taken.remove(id) {
                    connection.reader.cut();
                }
            }
        }
        let id = taken.next;
        taken.next += 1;
        taken.size += size;
        taken.shares.insert(id, (size, reader));
        drop(taken);
        Some(Share { budget: self.clone(), id })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// The stalled shares that are together large enough, longest stalled first.
    fn longest_stalled(&self, lacking: u32) -> Option<Vec<u64>> {
        let mut still: Vec<(Duration, u64, u32)> = self
            .shares
            .iter()
            .filter_map(|(id, (size, c))| Some((c.as_ref()?.reader.stalled_for(), *id, *size)))
            .filter(|(stalled, ..)| *stalled >= STALLED)
            .collect();
        still.sort_unstable_by(|a, b| b.cmp(a));
        let mut freed = 0;
        let enough = still.iter().position(|(.., size)| {
            freed += size;
            freed >= lacking
        })?;
        Some(still[..=enough].iter().map(|(_, id, _)| *id).collect())
    }

    fn remove(&mut self, id: u64) -> Option<Arc<Connection>> {
        let (size, connection) = self.shares.remove(&id)?;
        self.size -= size;
        connection
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::edge::client::Proxies;
    use crate::http::edge::tcp::connections::{ConnectionSettings, Connections};

    fn reader() -> Arc<Connection> {
        let table = Arc::new(Connections::new(ConnectionSettings::default(), Proxies::default()));
        table.seat([1, 2, 3, 4].into()).unwrap().connection.clone()
    }

    /// What the socket does when a write waits.
    fn waits(reader: &Connection) -> bool {
        reader.reader.must_end(&Context::from_waker(std::task::Waker::noop()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_stalled_are_cut_off_and_no_more_than_needed() {
        let budget = Arc::new(SendBudget::new(10));
        let readers = [reader(), reader(), reader(), reader()];
        let share = |i: usize, size| budget.take(size, Some(readers[i].clone())).unwrap();
        let shares = [share(0, 3), share(1, 2), share(2, 3), share(3, 2)];
        // Client 1 waits for us, not we for it; client 3 reads something now and then.
        assert!([0, 2, 3].iter().all(|i| !waits(&readers[*i])));
        assert!(budget.take(1, None).is_none(), "none has stalled for long");
        tokio::time::advance(STALLED).await;
        readers[3].reader.progressed();
        assert!(budget.take(7, None).is_none() && !waits(&readers[0]), "not enough: nobody is cut off");
        let more = budget.take(4, Some(reader())).unwrap();
        assert_eq!(readers.each_ref().map(|r| waits(r)), [true, false, true, false]);
        // Clients that were cut off do not return their share a second time.
        drop(shares);
        assert_eq!(budget.lock().size, 4);
        drop(more);
        assert_eq!(budget.lock().size, 0);
        assert!(budget.lock().shares.is_empty());
    }
}
