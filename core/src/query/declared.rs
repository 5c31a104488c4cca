//! By what the features of a declared collection can be asked for in CQL2: every property it declares,
//! and what all features have.

use super::cql::{self, Expr, Is, Literal, Queryable, Relation, Scalar, SpatialLiteral, Test, Type};
use super::params::quoted;
use super::{FeatureFilter, Interval};
use crate::domain::field::{Kind, Value};
use crate::domain::{Collection, Feature, Instant, PropertyKind, nearest};

/// What all features can be asked for by, behind what their collection declares.
const COMMON: [(&str, Type); 7] = [
    ("id", Type::Of(Kind::Integer)),
    ("source", Type::Of(Kind::Text)),
    ("source_id", Type::Of(Kind::Text)),
    ("revision", Type::Of(Kind::Integer)),
    ("created_at", Type::Of(Kind::Instant)),
    ("updated_at", Type::Of(Kind::Instant)),
    ("geometry", Type::Place),
];

/// What no parameter says.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    asked: Expr<Test>,
    /// What each property holds.
    holds: Vec<Type>,
}

/// The properties of a collection's features that can be asked for.
pub fn schema(c: &Collection) -> Vec<Queryable<'_>> {
    let own = c.properties.iter().map(|p| (p.name.as_str(), Type::Of(p.kind.kind())));
    own.chain(COMMON).map(|(name, holds)| Queryable { name, holds }).collect()
}

impl Rest {
    /// Whether a feature passes.
    pub(super) fn holds(&self, f: &Feature) -> bool {
        self.asked.holds(&|t: &Test| t.holds(value(f, t.property, self.holds[t.property])))
    }

    /// The expression as text.
    pub(super) fn written(&self, c: &Collection) -> String {
        cql::written(&self.asked, &schema(c))
    }
}

/// The value of a property.
fn value(f: &Feature, property: usize, holds: Type) -> Scalar<'_> {
    if let Some(own) = f.values.get(property) {
        return match own {
            Value::Null => Scalar::Null,
            Value::Text(t) if holds == Type::Of(Kind::Instant) => {
                Instant::parse(t).map_or(Scalar::Null, Scalar::Instant)
            }
            Value::Text(t) => Scalar::Text(t),
            Value::Integer(i) if holds == Type::Of(Kind::Number) => Scalar::Number(*i as f64),
            Value::Integer(i) => Scalar::Integer(*i),
            Value::Number(n) => Scalar::Number(*n),
            Value::Boolean(b) => Scalar::Boolean(*b),
        };
    }
    match COMMON.get(property.wrapping_sub(f.values.len())).map(|(name, _)| *name) {
        Some("id") => Scalar::Integer(f.id as i64),
        Some("source") => Scalar::Text(&f.source),
        Some("source_id") => Scalar::Text(&f.source_id),
        Some("revision") => Scalar::Integer(f.revision.into()),
        Some("created_at") => Scalar::Instant(f.created),
        Some("updated_at") => Scalar::Instant(f.updated),
        _ => f.geometry.as_ref().map_or(Scalar::Null, Scalar::Shape),
    }
}

impl FeatureFilter {
    /// Adds the expression to what is asked, as with reports.
    pub(super) fn narrow(&mut self, asked: Expr<Test>, c: &Collection, lower: bool) -> Result<(), String> {
        let schema = schema(c);
        let asked = asked.try_map(&mut |t| known(t, c).map(Expr::Is))?;
        let parts = asked.into_parts().into_iter();
        let rest = parts.filter_map(|part| if lower { self.lower(part, c) } else { Some(part) });
        let asked = cql::simplified(Expr::All(rest.collect()), &schema);
        if !asked.is_yes() {
            self.rest = Some(Rest { asked, holds: schema.iter().map(|q| q.holds).collect() });
        }
        Ok(())
    }

    /// Takes a part that must hold as a parameter would say it; gives back what is left of it.
    fn lower(&mut self, part: Expr<Test>, c: &Collection) -> Option<Expr<Test>> {
        let Expr::Is(test) = part else { return Some(part) };
        if test.not || test.fold != cql::Fold::default() {
            return Some(Expr::Is(test));
        }
        let common = test.property.checked_sub(c.properties.len()).map(|i| COMMON[i].0);
        let code = c.properties.get(test.property).is_some_and(|p| matches!(p.kind, PropertyKind::Code(_)));
        // No parameter can say that nothing is left.
        let both = |before: Option<&Vec<String>>, found: Vec<String>| {
            let both: Vec<_> = found.into_iter().filter(|f| before.is_none_or(|b| b.contains(f))).collect();
            (!both.is_empty()).then_some(both)
        };
        match (&test.is, common) {
            (Is::OneOf(list), None) if code => {
                let at = self.codes.iter().position(|(at, _)| *at == test.property);
                let before = at.map(|i| &self.codes[i].1);
                let Some(both) = both(before, texts(list)) else { return Some(Expr::Is(test)) };
                match at {
                    Some(i) => self.codes[i].1 = both,
                    None => self.codes.push((test.property, both)),
                }
                self.codes.sort();
            }
            (Is::OneOf(list), Some("source")) if texts(list).iter().all(|s| plain(s)) => {
                let Some(both) = both(self.sources.as_ref(), texts(list)) else {
                    return Some(Expr::Is(test));
                };
                self.sources = Some(both);
            }
            (Is::Within(r), Some("updated_at")) => {
                let Some(both) = self.updated.unwrap_or(Interval::ALL).cut(r) else {
                    return Some(Expr::Is(test));
                };
                self.updated = Some(both);
            }
            (Is::Lies(Relation::Intersects, SpatialLiteral::Box(b)), _) if self.bbox.is_none() => {
                self.bbox = Some(*b);
            }
            _ => return Some(Expr::Is(test)),
        }
        None
    }
}

/// Whether a name stays itself in a list separated by commas.
fn plain(name: &str) -> bool {
    !name.contains(',') && name.trim() == name
}

fn texts(list: &[Literal]) -> Vec<String> {
    let text = |l: &Literal| if let Literal::Text(t) = l { Some(t.clone()) } else { None };
    list.iter().filter_map(text).collect()
}

/// A code that no feature can have is a fault, as it is in the parameter of that name.
fn known(test: Test, c: &Collection) -> Result<Test, String> {
    let property = c.properties.get(test.property);
    let (Some(PropertyKind::Code(codes)), Is::OneOf(list)) = (property.map(|p| &p.kind), &test.is) else {
        return Ok(test);
    };
    let all = || codes.iter().map(|c| c.code.as_str());
    let odd = texts(list).into_iter().find(|t| test.fold == cql::Fold::default() && all().all(|c| c != t));
    let Some(odd) = odd else { return Ok(test) };
    let hint = nearest(&odd, all()).map_or_else(
        || format!("valid: {}", all().collect::<Vec<_>>().join(", ")),
        |n| format!("did you mean {n}?"),
    );
    let name = property.map_or("", |p| p.name.as_str());
    Err(format!("“{name}” has no value {}; {hint}", quoted(&odd)))
}
