//! Keys: made once, shown once, known by their hash. A process keeps all of them in memory, so that
//! looking one up costs a hash and takes the same time whatever was sent.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::clock::{Clock, Ids};
use crate::store::{Applied, Store, StoreError};
use diaban_core::domain::caller::Office;
use diaban_core::domain::key::{
    FEED, ID_CHARS, Key, KeyId, LETTERS, PREFIX, SCOPES, SECRET_CHARS, WORK, is_key,
};
use diaban_core::domain::{BodyId, CodeBook, Instant, Violation, WardId, WardName};
use diaban_core::query::params::{FILTERS, parse};

/// Characters of a name.
const NAME: usize = 100;

/// What a key is wanted for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// An app or a person, with these scopes, and what an officer answers for.
    Scopes(Vec<String>, Answers),
    /// A secret feed link of this query.
    Feed(String),
}

/// What an officer is to answer for, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Wards by code or canonical id.
    pub wards: Vec<String>,
    /// Bodies by id.
    pub bodies: Vec<String>,
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
    let (scopes, office, query) = match purpose {
        Purpose::Scopes(scopes, answers) => {
            if scopes.is_empty() || scopes.iter().any(|s| !SCOPES.contains(&s.as_str())) {
                return Err(refused("scope", format!("must be of: {}", SCOPES.join(", "))));
            }
            let works = scopes.iter().any(|s| s == WORK);
            let office = office(&answers, works, words).map_err(KeyError::Refused)?;
            (scopes, office, None)
        }
        Purpose::Feed(query) => {
            let query = normal(&query, words, clock.now()).map_err(KeyError::Refused)?;
            (vec![FEED.to_owned()], Office::default(), Some(query))
        }
    };
    let token = draw(ids);
    let id = KeyId::new(&token[PREFIX.len()..PREFIX.len() + ID_CHARS]);
    let created = clock.now();
    let expires = days.map(|d| Instant::from_ms(created.ms() + i64::from(d) * 24 * 3_600_000));
    let (id_of_key, hash) = (id.clone(), hash(&token));
    let key = Key { id: id_of_key, hash, name, scopes, office, query, created, expires, revoked: None };
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

/// What an officer answers for; wards by their canonical ids, because a bare code may mean another ward later.
pub(super) fn office(answers: &Answers, works: bool, words: &CodeBook) -> Result<Office, Vec<Violation>> {
    let mut faults = Vec::new();
    let none = answers.wards.is_empty() && answers.bodies.is_empty();
    if works && none {
        faults.push(Violation::new("scope", format!("{WORK} needs a ward or a body to answer for")));
    }
    if !works && !none {
        faults.push(Violation::new(
            "scope",
            format!("must hold {WORK}, or nobody answers for a ward or a body"),
        ));
    }
    let mut wards: Vec<WardId> = Vec::new();
    for name in &answers.wards {
        match words.ward(name) {
            WardName::Known(i) => wards.extend(words.wards.get(usize::from(i)).cloned()),
            WardName::Former(_) => {
                faults.push(Violation::new("ward", format!("{name} is a ward of former boundaries only")));
            }
            WardName::Unknown => faults.push(Violation::new("ward", format!("no ward has the code {name}"))),
        }
    }
    for id in &answers.bodies {
        if words.body(&BodyId::new(id)).is_none() {
            faults.push(Violation::new("body", format!("no body has the id {id}")));
        }
    }
    let bodies = answers.bodies.clone();
    if faults.is_empty() { Ok(Office { wards, bodies }) } else { Err(faults) }
}

/// The saved query in normal form.
pub(in crate::action) fn normal(
    query: &str,
    words: &CodeBook,
    now: Instant,
) -> Result<String, Vec<Violation>> {
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query.trim_start_matches('?').as_bytes()).into_owned().collect();
    let filter = parse(&pairs, FILTERS, words, now)?.filter;
    // A bare code may mean another ward later: what is kept names wards with their generation.
    let by_generation = CodeBook { active: "".into(), ..words.clone() };
    Ok(form_urlencoded::Serializer::new(String::new()).extend_pairs(filter.pairs(&by_generation)).finish())
}

fn draw(ids: &dyn Ids) -> String {
    format!("{PREFIX}{}", draw_letters(ids, ID_CHARS + SECRET_CHARS))
}

/// So many letters, which nobody can foretell.
pub(in crate::action) fn draw_letters(ids: &dyn Ids, count: usize) -> String {
    let mut text = String::with_capacity(count);
    // Twelve letters of five bits from each number.
    let (mut bits, mut left) = (0, 0);
    for _ in 0..count {
        if left == 0 {
            (bits, left) = (ids.secret(), 12);
        }
        text.push(char::from(LETTERS[(bits & 31) as usize]));
        bits >>= 5;
        left -= 1;
    }
    text
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
        let words = CodeBook {
            categories: vec!["pothole".into()],
            wards: vec![WardId::new("2025-07-01", "26740")],
            active: "2025-07-01".into(),
            ..CodeBook::default()
        };
        let of = |scopes: &[&str], wards: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect();
            Purpose::Scopes(owned(scopes), Answers { wards: owned(wards), bodies: Vec::new() })
        };
        let make =
            async |purpose, days| add_key(&store, &clock, &SystemIds, &words, "app", purpose, days).await;
        let (id, token) = make(of(&["read"], &[]), Some(1)).await.unwrap();
        let (_, link) = make(Purpose::Feed("?category=pothole&status=open".into()), None).await.unwrap();
        for (scopes, wards) in
            [(["all"], &[][..]), (["read"], &["26740"]), (["work"], &[]), (["work"], &["26741"])]
        {
            assert!(make(of(&scopes, wards), None).await.is_err(), "{scopes:?} {wards:?}");
        }
        make(of(&["work"], &["26740"]), None).await.unwrap();
        let kept = store.keys().await.unwrap().into_iter().find(|k| k.opens(WORK)).unwrap();
        assert_eq!(kept.office.wards, [WardId::new("2025-07-01", "26740")]);
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
