//! A set of small codes: positions of categories, states, wards, bodies.

/// A set of small codes, kept sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CodeSet(Vec<u16>);

impl CodeSet {
    /// Whether a code is in the set.
    pub fn contains(&self, code: u16) -> bool {
        self.0.binary_search(&code).is_ok()
    }

    /// The codes that are in both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Self {
        Self(self.0.iter().copied().filter(|c| other.contains(*c)).collect())
    }

    /// The codes in ascending order.
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

impl FromIterator<u16> for CodeSet {
    fn from_iter<I: IntoIterator<Item = u16>>(codes: I) -> Self {
        let mut v: Vec<u16> = codes.into_iter().collect();
        v.sort_unstable();
        v.dedup();
        Self(v)
    }
}
