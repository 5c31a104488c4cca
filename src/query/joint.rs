//! What is asked of several layers at once: reports and collections of features, each with the
//! parameters that it knows.

use std::sync::Arc;

use super::features::{filter_names, parse_filter};
use super::params::{self, FILTERS, check_names};
use super::{FeatureFilter, Filter};
use crate::domain::{Collection, Violation, Vocabulary};

/// A filter for each of several layers. The default asks for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joint {
    /// Which reports.
    pub reports: Filter,
    /// Which features of a collection; all of one that is not named.
    pub features: Vec<(Arc<Collection>, FeatureFilter)>,
}

impl Joint {
    /// Reads the parameters of reports, if they are among the layers, and of these collections. A
    /// name that none of them knows is a fault, and so is a value that one of them refuses.
    ///
    /// # Errors
    /// All faults, each with its parameter's name, once.
    pub fn parse(
        pairs: &[(String, String)],
        reports: bool,
        collections: &[Arc<Collection>],
        words: &Vocabulary,
    ) -> Result<Self, Vec<Violation>> {
        let mut names: Vec<&str> = if reports { FILTERS.to_vec() } else { Vec::new() };
        for name in collections.iter().flat_map(|c| filter_names(c)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut faults = check_names(pairs, &names);
        let mut out = Self::default();
        if reports {
            let own: Vec<_> = pairs.iter().filter(|(k, _)| FILTERS.contains(&k.as_str())).cloned().collect();
            match params::parse(&own, FILTERS, words) {
                Ok(q) => out.reports = q.filter,
                Err(more) => faults.extend(more),
            }
        }
        for c in collections {
            let (filter, more) = parse_filter(pairs, c, words);
            faults.extend(more);
            out.features.push((c.clone(), filter));
        }
        let mut said = Vec::new();
        faults.retain(|f| {
            !said.contains(&f.field) && {
                said.push(f.field.clone());
                true
            }
        });
        if faults.is_empty() { Ok(out) } else { Err(faults) }
    }

    /// What is asked of a collection; `None` for all.
    pub fn of(&self, collection: &str) -> Option<&FeatureFilter> {
        self.features.iter().find(|(c, _)| *c.id == *collection).map(|(_, f)| f)
    }

    /// As query parameters in fixed order, each once.
    pub fn pairs(&self, words: &Vocabulary) -> Vec<(String, String)> {
        let reports = self.reports.pairs(words).into_iter();
        let mut out: Vec<(String, String)> = reports.map(|(k, v)| (k.to_owned(), v)).collect();
        for pair in self.features.iter().flat_map(|(c, f)| f.pairs(c, words)) {
            if !out.iter().any(|(name, _)| *name == pair.0) {
                out.push(pair);
            }
        }
        out
    }
}

impl From<Filter> for Joint {
    fn from(reports: Filter) -> Self {
        Self { reports, features: Vec::new() }
    }
}
