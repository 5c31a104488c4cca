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

/// Bytes of an expression in an address, as it comes and in its normal form.
pub const MAX_BYTES: usize = 4096;
/// Bytes of a longer one, which comes in a body; the texts of its shapes are not counted.
pub const MAX_LONG_BYTES: usize = 64 * 1024;
/// Corners of all shapes of an expression.
pub const MAX_VERTICES: usize = 10_000;
/// Parentheses and negations inside each other.
const MAX_DEPTH: usize = 16;
/// Tests and values of lists; and of a longer expression.
const MAX_NODES: usize = 256;
const MAX_LONG_NODES: usize = 4_096;

/// The parameters that carry an expression.
pub const PARAMS: [&str; 3] = ["filter", "filter-lang", "filter-crs"];
/// The languages that `filter-lang` names; JSON is turned into text at the door.
pub const LANGUAGES: [&str; 3] = ["cql2-text", "cql2-json", "cql-text"];

/// How a text is to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// CQL2 Text.
    #[default]
    Text,
    /// CQL2 JSON as text, with marks that say where in the JSON its words stood.
    Json,
    /// What clients of before CQL2 send, GDAL among them: also `ILIKE`, `!=`, times and truth values as texts
    /// and numbers.
    Before,
}

/// Begins and ends a mark: where in a JSON document the next word stood (RFC 6901).
pub const MARK: (char, char) = ('\u{1}', '\u{2}');

/// A text without its marks.
pub fn unmarked(text: &str) -> String {
    let parts = text.split(MARK.0).enumerate();
    parts
        .map(|(i, part)| if i == 0 { part } else { part.split_once(MARK.1).map_or("", |(_, rest)| rest) })
        .collect()
}
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
    let dialect = match get("filter-lang") {
        None => Dialect::Text,
        Some(language) if language == LANGUAGES[0] => Dialect::Text,
        Some(language) if language == LANGUAGES[1] => Dialect::Json,
        Some(language) if language == LANGUAGES[2] => Dialect::Before,
        Some(_) => {
            faults.push(Violation::new("filter-lang", format!("must be {}", LANGUAGES.join(" or "))));
            Dialect::Text
        }
    };
    if get("filter-crs").is_some_and(|crs| crs != CRS84) {
        faults.push(Violation::new("filter-crs", format!("must be {CRS84}: longitude before latitude")));
    }
    let read = match get("filter") {
        Some(text) if faults.is_empty() => parse_as(text, dialect, schema).map(Some),
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
    parse_as(text, Dialect::Text, schema)
}

/// The same of a text in a dialect.
///
/// # Errors
/// What is wrong, where, and what would be right.
pub fn parse_as(text: &str, dialect: Dialect, schema: &[Queryable<'_>]) -> Result<Expr<Test>, String> {
    // The marks of JSON are ours and are not counted.
    let length = if dialect == Dialect::Json { unmarked(text).len() } else { text.len() };
    let expr = simplified(parse::parse(text, (dialect, length), schema)?, schema);
    if length > MAX_BYTES { deep(expr) } else { checked(expr, schema) }
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
    deep(expr)
}

/// Bounds the depth of a normal form.
pub(super) fn deep(expr: Expr<Test>) -> Result<Expr<Test>, String> {
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
    let names = || schema.iter().filter(|q| !q.presence_only).map(|q| q.name);
    let hint = nearest(name, names()).map_or_else(
        || format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        |n| format!("did you mean {n}?"),
    );
    format!("“{shown}” is no property that can be asked for; {hint}")
}
