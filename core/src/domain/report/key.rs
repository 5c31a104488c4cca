//! Keys of apps and secret feed links: `dbn_`, a public id, 32 random characters. A key is shown
//! once; only its hash is stored. The session of an account (`account`) is one that a cookie carries.
//! Not here: hashing and generating (action), the table (store).

use std::fmt;
use std::sync::Arc;

use crate::domain::Instant;
use crate::domain::account::Login;
use crate::domain::caller::Office;

/// The prefix of every key.
pub const PREFIX: &str = "dbn_";
/// Length of the public id, in characters.
pub const ID_CHARS: usize = 8;
/// Length of the random part in characters: five bits each, 160 in all.
pub const SECRET_CHARS: usize = 32;
/// The alphabet of both parts: Crockford's base 32, which has no characters that look alike.
pub const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The scope of whoever reads what everybody may.
pub const READ: &str = "read";
/// The scope of officers: the reports of their wards and bodies.
pub const WORK: &str = "work";
/// The scope of operators: the life of boundaries, and what officers may for every report.
pub const OPERATE: &str = "operate";
/// The scopes that a key may have.
pub const SCOPES: &[&str] = &[READ, "submit", WORK, OPERATE];
/// The scope of a secret feed link; such a key has no other scope.
pub const FEED: &str = "feed";

/// What stands before the login in the id of an account; no id of a key has a colon.
const ACCOUNT: &str = "account:";

/// Who acts or reads, where that is put on record: the public part of a key, or `account:LOGIN`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// A key id; nothing is checked.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id of an account.
    pub fn of_account(login: &Login) -> Self {
        Self(format!("{ACCOUNT}{login}").into())
    }

    /// The login, if it is the id of an account.
    pub fn login(&self) -> Option<&str> {
        self.0.strip_prefix(ACCOUNT)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stored key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its public part.
    pub id: KeyId,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// A name for people.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// What an officer with this key answers for, under the wards that were in force when it was made.
    pub office: Office,
    /// For a secret feed link: the query it answers, in normal form.
    pub query: Option<String>,
    /// When it was created.
    pub created: Instant,
    /// When it expires.
    pub expires: Option<Instant>,
    /// When it was revoked.
    pub revoked: Option<Instant>,
}

impl Key {
    /// Whether the key is accepted at that moment.
    pub fn is_valid(&self, now: Instant) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|t| now < t)
    }

    /// Whether it opens what needs a scope. Operators may work on all reports, and who works on reports may read.
    pub fn opens(&self, scope: &str) -> bool {
        let wider: &[&str] = match scope {
            READ => &[WORK, OPERATE],
            WORK => &[OPERATE],
            _ => &[],
        };
        self.scopes.iter().any(|s| s == scope || wider.contains(&s.as_str()))
    }
}

/// Whether a text has the form of a key. A cheap test before hashing.
pub fn is_key(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == ID_CHARS + SECRET_CHARS && rest.bytes().all(|b| LETTERS.contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_until_it_expires_or_is_revoked() {
        let at = Instant::from_ms;
        let key = Key {
            id: KeyId::new("a"),
            hash: [0; 32],
            name: String::new(),
            scopes: Vec::new(),
            office: Office::default(),
            query: None,
            created: at(0),
            expires: Some(at(10)),
            revoked: None,
        };
        assert!(key.is_valid(at(9)) && !key.is_valid(at(10)));
        let opens = |scope: &str| {
            let key = Key { scopes: vec![scope.to_owned()], ..key.clone() };
            SCOPES.iter().copied().filter(|s| key.opens(s)).collect::<Vec<_>>()
        };
        assert_eq!(
            ["read", "submit", WORK, OPERATE].map(opens),
            [vec!["read"], vec!["submit"], vec!["read", WORK], vec!["read", WORK, OPERATE]]
        );
        assert!(!Key { revoked: Some(at(1)), ..key }.is_valid(at(2)));
    }

    #[test]
    fn the_form_of_a_key() {
        let key = format!("dbn_{}", "0".repeat(40));
        assert!(is_key(&key));
        for wrong in [&key[..43], &key.replace('0', "l"), &key.replace("dbn", "abn"), ""] {
            assert!(!is_key(wrong), "{wrong}");
        }
    }
}
