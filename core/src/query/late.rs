//! What is late, as a test of what rows hold: a clock that has run out is a state, a category, a level and a moment
//! before which a report came. Not here: the clocks themselves (`domain::clocks`).

use super::cql::{Expr, Is, Literal, Range, Test};
use super::filter::RowTest;
use super::{CodeSet, Schema};
use crate::domain::clocks::{Clock, Clocks, Limits, Until};
use crate::domain::field::NO_CATEGORY;
use crate::domain::report::Level;
use crate::domain::{Instant, State, Status};

/// The fields that clocks depend on, by their positions in a schema.
struct Fields<'a> {
    schema: &'a Schema<'a>,
    state: usize,
    level: usize,
    category: usize,
    created: usize,
    due: usize,
}

impl<'a> Fields<'a> {
    /// None where a schema has no reports in it.
    fn of(schema: &'a Schema<'a>) -> Option<Self> {
        Some(Self {
            schema,
            state: schema.position("state")?,
            level: schema.position("level")?,
            category: schema.position("category")?,
            created: schema.position("created_at")?,
            due: schema.position("due_at")?,
        })
    }

    fn value(&self, property: usize, is: Is) -> Expr<RowTest> {
        Expr::Is(RowTest::Value(self.schema.get(property).holds, Test::new(property, is)))
    }

    /// Before a moment; or not, which what has no value is too.
    fn before(&self, property: usize, moment: Instant, is: bool) -> Expr<RowTest> {
        let moment = Literal::Instant(moment);
        let (from, to) = if is { (None, Some((moment, false))) } else { (Some((moment, true)), None) };
        let range = Range::new(from, to).map_or_else(|| Is::OneOf(Vec::new()), Is::Within);
        let range = self.value(property, range);
        if is { range } else { Expr::Any(vec![range, self.value(property, Is::Null)]) }
    }
}

/// One of these codes; or another one.
fn coded(property: usize, codes: Vec<u16>, all: impl Iterator<Item = u16>, is: bool) -> Expr<RowTest> {
    let codes: CodeSet = codes.into_iter().collect();
    let codes = if is { codes } else { all.filter(|c| !codes.contains(*c)).collect() };
    Expr::Is(RowTest::Code(property, codes))
}

/// All of these; or not all of them, where each part says its opposite already.
fn all(parts: Vec<Expr<RowTest>>, is: bool) -> Expr<RowTest> {
    if is { Expr::All(parts) } else { Expr::Any(parts) }
}

fn in_state(fields: &Fields<'_>, states: impl Iterator<Item = State>, is: bool) -> Expr<RowTest> {
    coded(fields.state, states.map(|s| s as u16).collect(), State::ALL.into_iter().map(|s| s as u16), is)
}

/// Open, and due before that moment; or not.
pub(super) fn overdue(is: bool, schema: &Schema<'_>, as_of: Instant) -> Expr<RowTest> {
    let Some(fields) = Fields::of(schema) else { return Expr::no() };
    let open = State::ALL.into_iter().filter(|s| s.status() == Status::Open);
    all(vec![in_state(&fields, open, is), fields.before(fields.due, as_of, is)], is)
}

/// Whether one of some clocks has run out by that moment; or none of them.
pub(super) fn late(
    run_out: &[&Clock],
    clocks: &Clocks,
    is: bool,
    schema: &Schema<'_>,
    as_of: Instant,
) -> Expr<RowTest> {
    let Some(fields) = Fields::of(schema) else { return Expr::no() };
    let one = |clock: &&Clock| {
        let state = in_state(&fields, clock.states.iter().copied(), is);
        let due = match &clock.until {
            Until::Due => fields.before(fields.due, as_of, is),
            Until::Since(limits) => since(limits, clocks, is, &fields, as_of),
        };
        all(vec![state, due], is)
    };
    // Any of them; of none, all their opposites.
    all(run_out.iter().map(one).collect(), !is)
}

/// Received so long ago that the limit is over.
fn since(limits: &Limits, clocks: &Clocks, is: bool, fields: &Fields<'_>, as_of: Instant) -> Expr<RowTest> {
    let count = limits.categories();
    let code = |i: usize| if i < count { i as u16 } else { u16::from(NO_CATEGORY) };
    let mut parts = Vec::new();
    for limit in limits.all() {
        let ago = fields.before(fields.created, limit.first_in_time(as_of, &clocks.office), is);
        // Levels that have it for the same categories are asked for together.
        let mut by_categories: Vec<(Vec<usize>, Vec<Level>)> = Vec::new();
        for level in Level::ALL {
            let categories: Vec<usize> = limits.having(limit, level).collect();
            match by_categories.iter_mut().find(|(same, _)| *same == categories) {
                Some((_, levels)) => levels.push(level),
                None => by_categories.push((categories, vec![level])),
            }
        }
        for (categories, levels) in by_categories.into_iter().filter(|(categories, _)| !categories.is_empty())
        {
            let mut part = vec![ago.clone()];
            if levels.len() < Level::ALL.len() {
                let codes = levels.iter().map(|l| *l as u16).collect();
                part.push(coded(fields.level, codes, Level::ALL.into_iter().map(|l| l as u16), is));
            }
            if categories.len() <= count {
                let codes = categories.into_iter().map(code).collect();
                part.push(coded(fields.category, codes, (0..=count).map(code), is));
            }
            parts.push(all(part, is));
        }
    }
    all(parts, !is)
}
