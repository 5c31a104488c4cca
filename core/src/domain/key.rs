//! Keys of apps and secret feed links: `dbn_`, a public id, 32 random characters. A key is shown once;
//! what is kept is its hash. Not here: hashing and drawing (action), the table (store).

use std::fmt;
use std::sync::Arc;

use super::Instant;

/// What a key begins with.
pub const PREFIX: &str = "dbn_";
/// Characters of the public id.
pub const ID_CHARS: usize = 8;
/// Random characters after it: five bits each, 160 in all.
pub const SECRET_CHARS: usize = 32;
/// The letters of both: Crockford's base 32, which no eye takes for one another.
pub const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What a key may be for.
pub const SCOPES: &[&str] = &["read", "submit"];
/// The scope of a secret feed link, which is for nothing else.
pub const FEED: &str = "feed";

/// The public part of a key. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// Names a key; nothing is checked.
    pub fn new(id: &str) -> Self {
        Self(id.into())
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

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its public part.
    pub id: KeyId,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// For people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// A secret feed link: the query it answers, in normal form.
    pub query: Option<String>,
    /// When it was made.
    pub created: Instant,
    /// From when on it opens nothing.
    pub expires: Option<Instant>,
    /// When it was revoked.
    pub revoked: Option<Instant>,
}

impl Key {
    /// Whether it opens anything at that moment.
    pub fn is_valid(&self, now: Instant) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|t| now < t)
    }
}

/// Whether a text has the form of a key: cheap, before anything is hashed.
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
            query: None,
            created: at(0),
            expires: Some(at(10)),
            revoked: None,
        };
        assert!(key.is_valid(at(9)) && !key.is_valid(at(10)));
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
