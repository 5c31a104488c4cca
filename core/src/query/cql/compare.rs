//! What a comparison of a property with a value means: the type of the property decides.

use super::expr::Expr;
use super::like::Fold;
use super::parse::{Fault, Parser, Value, any_value, opposite};
use super::test::{Is, Literal, Range, Test};
use super::{Dialect, Type};
use crate::domain::field::Kind;
use crate::query::datetime;

impl Parser<'_> {
    /// The test that a comparison makes; `at` is where its value stands.
    pub(super) fn compare(
        &self,
        p: usize,
        fold: Fold,
        op: &str,
        v: &Value,
        at: usize,
    ) -> Result<Expr<Test>, Fault> {
        let test = |is| Expr::Is(Test { fold, ..Test::new(p, is) });
        // What nothing passes, and every value passes its opposite.
        let within = |from, to| test(Range::new(from, to).map_or_else(|| Is::OneOf(Vec::new()), Is::Within));
        let holds = self.plain(p, at)?;
        if holds == Kind::Boolean && !matches!(op, "=" | "<>") {
            return Err((at, format!("“{}” is true or false: ask with = or <>", self.schema[p].name)));
        }
        if let (Kind::Integer, Value::Number(n, None)) = (holds, v)
            && beyond(*n)
        {
            let below = matches!((op, *n < 0.0), ("<" | "<=" | "<>", false) | (">" | ">=" | "<>", true));
            return Ok(if below { any_value(p) } else { test(Is::OneOf(Vec::new())) });
        }
        let (low, high) = self.values(p, fold, v, at)?;
        // Between the ends lies what was written: a day, or a number that is no whole one.
        Ok(match op {
            "=" if holds == Kind::Instant => within(Some((low, true)), Some((high, true))),
            "<>" if holds == Kind::Instant => opposite(within(Some((low, true)), Some((high, true)))),
            "=" | "<>" => {
                let list = if low == high { vec![low] } else { Vec::new() };
                let found = test(Is::OneOf(list));
                if op == "=" { found } else { opposite(found) }
            }
            "<" if holds == Kind::Integer && low != high => within(None, Some((low, true))),
            ">" if holds == Kind::Integer && low != high => within(Some((high, true)), None),
            "<=" if holds == Kind::Integer => within(None, Some((low, true))),
            ">=" if holds == Kind::Integer => within(Some((high, true)), None),
            "<" => within(None, Some((low, false))),
            "<=" => within(None, Some((high, true))),
            ">" => within(Some((high, false)), None),
            _ => within(Some((low, true)), None),
        })
    }

    /// The type of a property that has plain values.
    pub(super) fn plain(&self, p: usize, at: usize) -> Result<Kind, Fault> {
        self.valued(p, at)?;
        match self.schema[p].holds {
            Type::Of(kind) => Ok(kind),
            Type::Place => Err((
                at,
                format!("“{}” is a place: ask with a function like S_INTERSECTS", self.schema[p].name),
            )),
        }
    }

    /// Whether the value of a property can be asked for.
    pub(super) fn valued(&self, p: usize, at: usize) -> Result<(), Fault> {
        let q = &self.schema[p];
        if q.presence_only {
            return Err((at, format!("“{}” can only be asked for with IS NULL and IS NOT NULL", q.name)));
        }
        Ok(())
    }

    /// A value in the type of a property. Two where it stands for a stretch: the ends of a day, or the
    /// whole numbers around one that is none.
    pub(super) fn values(
        &self,
        p: usize,
        fold: Fold,
        v: &Value,
        at: usize,
    ) -> Result<(Literal, Literal), Fault> {
        let one = |l: Literal| Ok((l.clone(), l));
        match (self.plain(p, at)?, v) {
            (Kind::Text, Value::Text(t)) => one(Literal::Text(fold.of(t).into_owned())),
            (Kind::Boolean, Value::Boolean(b)) => one(Literal::Boolean(*b)),
            (Kind::Number, Value::Number(n, _)) => one(Literal::Number(*n)),
            (Kind::Integer, Value::Number(_, Some(i))) => one(Literal::Integer(*i)),
            // No whole number is there, on either side of which one could stand.
            (Kind::Integer, Value::Number(n, None)) if beyond(*n) => {
                Ok((Literal::Integer(i64::MIN), Literal::Integer(i64::MAX)))
            }
            (Kind::Integer, Value::Number(n, None)) => {
                Ok((Literal::Integer(n.floor() as i64), Literal::Integer(n.ceil() as i64)))
            }
            (Kind::Boolean, Value::Number(_, Some(n @ (0 | 1)))) if self.dialect == Dialect::Before => {
                one(Literal::Boolean(*n == 1))
            }
            (Kind::Instant, Value::Text(t)) if self.dialect == Dialect::Before => {
                let i = datetime::spelt(t).ok_or_else(|| {
                    let right = "a time like 2026-01-31T08:30:00Z or 2026/01/31 08:30:00, which is UTC";
                    (at, format!("“{}” must be compared with {right}", self.schema[p].name))
                })?;
                Ok((Literal::Instant(i.from), Literal::Instant(i.to)))
            }
            (Kind::Instant, Value::Moment(i)) => Ok((Literal::Instant(i.from), Literal::Instant(i.to))),
            (kind, _) => {
                let right = match kind {
                    Kind::Text => "a text in single quotes",
                    Kind::Boolean => "TRUE or FALSE",
                    Kind::Number | Kind::Integer => "a number",
                    Kind::Instant => "TIMESTAMP('…') or DATE('…')",
                };
                Err((at, format!("“{}” must be compared with {right}", self.schema[p].name)))
            }
        }
    }
}

/// Whether a number lies beyond all whole numbers that a property can hold.
fn beyond(n: f64) -> bool {
    // Both are whole powers of two: exact.
    !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&n)
}

/// The comparison with its sides exchanged.
pub(super) fn turned(op: &'static str) -> &'static str {
    match op {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        other => other,
    }
}
