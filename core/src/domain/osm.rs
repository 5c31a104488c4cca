//! Which OpenStreetMap elements become features of a collection: the city's rules as values.
//! Not here: reading the rules (pack) or the elements (import).

use std::collections::BTreeMap;

/// The rules for one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsmRules {
    /// Whether a way stays a line; else its centre stands for it.
    pub lines: bool,
    /// For each property the tags that may hold it, the preferred first.
    pub fields: BTreeMap<String, Vec<String>>,
    /// For each property what a tag's value means; `*` is any other, an empty text nothing.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// The first whose tags all match decides; an element without one is no feature.
    pub rules: Vec<OsmRule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsmRule {
    /// For each tag that must be there the values it may have.
    pub when: BTreeMap<String, Vec<String>>,
    /// The properties that it gives.
    pub set: BTreeMap<String, String>,
}

impl OsmRules {
    /// The properties of an element with these tags; `None` when no rule wants it.
    pub fn read<'a>(&self, tag: impl Fn(&str) -> Option<&'a str>) -> Option<BTreeMap<String, String>> {
        let rule = self.rules.iter().find(|rule| {
            rule.when.iter().all(|(key, values)| tag(key).is_some_and(|v| values.iter().any(|w| w == v)))
        })?;
        let mut out = rule.set.clone();
        for (property, tags) in &self.fields {
            let Some(said) = tags.iter().find_map(|t| tag(t)) else { continue };
            let meant = match self.values.get(property) {
                Some(table) => table.get(said).or_else(|| table.get("*")).map_or(said, String::as_str),
                None => said,
            };
            if !meant.is_empty() && !out.contains_key(property) {
                out.insert(property.clone(), meant.to_owned());
            }
        }
        Some(out)
    }
}
