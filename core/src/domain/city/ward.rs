//! The id of a ward. Codes are reused with different shapes, so the key is (generation, code).

use std::fmt;
use std::sync::Arc;

/// A ward of one generation. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WardId {
    /// The generation's id: the date from which it was valid, `2025-07-01`.
    pub generation: Arc<str>,
    /// The official code inside that generation: `26740`.
    pub code: Arc<str>,
}

impl WardId {
    /// A ward id; nothing is checked.
    pub fn new(generation: &str, code: &str) -> Self {
        Self { generation: generation.into(), code: code.into() }
    }

    /// Reads a canonical id.
    pub fn parse(id: &str) -> Option<Self> {
        id.split_once('.').map(|(generation, code)| Self::new(generation, code))
    }
}

/// The canonical id, `{generation}.{code}`.
impl fmt::Display for WardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.generation, self.code)
    }
}
