//! CQL2 (OGC 21-065r2): the part of it that can be asked here, from its text to tests that one
//! evaluator decides, and back to one text for all ways of asking the same.
//!
//! Comparisons, `LIKE`, `BETWEEN`, `IN`, `IS NULL`, `AND`/`OR`/`NOT`, `CASEI`, `ACCENTI`, the spatial
//! functions and those of time for instants; a property is compared with values, not with another one.
//! Negations are pushed down to the tests while reading, so that a missing value need not be told from
//! a test that fails: with only `AND` and `OR` above, both leave the row out.
//! Not here: which properties there are (`schema`), JSON (`format::cql2_json`).

mod compare;
mod expr;
mod functions;
mod lex;
mod like;
mod parse;
mod simplify;
mod spatial;
mod test;
mod write;

#[cfg(test)]
mod laws;

pub use expr::Expr;
pub use like::{Fold, Pattern};
pub use spatial::{Relation, SpatialLiteral};
pub use test::{Is, Literal, Range, Scalar, Test};

pub use super::schema::Queryable;
pub use crate::domain::field::Type;

use crate::domain::{Violation, nearest};

/// Bytes of an expression, as it comes and in its normal form.
pub const MAX_BYTES: usize = 4096;
/// Parentheses and negations inside each other.
const MAX_DEPTH: usize = 16;
/// Tests and values of lists.
const MAX_NODES: usize = 256;

/// The parameters that carry an expression.
pub const PARAMS: [&str; 3] = ["filter", "filter-lang", "filter-crs"];
/// The languages that `filter-lang` names; JSON is turned into text at the door.
pub const LANGUAGES: [&str; 2] = ["cql2-text", "cql2-json"];
/// The one system of coordinates of an expression.
pub const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// The expression that the parameters carry over these properties, in its normal form; tests name
/// properties by their position. None when they carry none.
///
/// # Errors
/// All faults, each with its parameter's name.
pub fn read(
    pairs: &[(String, String)],
    schema: &[Queryable<'_>],
) -> Result<Option<Expr<Test>>, Vec<Violation>> {
    let mut faults = Vec::new();
    let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    if let Some(language) = get("filter-lang")
        && language != LANGUAGES[0]
    {
        faults.push(Violation::new("filter-lang", format!("must be {}", LANGUAGES.join(" or "))));
    }
    if get("filter-crs").is_some_and(|crs| crs != CRS84) {
        faults.push(Violation::new("filter-crs", format!("must be {CRS84}: longitude before latitude")));
    }
    let read = match get("filter") {
        Some(text) if faults.is_empty() => parse(text, schema).map(Some),
        _ => Ok(None),
    };
    match read {
        Ok(expr) if faults.is_empty() => Ok(expr),
        Ok(_) => Err(faults),
        Err(detail) => Err(vec![Violation::new("filter", detail)]),
    }
}

/// Reads an expression over these properties into its normal form.
///
/// # Errors
/// What is wrong, where, and what would be right.
pub fn parse(text: &str, schema: &[Queryable<'_>]) -> Result<Expr<Test>, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("must have at most {MAX_BYTES} bytes"));
    }
    checked(simplified(parse::parse(text, schema)?, schema), schema)
}

/// Brings an expression into its normal form.
pub(super) fn simplified(expr: Expr<Test>, schema: &[Queryable<'_>]) -> Expr<Test> {
    simplify::simplify(expr, schema)
}

/// What two tests of one property make together where both must hold, if that is one test or plain.
pub(super) fn both(a: &Test, b: &Test) -> Option<Expr<Test>> {
    simplify::both(a, b)
}

/// Bounds a normal form as what comes is bounded: what was short may be long in full, and a link must
/// be readable.
pub(super) fn checked(expr: Expr<Test>, schema: &[Queryable<'_>]) -> Result<Expr<Test>, String> {
    if written(&expr, schema).len() > MAX_BYTES {
        return Err(format!("must have at most {MAX_BYTES} bytes, also in its normal form"));
    }
    if expr.depth() > MAX_DEPTH {
        return Err(format!("must not be nested deeper than {MAX_DEPTH}, also in its normal form"));
    }
    Ok(expr)
}

/// The text of an expression: of one in normal form, the one text for all ways of asking the same.
pub fn written(expr: &Expr<Test>, schema: &[Queryable<'_>]) -> String {
    write::expr(expr, schema)
}

/// Says that no property has this name, and which one may be meant.
fn unknown(name: &str, schema: &[Queryable<'_>]) -> String {
    let shown: String = name.chars().take(40).collect();
    let names = || schema.iter().map(|q| q.name);
    let hint = nearest(name, names()).map_or_else(
        || format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        |n| format!("did you mean {n}?"),
    );
    format!("“{shown}” is no property that can be asked for; {hint}")
}
