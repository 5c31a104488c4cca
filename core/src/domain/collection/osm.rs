//! The city's rules for importing OpenStreetMap elements as features of a collection. Not here:
//! reading the rules (pack) or the elements (import).

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

/// The rules for one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsmRules {
    /// Whether a way stays a line; otherwise its centre is used.
    pub lines: bool,
    /// For each property, the tags that may hold it, in order of preference.
    pub fields: BTreeMap<String, Vec<String>>,
    /// For each property, the meaning of each tag value. `*` is any other value, an empty text
    /// drops the value.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// The first rule whose tags all match is used. An element that matches no rule is not
    /// imported.
    pub rules: Vec<OsmRule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OsmRule {
    /// The tags that must be present, each with its accepted values; a tag may hold several, by semicolons. A value
    /// that ends in `*` accepts whatever begins like it, in any case.
    pub when: BTreeMap<String, Vec<String>>,
    /// The properties that it sets.
    pub set: BTreeMap<String, String>,
}

impl OsmRules {
    /// The properties of an element with these tags; `None` if no rule matches.
    pub fn read<'a>(&self, tag: impl Fn(&str) -> Option<&'a str>) -> Option<BTreeMap<String, String>> {
        let rule = self.rules.iter().find(|rule| {
            rule.when.iter().all(|(key, values)| {
                tag(key).is_some_and(|v| v.split(';').any(|v| values.iter().any(|w| accepts(w, v.trim()))))
            })
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

fn accepts(wanted: &str, said: &str) -> bool {
    match wanted.strip_suffix('*') {
        None => wanted == said,
        Some(beginning) => {
            let plain = |text: &str| text.nfc().collect::<String>().to_lowercase();
            plain(said).starts_with(&plain(beginning))
        }
    }
}
