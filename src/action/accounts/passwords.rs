//! Passwords as they are kept: argon2id with the least parameters that OWASP advises. A hash takes 19 MiB and tens of
//! milliseconds, so few are made at once, and few wait for it.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Ids;

/// Memory in KiB, passes, lanes (OWASP Password Storage Cheat Sheet).
const COST: (u32, u32, u32) = (19_456, 2, 1);
const SALT: usize = 16;
const HASH: usize = 32;
/// Hashes made at once.
const AT_ONCE: usize = 2;
/// Requests that wait for one or have theirs made; more are refused.
const PLACES: usize = 32;

/// More passwords are checked already than may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowded;

/// The bound of hashing.
#[derive(Debug)]
pub(super) struct Passwords {
    places: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

/// A place in the row before hashing.
#[derive(Debug)]
pub(super) struct Place(OwnedSemaphorePermit);

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(PLACES)), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Passwords {
    /// A place, for one hash.
    pub(super) fn enter(&self) -> Result<Place, Crowded> {
        self.places.clone().try_acquire_owned().map(Place).map_err(|_| Crowded)
    }

    /// What is stored of a password: the algorithm, its parameters, the salt and the hash.
    pub(super) async fn keep(
        &self,
        place: Place,
        password: String,
        ids: &dyn Ids,
    ) -> Result<String, Crowded> {
        let mut salt = [0; SALT];
        ids.fill(&mut salt);
        let hash = self.made(place, password, salt.to_vec(), COST).await?;
        let (m, t, p) = COST;
        let [salt, hash] = [&salt[..], &hash[..]].map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
        Ok(format!("$argon2id$v=19$m={m},t={t},p={p}${salt}${hash}"))
    }

    /// Whether a password is the one of which this is stored. Without any it takes as long, and is wrong.
    pub(super) async fn fits(
        &self,
        place: Place,
        password: String,
        stored: Option<&str>,
    ) -> Result<bool, Crowded> {
        let known = stored.and_then(read);
        let (cost, salt) = known.as_ref().map_or((COST, vec![0; SALT]), |k| (k.cost, k.salt.clone()));
        let made = self.made(place, password, salt, cost).await?;
        Ok(known.is_some_and(|k| same(&k.hash, &made)))
    }

    /// Waits for a turn and hashes on a thread that answers nobody.
    async fn made(
        &self,
        place: Place,
        password: String,
        salt: Vec<u8>,
        (m, t, p): (u32, u32, u32),
    ) -> Result<[u8; HASH], Crowded> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| Crowded)?;
        let hashed = tokio::task::spawn_blocking(move || {
            // Held until it is made, also when nobody waits for it any more.
            let _held = (place.0, turn);
            let mut hash = [0; HASH];
            let params = Params::new(m, t, p, Some(HASH)).ok()?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            argon2.hash_password_into(password.as_bytes(), &salt, &mut hash).ok()?;
            Some(hash)
        });
        hashed.await.ok().flatten().ok_or(Crowded)
    }
}

/// What [`Passwords::keep`] wrote.
#[derive(Debug, PartialEq, Eq)]
struct Stored {
    cost: (u32, u32, u32),
    salt: Vec<u8>,
    hash: Vec<u8>,
}

fn read(stored: &str) -> Option<Stored> {
    let ["", "argon2id", "v=19", cost, salt, hash] = stored.split('$').collect::<Vec<_>>()[..] else {
        return None;
    };
    let mut cost = ["m=", "t=", "p="]
        .into_iter()
        .zip(cost.split(','))
        .map(|(name, value)| value.strip_prefix(name)?.parse::<u32>().ok());
    let cost = (cost.next()??, cost.next()??, cost.next()??);
    let [salt, hash] = [salt, hash].map(|text| BASE64_STANDARD_NO_PAD.decode(text).ok());
    Some(Stored { cost, salt: salt?, hash: hash? })
}

/// Compares in the same time wherever they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemIds;

    #[tokio::test]
    async fn a_password_fits_what_is_kept_of_it_and_nothing_else() {
        let passwords = Passwords::default();
        let kept =
            passwords.keep(passwords.enter().unwrap(), "ba con mèo".to_owned(), &SystemIds).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !kept.contains("mèo"), "{kept}");
        assert_ne!(
            passwords.keep(passwords.enter().unwrap(), "ba con mèo".to_owned(), &SystemIds).await.unwrap(),
            kept,
            "salted"
        );
        let fits = async |password: &str, stored| {
            passwords.fits(passwords.enter().unwrap(), password.to_owned(), stored).await.unwrap()
        };
        assert!(fits("ba con mèo", Some(&kept)).await);
        assert!(!fits("ba con meo", Some(&kept)).await);
        assert!(!fits("ba con mèo", None).await);
        for broken in ["", "$argon2id$v=19$m=19456,t=2,p=1$AAAA", &kept.replace("v=19", "v=16"), &kept[..60]]
        {
            assert!(!fits("ba con mèo", Some(broken)).await, "{broken}");
        }
    }

    /// The vector of the reference implementation (`argon2 somesalt -id -t 2 -m 16`, version 13).
    #[tokio::test]
    async fn it_is_argon2id_as_others_have_it() {
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let passwords = Passwords::default();
        let place = passwords.enter().unwrap();
        assert!(passwords.fits(place, "password".to_owned(), Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn more_than_may_wait_are_refused_and_who_went_away_keeps_a_place_until_the_end() {
        let passwords = Passwords::default();
        let fits = || passwords.fits(passwords.enter().unwrap(), "x".to_owned(), None);
        let free = || passwords.places.available_permits();
        {
            let mut left = std::pin::pin!(fits());
            // Polled once, so that it is under way.
            assert!(futures_util::poll!(&mut left).is_pending());
        }
        assert_eq!(free(), PLACES - 1);
        assert!(!fits().await.unwrap());
        while free() < PLACES {
            tokio::task::yield_now().await;
        }
        let _all = passwords.places.try_acquire_many(PLACES as u32).unwrap();
        assert_eq!(passwords.enter().err(), Some(Crowded));
    }
}
