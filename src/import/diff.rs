//! What an import would do to what is stored from the same source: a pure comparison of ids and
//! hashes of content.

use std::collections::{HashMap, HashSet};

/// A source id with the hash of its feature's content.
pub type Content = (String, [u8; 16]);

/// The difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Positions of incoming features that are not stored yet.
    pub added: Vec<usize>,
    /// Positions of incoming features that are stored with other content.
    pub changed: Vec<usize>,
    /// How many are stored just so.
    pub unchanged: usize,
    /// Source ids that are stored and do not come any more, ascending.
    pub gone: Vec<String>,
    /// How many were stored.
    pub stored: usize,
}

impl Diff {
    /// Compares. `kept` are source ids that came but were refused: their last good state stays.
    pub fn of(stored: &[Content], incoming: &[Content], kept: &HashSet<&str>) -> Self {
        let known: HashMap<&str, &[u8; 16]> = stored.iter().map(|(id, hash)| (&**id, hash)).collect();
        let mut diff = Self { stored: stored.len(), ..Self::default() };
        let mut came = HashSet::new();
        for (i, (id, hash)) in incoming.iter().enumerate() {
            came.insert(&**id);
            match known.get(&**id) {
                None => diff.added.push(i),
                Some(h) if *h == hash => diff.unchanged += 1,
                Some(_) => diff.changed.push(i),
            }
        }
        diff.gone = stored
            .iter()
            .map(|(id, _)| id)
            .filter(|id| !came.contains(&***id) && !kept.contains(&***id))
            .cloned()
            .collect();
        diff.gone.sort_unstable();
        diff
    }

    /// Whether taking away what is gone would empty most of the source: more likely a broken file
    /// than a city without hospitals.
    pub fn is_mass_removal(&self) -> bool {
        self.gone.len() * 2 > self.stored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(of: &[(u8, u8)]) -> Vec<Content> {
        let unique: HashMap<u8, u8> = of.iter().copied().collect();
        unique.into_iter().map(|(id, hash)| (format!("{id:03}"), [hash; 16])).collect()
    }

    proptest! {
        #[test]
        fn applying_a_diff_gives_what_came(
            stored in prop::collection::vec((0_u8..20, 0_u8..3), 0..20),
            incoming in prop::collection::vec((0_u8..20, 0_u8..3), 0..20),
        ) {
            let (stored, incoming) = (content(&stored), content(&incoming));
            let diff = Diff::of(&stored, &incoming, &HashSet::new());
            let mut applied: HashMap<String, [u8; 16]> = stored.iter().cloned().collect();
            for id in &diff.gone {
                prop_assert!(applied.remove(id).is_some());
            }
            for i in diff.added.iter().chain(&diff.changed) {
                applied.insert(incoming[*i].0.clone(), incoming[*i].1);
            }
            prop_assert_eq!(applied, incoming.iter().cloned().collect::<HashMap<_, _>>());
            prop_assert_eq!(diff.added.len() + diff.changed.len() + diff.unchanged, incoming.len());
        }
    }

    #[test]
    fn what_was_refused_stays_and_half_may_go() {
        let stored = content(&[(1, 0), (2, 0), (3, 0), (4, 0)]);
        let diff = Diff::of(&stored, &content(&[(1, 0)]), &HashSet::from(["002"]));
        assert_eq!(diff.gone, ["003", "004"]);
        assert!(!diff.is_mass_removal());
        let diff = Diff::of(&stored, &content(&[(1, 0)]), &HashSet::new());
        assert!(diff.is_mass_removal());
        assert!(!Diff::of(&[], &[], &HashSet::new()).is_mass_removal());
    }
}
