//! Places for live streams: how many there are in all, for an address and for a key.
//!
//! One address cannot hold all of them, and a few cannot either: the last quarter is for those who hold
//! little.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

use crate::http::edge::client::Network;
use crate::http::edge::limits::Caller;

/// Of the last quarter of the places, nobody gets more than this many in all.
const LITTLE: u32 = 16;

/// The table `[streams]` of the settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StreamSettings {
    /// Live streams in all.
    pub total: NonZeroU32,
    /// Those of one address (an IPv6 /64 counts as one).
    pub by_address: NonZeroU32,
    /// Those of one API key, which count for the key alone.
    pub by_key: NonZeroU32,
}

impl Default for StreamSettings {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self { total: number(10_000), by_address: number(1_000), by_key: number(2_000) }
    }
}

/// Who holds a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Holder {
    Network(Network),
    Key(u64),
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum NoPlace {
    /// All are taken, or the rest is for those who hold few.
    Full,
    /// The address or the key holds its share, of this size.
    OfOne(u32),
}

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    by_holder: HashMap<Holder, u32>,
}

/// The places of a process.
#[derive(Debug)]
pub(in crate::http) struct Places {
    settings: StreamSettings,
    taken: Mutex<Taken>,
}

/// A place, free again when dropped.
#[derive(Debug)]
pub(in crate::http) struct Place {
    places: Arc<Places>,
    holder: Holder,
}

impl Places {
    pub(in crate::http) fn new(settings: StreamSettings) -> Self {
        Self { settings, taken: Mutex::default() }
    }

    /// Places that are taken.
    pub(in crate::http) fn taken(&self) -> u32 {
        self.lock().all
    }

    /// Takes a place.
    pub(in crate::http) fn take(self: &Arc<Self>, caller: Caller) -> Result<Place, NoPlace> {
        let StreamSettings { total, by_address, by_key } = self.settings;
        let (holder, share) = match caller.key {
            Some(key) => (Holder::Key(key), by_key.get()),
            None => (Holder::Network(caller.network), by_address.get()),
        };
        let mut taken = self.lock();
        let held = taken.by_holder.get(&holder).copied().unwrap_or(0);
        if held >= share {
            return Err(NoPlace::OfOne(share));
        }
        let most = total.get();
        if taken.all >= most || (taken.all >= most - most / 4 && held >= LITTLE) {
            return Err(NoPlace::Full);
        }
        taken.all += 1;
        taken.by_holder.insert(holder, held + 1);
        drop(taken);
        Ok(Place { places: self.clone(), holder })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        if let Some(held) = taken.by_holder.get_mut(&self.holder) {
            *held -= 1;
            if *held == 0 {
                taken.by_holder.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use proptest::prelude::*;

    use super::*;

    fn places(total: u32, by_address: u32, by_key: u32) -> Arc<Places> {
        let number = |n| NonZeroU32::new(n).unwrap();
        let settings =
            StreamSettings { total: number(total), by_address: number(by_address), by_key: number(by_key) };
        Arc::new(Places::new(settings))
    }

    fn at(n: u32) -> Caller {
        let address = IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + n));
        Caller { network: address.into(), device: None, key: None }
    }

    fn held(places: &Arc<Places>, caller: Caller) -> Vec<Place> {
        std::iter::from_fn(|| places.take(caller).ok()).collect()
    }

    #[test]
    fn one_address_has_its_share_and_others_theirs() {
        let places = places(1_000, 100, 200);
        let one = held(&places, at(1));
        assert_eq!((one.len(), places.take(at(1)).unwrap_err()), (100, NoPlace::OfOne(100)));
        let key = Caller { key: Some(7), ..at(1) };
        let of_key = held(&places, key);
        assert_eq!((of_key.len(), places.take(key).unwrap_err()), (200, NoPlace::OfOne(200)));
        // A key is its own holder, wherever it is used.
        assert!(places.take(Caller { key: Some(7), ..at(2) }).is_err());
        assert!(places.take(at(2)).is_ok());
        drop((one, of_key));
        assert_eq!(places.taken(), 0);
        assert!(places.lock().by_holder.is_empty());
    }

    #[test]
    fn a_few_cannot_hold_all() {
        let places = places(1_000, 100, 200);
        let greedy: Vec<_> = (0..50).map(|n| held(&places, at(n))).collect();
        // Seven and a half have their share; all others the little that is kept for everybody.
        let sizes: Vec<usize> = greedy.iter().map(Vec::len).collect();
        assert_eq!(sizes[..7], [100; 7]);
        assert_eq!((sizes[7], sizes[8], sizes[22]), (50, 16, 16));
        assert_eq!(places.taken(), 1_000);
        assert_eq!(places.take(at(99)).unwrap_err(), NoPlace::Full);
    }

    proptest! {
        /// Whatever comes and goes, nobody holds more than its share, and the sums are right.
        #[test]
        fn shares_hold(steps in proptest::collection::vec((0_u32..6, any::<bool>(), any::<bool>()), 1..300)) {
            let places = places(60, 25, 40);
            let mut open: Vec<(u32, bool, Place)> = Vec::new();
            for (who, keyed, come) in steps {
                if come {
                    let caller = Caller { key: keyed.then_some(who.into()), ..at(who) };
                    if let Ok(place) = places.take(caller) {
                        open.push((who, keyed, place));
                    }
                } else if !open.is_empty() {
                    open.swap_remove(who as usize % open.len());
                }
                prop_assert_eq!(places.taken() as usize, open.len());
                prop_assert!(open.len() <= 60);
                for who in 0..6 {
                    let held = |keyed| open.iter().filter(|o| (o.0, o.1) == (who, keyed)).count();
                    prop_assert!(held(false) <= 25 && held(true) <= 40);
                }
            }
        }
    }
}
