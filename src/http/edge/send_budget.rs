//! Bounded room for what is kept while a reader takes it. A room that is full is emptied of those who
//! take nothing, the stillest first: whoever reads is never refused for the sake of whoever doesn't.

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

use crate::http::edge::connections::Connection;

/// A reader that has taken nothing for so long gives way to another. A phone that changes cells is
/// still for about as long.
const STILL: Duration = Duration::from_secs(3);

/// The one who takes what is written to a connection.
pub(in crate::http) struct Reader {
    begun: Instant,
    /// Milliseconds from `begun` to when a write began to wait; [`TAKING`] while none does.
    still_since_ms: AtomicU64,
    cut: AtomicBool,
    /// The write that waits.
    writer: AtomicWaker,
}

const TAKING: u64 = u64::MAX;

impl Default for Reader {
    fn default() -> Self {
        let (still_since_ms, cut) = (AtomicU64::new(TAKING), AtomicBool::new(false));
        Self { begun: Instant::now(), still_since_ms, cut, writer: AtomicWaker::new() }
    }
}

impl Reader {
    /// It took something.
    pub(in crate::http) fn took(&self) {
        self.still_since_ms.store(TAKING, Relaxed);
    }

    /// A write waits for it. Whether its connection is to end; if not, the task is woken when it is.
    pub(in crate::http) fn keeps_waiting(&self, cx: &Context<'_>) -> bool {
        let now = self.begun.elapsed().as_millis() as u64;
        let _ = self.still_since_ms.compare_exchange(TAKING, now, Relaxed, Relaxed);
        self.writer.register(cx.waker());
        self.cut.load(Acquire)
    }

    /// How long a write has waited for it; nothing while it waits for us.
    fn stillness(&self) -> Duration {
        match self.still_since_ms.load(Relaxed) {
            TAKING => Duration::ZERO,
            since => self.begun.elapsed().saturating_sub(Duration::from_millis(since)),
        }
    }

    /// Ends its connection: what was kept for it is another's.
    pub(in crate::http) fn cut(&self) {
        self.cut.store(true, Release);
        self.writer.wake();
    }
}

/// SendBudget for so much, in units that its user chooses.
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

/// A part of the room, given back when dropped.
pub(in crate::http) struct Share {
    room: Arc<SendBudget>,
    id: u64,
}

impl SendBudget {
    pub(in crate::http) fn new(total: u32) -> Self {
        Self { total, taken: Mutex::default() }
    }

    /// SendBudget of this size for a reader, if need be of others that are still. `None`, and nobody is cut
    /// off, when that is not enough.
    pub(in crate::http) fn take(
        self: &Arc<Self>,
        size: u32,
        reader: Option<Arc<Connection>>,
    ) -> Option<Share> {
        let mut taken = self.lock();
        let lacking = (taken.size + size).saturating_sub(self.total);
        if lacking > 0 {
            for id in taken.stillest(lacking)? {
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
        Some(Share { room: self.clone(), id })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// The still shares that together are so large, the stillest first.
    fn stillest(&self, lacking: u32) -> Option<Vec<u64>> {
        let mut still: Vec<(Duration, u64, u32)> = self
            .shares
            .iter()
            .filter_map(|(id, (size, c))| Some((c.as_ref()?.reader.stillness(), *id, *size)))
            .filter(|(still, ..)| *still >= STILL)
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
        self.room.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::edge::client::Proxies;
    use crate::http::edge::connections::{ConnectionSettings, Connections};

    fn reader() -> Arc<Connection> {
        let table = Arc::new(Connections::new(ConnectionSettings::default(), Proxies::default()));
        table.seat([1, 2, 3, 4].into()).unwrap().connection.clone()
    }

    /// As the socket does when a write waits.
    fn waits(reader: &Connection) -> bool {
        reader.reader.keeps_waiting(&Context::from_waker(std::task::Waker::noop()))
    }

    #[tokio::test(start_paused = true)]
    async fn the_stillest_make_room_and_no_more_of_them_than_needed() {
        let room = Arc::new(SendBudget::new(10));
        let readers = [reader(), reader(), reader(), reader()];
        let share = |i: usize, size| room.take(size, Some(readers[i].clone())).unwrap();
        let shares = [share(0, 3), share(1, 2), share(2, 3), share(3, 2)];
        // The second waits for us, not we for it; the last takes something now and then.
        assert!([0, 2, 3].iter().all(|i| !waits(&readers[*i])));
        assert!(room.take(1, None).is_none(), "none has been still for long");
        tokio::time::advance(STILL).await;
        readers[3].reader.took();
        assert!(room.take(7, None).is_none() && !waits(&readers[0]), "not enough: nobody is cut off");
        let more = room.take(4, Some(reader())).unwrap();
        assert_eq!(readers.each_ref().map(|r| waits(r)), [true, false, true, false]);
        // Those who were cut off give nothing back a second time.
        drop(shares);
        assert_eq!(room.lock().size, 4);
        drop(more);
        assert_eq!(room.lock().size, 0);
        assert!(room.lock().shares.is_empty());
    }
}
