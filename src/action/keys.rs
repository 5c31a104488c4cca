//! Keys: made once, shown once, known by their hash. A process keeps all of them in memory, so that
//! looking one up costs a hash and takes the same time whatever was sent.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::clock::{Clock, Ids};
use crate::store::{Applied, Store, StoreError};
use diaban_core::domain::key::{FEED, ID_CHARS, Key, KeyId, LETTERS, PREFIX, SCOPES, SECRET_CHARS, is_key};
use diaban_core::domain::{CodeBook, Instant, Violation};
use diaban_core::query::params::{FILTERS, parse};

/// Characters of a name.
const NAME: usize = 100;

/// What a key is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An app or a person, with these scopes.
    Scopes(Vec<String>),
    /// A secret feed link of this query.
    Feed(String),
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// What is asked for is not right.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Violation>),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a key and keeps its hash. What comes back is the only copy of the key.
///
/// # Errors
/// See [`KeyError`].
pub async fn add_key(
    store: &Store,
    clock: &dyn Clock,
    ids: &dyn Ids,
    words: &CodeBook,
    name: &str,
    purpose: Purpose,
    days: Option<u32>,
) -> Result<(KeyId, String), KeyError> {
    let refused = |field: &str, detail: String| KeyError::Refused(vec![Violation::new(field, detail)]);
    let name = diaban_core::domain::text::clean(name, NAME).map_err(|e| refused("name", e.to_string()))?;
    let name = name.ok_or_else(|| refused("name", "must not be empty".into()))?;
    let (scopes, query) = match purpose {
        Purpose::Scopes(scopes) => {
            if scopes.is_empty() || scopes.iter().any(|s| !SCOPES.contains(&s.as_str())) {
                return Err(refused("scope", format!("must be of: {}", SCOPES.join(", "))));
            }
            (scopes, None)
        }
        Purpose::Feed(query) => {
            (vec![FEED.to_owned()], Some(normal(&query, words, clock.now()).map_err(KeyError::Refused)?))
        }
    };
    let token = draw(ids);
    let id = KeyId::new(&token[PREFIX.len()..PREFIX.len() + ID_CHARS]);
    let created = clock.now();
    let expires = days.map(|d| Instant::from_ms(created.ms() + i64::from(d) * 24 * 3_600_000));
    let key =
        Key { id: id.clone(), hash: hash(&token), name, scopes, query, created, expires, revoked: None };
    store.add_key(key).await?;
    Ok((id, token))
}

/// Revokes a key; says whether there was one to revoke.
///
/// # Errors
/// When the store fails.
pub async fn revoke_key(store: &Store, clock: &dyn Clock, id: &str) -> Result<bool, StoreError> {
    Ok(store.revoke_key(KeyId::new(id), clock.now()).await? == Applied::Done)
}

/// The saved query in normal form.
fn normal(query: &str, words: &CodeBook, now: Instant) -> Result<String, Vec<Violation>> {
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query.trim_start_matches('?').as_bytes()).into_owned().collect();
    let filter = parse(&pairs, FILTERS, words, now)?.filter;
    // A bare code may mean another ward later: what is kept names wards with their generation.
    let by_generation = CodeBook { active: "".into(), ..words.clone() };
    Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(filter.pairs(&by_generation)).finish())
}

fn draw(ids: &dyn Ids) -> String {
    let mut token = PREFIX.to_owned();
    // Twelve letters of five bits from each number.
    let (mut bits, mut left) = (0, 0);
    for _ in 0..ID_CHARS + SECRET_CHARS {
        if left == 0 {
            (bits, left) = (ids.secret(), 12);
        }
        token.push(char::from(LETTERS[(bits & 31) as usize]));
        bits >>= 5;
        left -= 1;
    }
    token
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Why a key opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It does not have the form of a key.
    #[error("this is not a key; send Authorization: Bearer dbn_…")]
    Malformed,
    /// There is none like it.
    #[error("this key is not known here")]
    Unknown,
    /// It was revoked.
    #[error("this key was revoked")]
    Revoked,
    /// Its time is over.
    #[error("this key has expired")]
    Expired,
    /// It is a secret feed link, which opens its feed only.
    #[error("this is the key of a feed link; it opens that feed only")]
    Feed,
}

/// The keys as a process knows them; refreshed from the store.
#[derive(Debug, Default)]
pub struct Keyring(ArcSwap<HashMap<[u8; 32], Arc<Key>>>);

impl Keyring {
    /// Takes the keys of the store in the place of those it knew.
    pub fn fill(&self, keys: Vec<Key>) {
        self.0.store(Arc::new(keys.into_iter().map(|k| (k.hash, Arc::new(k))).collect()));
    }

    /// The key behind a token, if it opens anything now.
    ///
    /// # Errors
    /// Why it opens nothing.
    pub fn find(&self, token: &str, now: Instant) -> Result<Arc<Key>, KeyFault> {
        if !is_key(token) {
            return Err(KeyFault::Malformed);
        }
        let key = self.0.load().get(&hash(token)).cloned().ok_or(KeyFault::Unknown)?;
        if key.revoked.is_some() {
            return Err(KeyFault::Revoked);
        }
        if key.is_valid(now) { Ok(key) } else { Err(KeyFault::Expired) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{FixedClock, SystemIds};
    use crate::store::test_database::{is_postgres, store_url};

    #[tokio::test]
    async fn a_key_is_found_until_it_is_revoked_and_never_stored() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let clock = FixedClock::at(Instant::from_ms(1_000));
        let words = CodeBook { categories: vec!["pothole".into()], ..CodeBook::default() };
        let make =
            async |purpose, days| add_key(&store, &clock, &SystemIds, &words, "app", purpose, days).await;
        let (id, token) = make(Purpose::Scopes(vec!["read".into()]), Some(1)).await.unwrap();
        let (_, link) = make(Purpose::Feed("?category=pothole&status=open".into()), None).await.unwrap();
        assert!(make(Purpose::Scopes(vec!["all".into()]), None).await.is_err());
        assert!(make(Purpose::Feed("categry=pothole".into()), None).await.is_err());
        let ring = Keyring::default();
        ring.fill(store.keys().await.unwrap());
        let at = Instant::from_ms;
        assert_eq!(ring.find(&token, at(2_000)).unwrap().id, id);
        assert_eq!(ring.find(&token, at(2_000 + 24 * 3_600_000)), Err(KeyFault::Expired));
        assert_eq!(ring.find("dbn_short", at(0)), Err(KeyFault::Malformed));
        assert_eq!(ring.find(&link, at(0)).unwrap().query.as_deref(), Some("category=pothole&status=open"));
        let other = format!("{}{}", &token[..43], if token.ends_with('0') { "1" } else { "0" });
        assert_eq!(ring.find(&other, at(2_000)), Err(KeyFault::Unknown));
        assert!(revoke_key(&store, &clock, id.as_str()).await.unwrap());
        assert!(!revoke_key(&store, &clock, id.as_str()).await.unwrap());
        ring.fill(store.keys().await.unwrap());
        assert_eq!(ring.find(&token, at(2_000)), Err(KeyFault::Revoked));
        store.close().await;
        if !is_postgres() {
            let bytes = std::fs::read(folder.path().join("test.db")).unwrap();
            assert!(!bytes.windows(32).any(|w| w == &token.as_bytes()[12..44]));
        }
    }
}
