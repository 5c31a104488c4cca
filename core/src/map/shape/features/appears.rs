//! The first zoom at which a feature is shown, chosen by one of its properties. A layer uses this
//! rule to show fewer features at low zooms. Not here: points that overlap (thin).

use std::borrow::Cow;
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
    /// The first zoom for each value of the property, written as text.
    pub zooms: BTreeMap<String, u8>,
    /// The value used for a feature without the property.
    pub missing: Missing,
}

/// How to find the value of a feature without the property.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// Another property, a code, to derive the value from.
    pub by: Option<String>,
    /// The derived value for each code of that property.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// The value if that property gives none either.
    pub otherwise: String,
}

/// The rule with its properties resolved; done once per tile.
pub(in crate::map) struct Bound<'a> {
    rule: &'a Appears,
    by: Option<usize>,
    stand_in: Option<usize>,
}

impl Bound<'_> {
    /// The first zoom of a feature.
    pub(in crate::map) fn zoom(&self, feature: &Feature) -> u8 {
        let rule = self.rule;
        let stand_in = || text(feature, self.stand_in).and_then(|v| rule.missing.values.get(&*v));
        text(feature, self.by)
            .and_then(|v| rule.zooms.get(&*v))
            .or_else(|| stand_in().and_then(|v| rule.zooms.get(v)))
            .or_else(|| rule.zooms.get(&rule.missing.otherwise))
            .copied()
            .unwrap_or(0)
    }
}

/// A code or a whole number as text.
fn text(feature: &Feature, position: Option<usize>) -> Option<Cow<'_, str>> {
    match feature.values.get(position?)? {
        Value::Text(t) => Some(t.into()),
        Value::Integer(n) => Some(n.to_string().into()),
        _ => None,
    }
}

impl Appears {
    /// Resolves the properties in the collection.
    pub(in crate::map) fn bind(&self, collection: &Collection) -> Bound<'_> {
        let stand_in = self.missing.by.as_ref().and_then(|by| collection.position(by));
        Bound { rule: self, by: collection.position(&self.by), stand_in }
    }

    /// How many distinct first zooms there are up to a zoom.
    pub(in crate::map) fn levels(&self, zoom: u8) -> usize {
        let mut firsts: Vec<u8> = self.zooms.values().copied().filter(|z| *z <= zoom).collect();
        firsts.sort_unstable();
        firsts.dedup();
        firsts.len()
    }

    /// Errors in the rule compared with the collection: the path in the declaration, and what would
    /// be right.
    pub(in crate::map) fn problems(&self, collection: &Collection, maxzoom: u8) -> Vec<(String, String)> {
        let mut out = Vec::new();
        let mut check = |at: &str, name: &String, given: Vec<(String, &String)>, all: bool| {
            let known = match collection.position(name).map(|i| &collection.properties[i].kind) {
                Some(PropertyKind::Code(codes)) => codes.iter().map(|c| c.code.clone()).collect(),
                Some(PropertyKind::Integer(low, high)) if high.saturating_sub(*low) < 100 => {
                    (*low..=*high).map(|n| n.to_string()).collect::<Vec<_>>()
                }
                _ => {
                    let what =
                        format!("appears: {name:?} must be a property with codes or few whole numbers");
                    out.push((at.to_owned(), what));
                    return;
                }
            };
            for (at, v) in given.iter().filter(|(_, v)| !known.contains(v)) {
                let what = format!("appears: {name} has no value {v:?}; valid: {}", known.join(", "));
                out.push((at.clone(), what));
            }
            if let Some(v) = known.iter().find(|v| all && !given.iter().any(|(_, g)| g == v)) {
                out.push(("appears.zooms".to_owned(), format!("appears: {name} {v:?} has no zoom")));
            }
        };
        let zooms = self.zooms.keys().map(|v| (format!("appears.zooms.{v}"), v));
        check("appears.by", &self.by, zooms.collect(), true);
        let missing = &self.missing;
        let stand_ins = missing.values.iter().map(|(k, v)| (format!("appears.missing.values.{k}"), v));
        let otherwise = ("appears.missing.otherwise".to_owned(), &missing.otherwise);
        check("appears.by", &self.by, stand_ins.chain([otherwise]).collect(), false);
        match &missing.by {
            Some(by) => {
                let values = missing.values.keys().map(|k| (format!("appears.missing.values.{k}"), k));
                check("appears.missing.by", by, values.collect(), false);
            }
            None if missing.values.is_empty() => {}
            None => out.push((
                "appears.missing.values".to_owned(),
                "appears.missing: values need by, the property they are values of".to_owned(),
            )),
        }
        for (v, z) in self.zooms.iter().filter(|(_, z)| **z > maxzoom) {
            let what = format!("appears: {v:?} appears at zoom {z}, but the last is {maxzoom}");
            out.push((format!("appears.zooms.{v}"), what));
        }
        out.dedup();
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
