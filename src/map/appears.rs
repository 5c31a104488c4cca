//! From which zoom on a feature is shown, by one of its properties: the stated rule by which a layer
//! is thin where the map is far. Not here: points that stand on each other (thin).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::domain::field::Value;
use crate::domain::{Collection, Feature, PropertyKind};

/// The rule as declared.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Appears {
    /// The property that decides: a code or a whole number.
    pub by: String,
    /// The first zoom of each of its values, written as text.
    pub zooms: BTreeMap<String, u8>,
    /// What a feature without the property counts as.
    pub missing: Missing,
}

/// The value of a feature that has none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// Another property, a code, that says it.
    pub by: Option<String>,
    /// By the value of that property.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Where that says nothing either.
    pub otherwise: String,
}

impl Appears {
    /// The first zoom of a feature.
    pub fn zoom(&self, collection: &Collection, feature: &Feature) -> u8 {
        let value = |name: &str| match feature.values.get(collection.position(name)?)? {
            Value::Text(t) => Some(t.clone()),
            Value::Integer(n) => Some(n.to_string()),
            _ => None,
        };
        let stand_in = || self.missing.values.get(&value(self.missing.by.as_ref()?)?);
        let zoom = |v: &String| self.zooms.get(v).copied();
        value(&self.by)
            .as_ref()
            .and_then(zoom)
            .or_else(|| stand_in().and_then(zoom))
            .or_else(|| zoom(&self.missing.otherwise))
            .unwrap_or(0)
    }

    /// How many kinds of features there are at a zoom, by their first zoom.
    pub(super) fn levels(&self, zoom: u8) -> usize {
        let mut firsts: Vec<u8> = self.zooms.values().copied().filter(|z| *z <= zoom).collect();
        firsts.sort_unstable();
        firsts.dedup();
        firsts.len()
    }

    /// What contradicts the collection, each saying what would be right.
    pub(super) fn problems(&self, collection: &Collection, maxzoom: u8) -> Vec<String> {
        let mut out = Vec::new();
        let mut check = |name: &String, given: Vec<&String>, all: bool| {
            let known = match collection.position(name).map(|i| &collection.properties[i].kind) {
                Some(PropertyKind::Code(codes)) => codes.iter().map(|c| c.code.clone()).collect(),
                Some(PropertyKind::Integer(low, high)) if high.saturating_sub(*low) < 100 => {
                    (*low..=*high).map(|n| n.to_string()).collect::<Vec<_>>()
                }
                _ => {
                    out.push(format!("appears: {name:?} must be a property with codes or few whole numbers"));
                    return;
                }
            };
            for v in given.iter().filter(|v| !known.contains(v)) {
                out.push(format!("appears: {name} has no value {v:?}; valid: {}", known.join(", ")));
            }
            if let Some(v) = known.iter().find(|v| all && !given.contains(v)) {
                out.push(format!("appears: {name} {v:?} has no zoom"));
            }
        };
        check(&self.by, self.zooms.keys().collect(), true);
        let stand_ins = self.missing.values.values().chain([&self.missing.otherwise]);
        check(&self.by, stand_ins.collect(), false);
        match &self.missing.by {
            Some(by) => check(by, self.missing.values.keys().collect(), false),
            None if self.missing.values.is_empty() => {}
            None => out.push("appears.missing: values need by, the property they are values of".to_owned()),
        }
        if let Some((v, z)) = self.zooms.iter().find(|(_, z)| **z > maxzoom) {
            out.push(format!("appears: {v:?} appears at zoom {z}, but the last is {maxzoom}"));
        }
        out
    }
}

impl fmt::Display for Appears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut zooms: Vec<(u8, &String)> = self.zooms.iter().map(|(v, z)| (*z, v)).collect();
        zooms.sort_unstable();
        let zooms: Vec<String> = zooms.iter().map(|(z, v)| format!("{v} from zoom {z}")).collect();
        write!(f, "by {}: {}", self.by, zooms.join(", "))
    }
}
