//! Reads `data/bodies.toml` and `data/routing.toml`.

use serde::Deserialize;

use super::source::Source;
use super::text::TextWire;
use super::{PackError, toml};
use crate::domain::{Bodies, Body, BodyId, Categories, Routing, Rule, Scope, WardBody, WardId};

const BODIES: &str = "data/bodies.toml";
pub(super) const ROUTING: &str = "data/routing.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodiesWire {
    ward_office: WardOfficeWire,
    #[serde(default)]
    ward_body: Vec<BodyWire>,
    body: Vec<BodyWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WardOfficeWire {
    name: TextWire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyWire {
    id: String,
    name: TextWire,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoutingWire {
    without_ward: String,
    #[serde(default)]
    rule: Vec<RuleWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleWire {
    category: Option<String>,
    group: Option<String>,
    wards: Option<Vec<String>>,
    body: String,
}

pub(super) fn read_bodies(source: Source<'_>) -> Result<Bodies, PackError> {
    let wire: BodiesWire = toml(source, BODIES)?;
    let body = |b: BodyWire| Body { id: BodyId::new(&b.id), name: b.name.into() };
    let of_ward = |b: BodyWire| WardBody { kind: b.id.into(), name: b.name.into() };
    let list = wire.body.into_iter().map(body).collect();
    Bodies::new(list, wire.ward_office.name.into(), wire.ward_body.into_iter().map(of_ward).collect())
        .map_err(|source| PackError::Body { file: BODIES.into(), source })
}

pub(super) fn read_routing(
    source: Source<'_>,
    categories: &Categories,
    bodies: &Bodies,
) -> Result<Routing, PackError> {
    let wire: RoutingWire = toml(source, ROUTING)?;
    let rules = wire.rule.into_iter().zip(1..).map(|(r, n)| rule(r, n, bodies)).collect::<Result<_, _>>()?;
    Routing::new(rules, BodyId::new(&wire.without_ward), categories, bodies)
        .map_err(|source| PackError::Routing { file: ROUTING.into(), source })
}

/// The `number`-th rule of the file.
fn rule(wire: RuleWire, number: usize, bodies: &Bodies) -> Result<Rule, PackError> {
    let wrong = |key: &str, reason: &str| PackError::value(ROUTING, format!("rule {number}, {key}"), reason);
    let scope = match (wire.category, wire.group) {
        (Some(code), None) => Scope::Category(code.into()),
        (None, Some(code)) => Scope::Group(code.into()),
        _ => return Err(wrong("category", "a rule names either one category or one group")),
    };
    // An empty list would hold nowhere in the reader's eye and everywhere in ours.
    if wire.wards.as_ref().is_some_and(Vec::is_empty) {
        return Err(wrong("wards", "is empty; leave it out for a rule that holds everywhere"));
    }
    let ward = |id: String| match id.split_once('.') {
        Some((generation, code)) => Ok(WardId::new(generation, code)),
        None => Err(wrong("wards", &format!("`{id}` is no canonical id like 2025-07-01.26740"))),
    };
    let wards = wire.wards.unwrap_or_default().into_iter().map(ward).collect::<Result<_, _>>()?;
    Ok(Rule { scope, wards, to: bodies.target(&wire.body) })
}
