//! The open connections: how many are allowed, in total and per network, and which one is closed
//! for a new one when the limit is reached.
//!
//! The connection that has been idle longest is closed. If new connections waited instead, a few
//! thousand silent sockets could block everybody for as long as they may be silent. Closing an idle
//! connection costs its owner only a reconnect.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant as Stopwatch;

use serde::Deserialize;
use tokio::sync::Notify;

use crate::http::edge::client::{Network, Proxies};
use crate::http::edge::tcp::gate::{Fault, Refused};
use crate::http::edge::tcp::send_budget::Reader;

/// The table `[connections]` of the settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// Limit in total.
    pub total: std::num::NonZeroU32,
    /// Limit per address (an IPv6 /64 counts as one). It does not apply to trusted proxies.
    pub by_address: std::num::NonZeroU32,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        let number = |n| std::num::NonZeroU32::new(n).unwrap_or(std::num::NonZeroU32::MAX);
        Self { total: number(16_384), by_address: number(1_024) }
    }
}

impl ConnectionSettings {
    /// Of the address of the operator's machines.
    pub fn of_operators() -> Self {
        let number = std::num::NonZeroU32::new(64).unwrap_or(std::num::NonZeroU32::MIN);
        Self { total: number, by_address: number }
    }
}

/// The open connections.
pub struct Connections {
    settings: ConnectionSettings,
    proxies: Proxies,
    begun: Stopwatch,
    open: Mutex<Open>,
    made_room: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct Open {
    next: u64,
    all: HashMap<u64, Arc<Connection>>,
    by_network: HashMap<Network, u32>,
}

/// The shared state of one connection.
pub(in crate::http) struct Connection {
    network: Network,
    /// Requests without a complete response.
    requests: AtomicU32,
    /// Requests so far.
    begun: AtomicU64,
    /// The request that the gate refused.
    pub(in crate::http) refused: Refused,
    /// Milliseconds since the start of the table.
    idle_since: AtomicU64,
    /// Signals the connection to close for a new one.
    go: Notify,
    leaving: AtomicBool,
    /// Whether unread input must be read and dropped before closing.
    pub(in crate::http) linger: AtomicBool,
    /// The reader of the responses.
    pub(in crate::http) reader: Reader,
}

/// An entry in the table, released when dropped.
pub(in crate::http) struct Seat {
    table: Arc<Connections>,
    id: u64,
    pub(in crate::http) connection: Arc<Connection>,
}

impl Connections {
    /// An empty table.
    pub fn new(settings: ConnectionSettings, proxies: Proxies) -> Self {
        Self {
            settings,
            proxies,
            begun: Stopwatch::now(),
            open: Mutex::default(),
            made_room: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Counts of open connections, of those closed for new ones so far, and of refused ones so far.
    pub(in crate::http) fn counts(&self) -> (usize, u64, u64) {
        (self.lock().all.len(), self.made_room.load(Relaxed), self.refused.load(Relaxed))
    }

    /// Takes a seat for a new connection. At the limit, the longest idle connection is closed: one
    /// of the same network if that has reached its limit, otherwise any. `None` if all of them are
    /// busy.
    pub(in crate::http) fn seat(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let network = Network::from(peer);
        let proxy = self.proxies.hold(peer.to_canonical());
        let mut open = self.lock();
        let of_network = open.by_network.get(&network).copied().unwrap_or(0);
        let crowded = !proxy && of_network >= self.settings.by_address.get();
        if crowded || open.all.len() >= self.settings.total.get() as usize {
            let others = open.all.iter().filter(|(_, c)| c.is_idle() && (!crowded || c.network == network));
            let Some((_, id)) = others.map(|(id, c)| (c.idle_since.load(Relaxed), *id)).min() else {
                self.refused.fetch_add(1, Relaxed);
                return None;
            };
            // Its seat is free at once; its task notices soon.
            if let Some(longest) = open.remove(id) {
                longest.leaving.store(true, Relaxed);
                longest.go.notify_one();
                self.made_room.fetch_add(1, Relaxed);
            }
        }
        let connection = Arc::new(Connection {
            network,
            requests: AtomicU32::new(0),
            begun: AtomicU64::new(0),
            refused: Refused::default(),
            idle_since: AtomicU64::new(self.now()),
            go: Notify::new(),
            leaving: AtomicBool::new(false),
            linger: AtomicBool::new(false),
            reader: Reader::default(),
        });
        let id = open.next;
        open.next += 1;
        open.all.insert(id, connection.clone());
        *open.by_network.entry(network).or_default() += 1;
        drop(open);
        Some(Seat { table: self.clone(), id, connection })
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn remove(&mut self, id: u64) -> Option<Arc<Connection>> {
        let connection = self.all.remove(&id)?;
        if let Some(n) = self.by_network.get_mut(&connection.network) {
            *n -= 1;
            if *n == 0 {
                self.by_network.remove(&connection.network);
            }
        }
        Some(connection)
    }
}

impl Connection {
    fn is_idle(&self) -> bool {
        self.requests.load(Relaxed) == 0
    }
}

impl Seat {
    /// Marks the start of a request; it ends when the result is dropped.
    pub(in crate::http) fn request(self: &Arc<Self>) -> Busy {
        self.connection.requests.fetch_add(1, Relaxed);
        Busy(self.clone())
    }

    /// Why the request that begins now was refused, if it was. Called once for each request, in their order.
    pub(in crate::http) fn fault(&self) -> Option<Fault> {
        let n = self.connection.begun.fetch_add(1, Relaxed);
        self.connection.refused.of(n)
    }

    /// Whether a request is running.
    pub(in crate::http) fn is_busy(&self) -> bool {
        !self.connection.is_idle()
    }

    /// Whether it was told to close.
    pub(in crate::http) fn is_leaving(&self) -> bool {
        self.connection.leaving.load(Relaxed)
    }

    /// Resolves when the connection must close for a new one.
    pub(in crate::http) async fn must_go(&self) {
        self.connection.go.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.table.lock().remove(self.id);
    }
}

/// A running request.
pub(in crate::http) struct Busy(Arc<Seat>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.connection.idle_since.store(self.0.table.now(), Relaxed);
        self.0.connection.requests.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;

    fn table(total: u32, by_address: u32) -> Arc<Connections> {
        let number = |n| NonZeroU32::new(n).unwrap();
        let settings = ConnectionSettings { total: number(total), by_address: number(by_address) };
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]).unwrap();
        Arc::new(Connections::new(settings, proxies))
    }

    fn seat(table: &Arc<Connections>, peer: &str) -> Option<Arc<Seat>> {
        table.seat(peer.parse().unwrap()).map(Arc::new)
    }

    async fn must_go(seat: &Seat) -> bool {
        tokio::time::timeout(Duration::ZERO, seat.must_go()).await.is_ok()
    }

    #[tokio::test]
    async fn the_longest_idle_connection_makes_room() {
        let table = table(3, 9);
        let seats: Vec<_> = ["1.1.1.1", "2.2.2.2", "3.3.3.3"].map(|a| seat(&table, a).unwrap()).into();
        for (i, s) in seats.iter().enumerate() {
            s.connection.idle_since.store([20, 10, 30][i], Relaxed);
        }
        let busy = seats[1].request();
        let newcomer = seat(&table, "4.4.4.4").unwrap();
        assert!(must_go(&seats[0]).await && !must_go(&seats[1]).await && !must_go(&seats[2]).await);
        let all_busy = (seats[2].request(), newcomer.request());
        assert!(seat(&table, "5.5.5.5").is_none(), "nobody is cut off in the middle of an answer");
        assert_eq!(table.counts(), (3, 1, 1));
        drop((busy, all_busy, newcomer));
        drop(seats);
        assert_eq!(table.counts().0, 0);
        assert!(table.lock().by_network.is_empty());
    }

    #[tokio::test]
    async fn one_address_has_its_share_and_a_trusted_proxy_all() {
        let table = table(100, 2);
        let other = seat(&table, "2.2.2.2").unwrap();
        let mine: Vec<_> = (0..2).map(|_| seat(&table, "1.1.1.1").unwrap()).collect();
        let third = seat(&table, "1.1.1.1").unwrap();
        assert!(must_go(&mine[0]).await && !must_go(&other).await);
        let busy = (mine[1].request(), third.request());
        assert!(seat(&table, "1.1.1.1").is_none());
        let proxied: Vec<_> = (0..50).map(|_| seat(&table, "10.0.0.1").unwrap()).collect();
        assert_eq!(table.counts().0, 53);
        drop((busy, proxied));
    }
}
