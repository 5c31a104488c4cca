//! Reads `data/osm.toml`: which OpenStreetMap elements become features, a table for each collection.
//! A pack without it reads no OpenStreetMap files.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::source::Source;
use super::{PackError, toml};
use crate::domain::field::Value;
use crate::domain::{Collection, OsmRule, OsmRules};

const FILE: &str = "data/osm.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesWire {
    ways: WaysWire,
    fields: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
    rule: Vec<RuleWire>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WaysWire {
    Centre,
    Line,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleWire {
    when: BTreeMap<String, Vec<String>>,
    set: BTreeMap<String, String>,
}

/// The rules by collection.
pub(super) fn read(
    source: Source<'_>,
    collections: &[Arc<Collection>],
) -> Result<BTreeMap<String, OsmRules>, PackError> {
    let wire: BTreeMap<String, RulesWire> = match toml(source, FILE) {
        Err(PackError::Missing { .. }) => return Ok(BTreeMap::new()),
        read => read?,
    };
    let mut out = BTreeMap::new();
    for (id, wire) in wire {
        let Some(collection) = collections.iter().find(|c| *c.id == *id) else {
            return Err(PackError::value(FILE, id, "there is no such collection"));
        };
        let rules = OsmRules {
            lines: wire.ways == WaysWire::Line,
            fields: wire.fields,
            values: wire.values,
            rules: wire.rule.into_iter().map(|r| OsmRule { when: r.when, set: r.set }).collect(),
        };
        if let Some((key, reason)) = problem(collection, &rules) {
            return Err(PackError::value(FILE, format!("{id}.{key}"), reason));
        }
        out.insert(id, rules);
    }
    Ok(out)
}

/// The first thing that contradicts the collection.
fn problem(collection: &Collection, rules: &OsmRules) -> Option<(String, String)> {
    let unknown = |name: &str| format!("{} has no property {name:?}", collection.id);
    for name in rules.fields.keys().chain(rules.values.keys()) {
        if collection.position(name).is_none() {
            return Some((format!("fields.{name}"), unknown(name)));
        }
    }
    for (i, rule) in rules.rules.iter().enumerate() {
        if rule.when.is_empty() {
            return Some((format!("rule {i}"), "`when` is empty, so it would take everything".to_owned()));
        }
        for (name, value) in &rule.set {
            let key = format!("rule {i}.set.{name}");
            match collection.position(name).map(|p| &collection.properties[p]) {
                None => return Some((key, unknown(name))),
                Some(p) => {
                    if let Err(reason) = p.read(&Value::Text(value.clone())) {
                        return Some((key, reason));
                    }
                }
            }
        }
        if let Some(p) = collection
            .properties
            .iter()
            .find(|p| p.required && !rule.set.contains_key(&p.name) && !rules.fields.contains_key(&p.name))
        {
            return Some((format!("rule {i}"), format!("gives no {}, which is required", p.name)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rules_fit_their_collections() {
        let pack = crate::pack::testing::pack();
        let rules = pack.osm("facilities").unwrap();
        let tags = [("amenity", "hospital"), ("name", "Bệnh viện Chợ Rẫy"), ("wheelchair", "designated")];
        let read = rules.read(|k| tags.iter().find(|t| t.0 == k).map(|t| t.1)).unwrap();
        assert_eq!((&*read["kind"], &*read["rank"], &*read["wheelchair"]), ("hospital", "1", "yes"));
        assert!(rules.read(|k| (k == "amenity").then_some("bench")).is_none());
        let kind = |tags: &[(&str, &'static str)]| {
            let read = rules.read(|k| tags.iter().find(|t| t.0 == k).map(|t| t.1));
            read.map_or_else(String::new, |r| r["kind"].clone())
        };
        assert_eq!(kind(&[("amenity", "clinic"), ("name", "Phòng khám An Bình")]), "clinic");
        assert_eq!(
            kind(&[("amenity", "clinic"), ("name", "Tra\u{323}m Y T\u{ea}\u{301} Phường 5")]),
            "health_station"
        );
        assert_eq!(kind(&[("highway", "bus_stop"), ("name", "Trạm y tế")]), "bus_stop", "beside one");
        let centre = "Trung tâm Phục vụ hành chính công phường Sài Gòn";
        assert_eq!(kind(&[("office", "government"), ("name", centre)]), "service_centre");
        assert_eq!(kind(&[("office", "government"), ("name", "Sở Y tế")]), "public_office");
        for (key, value, expected) in [
            ("amenity", "bus_station", "bus_station"),
            ("amenity", "post_office", "post_office"),
            ("amenity", "courthouse", "other"),
            ("amenity", "charging_station", "ev_charging"),
            ("amenity", "ferry_terminal", "ferry"),
            ("emergency", "assembly_point", "shelter"),
            ("amenity", "shelter", ""),
        ] {
            assert_eq!(kind(&[(key, value)]), expected, "{key}={value}");
        }
        assert!(pack.osm("alerts").is_none());
    }

    #[test]
    fn a_rule_that_contradicts_its_collection_is_named() {
        let pack = crate::pack::testing::pack();
        let of = |set: &str| {
            let text =
                format!("ways = 'centre'\nfields = {{}}\n[[rule]]\nwhen = {{ a = ['b'] }}\nset = {set}");
            let wire: RulesWire = ::toml::from_str(&text).unwrap();
            let rules = OsmRules {
                rules: wire.rule.into_iter().map(|r| OsmRule { when: r.when, set: r.set }).collect(),
                ..OsmRules::default()
            };
            problem(pack.collection("facilities").unwrap(), &rules).unwrap()
        };
        let said = of("{ kind = 'hospitl' }");
        assert!(said.0 == "rule 0.set.kind" && said.1.contains("did you mean hospital?"), "{said:?}");
        assert!(of("{ rank = '1' }").1.contains("gives no kind"));
    }
}
