//! A filter: what is asked in its normal form, and the same for rows, with names already turned into
//! codes. Its one evaluator decides; SQL and the map may be quicker, never different.

use std::marker::PhantomData;

use super::asked::Asked;
use super::cql::{Expr, Is, Literal, Relation, Scalar, SpatialLiteral, Test};
use super::late::{late, overdue};
use super::{CodeSet, Schema, cql};
use crate::domain::clocks::Clock;
use crate::domain::field::{Derived, NO_WARD, Type, Vocabulary};
use crate::domain::view::MapRow;
use crate::domain::{CodeBook, Instant};
use crate::geo::Bbox;

/// Which rows of one kind (reports, features) are asked for. The default asks for all.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter<R = MapRow> {
    pub(super) asked: Asked,
    rows: Expr<RowTest>,
    /// The moment that it asks about, if it does.
    as_of: Option<Instant>,
    of: PhantomData<fn(&R)>,
}

/// A test of one row; properties by their position in the schema.
#[derive(Clone, Debug, PartialEq)]
pub enum RowTest {
    /// The code of a property, or one of its codes, is one of these.
    Code(usize, CodeSet),
    /// The value, which is of this type, passes this test.
    Value(Type, Test),
}

/// What a filter decides about.
pub trait Row {
    /// The value of a property that rows hold as a value of this type.
    fn value(&self, property: usize, holds: Type) -> Scalar<'_>;
    /// Whether the code of a property that rows hold as a code, or one of its codes, is one of these.
    fn has(&self, property: usize, codes: &CodeSet) -> bool;
}

impl RowTest {
    /// Whether a row passes.
    pub fn holds(&self, row: &impl Row) -> bool {
        match self {
            Self::Code(property, codes) => row.has(*property, codes),
            Self::Value(holds, test) => test.holds(row.value(test.property, *holds)),
        }
    }

    /// The property that it asks about.
    pub fn property(&self) -> usize {
        match self {
            Self::Code(property, _) => *property,
            Self::Value(_, test) => test.property,
        }
    }

    /// Places are looked at last: that takes longest.
    fn is_place(&self) -> bool {
        matches!(self, Self::Value(_, Test { is: Is::Lies(..), .. }))
    }
}

impl<R> Default for Filter<R> {
    fn default() -> Self {
        Self { asked: Asked::default(), rows: Expr::yes(), as_of: None, of: PhantomData }
    }
}

impl<R> Filter<R> {
    /// Binds what is asked to the codes of one moment.
    pub(super) fn bind(asked: Asked, schema: &Schema<'_>, codebook: &CodeBook, as_of: Instant) -> Self {
        let mut timed = false;
        let mut bind = |test: Test| {
            timed |= matches!(schema.get(test.property).derived, Some(Derived::Overdue | Derived::Late));
            Ok::<_, std::convert::Infallible>(bound(test, schema, codebook, as_of))
        };
        let all = asked.said.iter().cloned().map(Expr::Is).chain(asked.rest.clone().into_parts());
        let Ok(rows) = Expr::All(all.collect()).try_map(&mut bind);
        // In one row, so that whoever looks for a box sees it.
        let mut parts: Vec<_> = rows.into_parts().into_iter().flat_map(Expr::into_parts).collect();
        parts.sort_by_key(|p| matches!(p, Expr::Is(t) if t.is_place()));
        Self { asked, rows: Expr::All(parts), as_of: timed.then_some(as_of), of: PhantomData }
    }

    /// Whether every row matches.
    pub fn is_all(&self) -> bool {
        self.rows.is_yes()
    }

    /// Whether parameters say all of it.
    pub fn is_plain(&self) -> bool {
        self.asked.rest.is_yes()
    }

    /// All that is asked, as tests of rows that must all hold.
    pub fn rows(&self) -> &Expr<RowTest> {
        &self.rows
    }

    /// The one evaluator: whether a row passes.
    pub fn passes(&self, row: &impl Row) -> bool {
        self.rows.holds(&|t| t.holds(row))
    }

    /// The moment that it asks about, if the answer depends on one.
    pub fn as_of(&self) -> Option<Instant> {
        self.as_of
    }

    /// A box that every row lies in or meets, if it asks for one.
    pub fn bbox(&self) -> Option<Bbox> {
        self.parts().find_map(|t| match t {
            RowTest::Value(
                _,
                Test { is: Is::Lies(Relation::Intersects, SpatialLiteral::Box(b)), not: false, .. },
            ) => Some(*b),
            _ => None,
        })
    }

    /// The tests that must hold by themselves.
    fn parts(&self) -> impl Iterator<Item = &RowTest> {
        let parts = if let Expr::All(parts) = &self.rows { &parts[..] } else { &[] };
        parts.iter().filter_map(|p| if let Expr::Is(t) = p { Some(t) } else { None })
    }

    /// The codes of a property among which that of every row must be; none for any.
    pub(super) fn codes(&self, property: usize) -> Option<CodeSet> {
        let sets = self.parts().filter_map(|t| match t {
            RowTest::Code(p, codes) if *p == property => Some(codes.clone()),
            _ => None,
        });
        sets.reduce(|a, b| a.meet(&b))
    }

    /// The filter under what a feed or a layer is bound to. Its normal form stays that of what was asked.
    #[must_use]
    pub(super) fn bound_to(&self, test: RowTest) -> Self
    where
        R: Clone,
    {
        let mut out = self.clone();
        if let Expr::All(parts) = &mut out.rows {
            parts.insert(0, Expr::Is(test));
        }
        out
    }

    /// The filter without what it says of a property by itself.
    #[must_use]
    pub(super) fn without(&self, property: usize) -> Self
    where
        R: Clone,
    {
        let mut out = self.clone();
        out.asked.said.retain(|t| t.property != property);
        if let Expr::All(parts) = &mut out.rows {
            parts.retain(|p| !matches!(p, Expr::Is(t) if t.property() == property));
        }
        out
    }
}

/// What a test means for a row.
fn bound(test: Test, schema: &Schema<'_>, codebook: &CodeBook, as_of: Instant) -> Expr<RowTest> {
    let q = schema.get(test.property);
    if test.is == Is::Null && !q.nullable {
        return if test.not { Expr::yes() } else { Expr::no() };
    }
    match q.derived {
        None => {}
        Some(Derived::With(other)) => {
            let Some(property) = schema.position(other) else { return Expr::no() };
            return bound(Test { property, ..test }, schema, codebook, as_of);
        }
        Some(Derived::Overdue) => {
            let one = |is: bool| {
                if test.holds(Scalar::Boolean(is)) { overdue(is, schema, as_of) } else { Expr::no() }
            };
            let (late, other) = (one(true), one(false));
            return match (late.is_no(), other.is_no()) {
                (_, true) => late,
                (true, _) => other,
                _ => Expr::yes(),
            };
        }
        Some(Derived::Late) => {
            // A report may be late by several clocks, so one of those that the test names is asked for, or none.
            let Some(clocks) = &codebook.clocks else { return Expr::no() };
            let (none, named) = match &test.is {
                Is::Null => (!test.not, Test { is: Is::Null, not: true, ..test.clone() }),
                _ => (test.not, Test { not: false, ..test.clone() }),
            };
            let passes = |clock: &&Clock| named.holds(Scalar::Text(&clock.code));
            let run_out: Vec<&Clock> = clocks.list.iter().filter(passes).collect();
            return late(&run_out, clocks, !none, schema, as_of);
        }
        Some(Derived::Groups { of, group, .. }) => {
            let Some(property) = schema.position(of) else { return Expr::no() };
            let count = schema.get(property).vocabulary.count(codebook).unwrap_or(0);
            let passing = (0..count).filter(|i| test.holds(Scalar::Text(group(*i))));
            return Expr::Is(RowTest::Code(property, passing.map(|i| i as u16).collect()));
        }
    }
    let Some(count) = q.vocabulary.count(codebook) else { return Expr::Is(RowTest::Value(q.holds, test)) };
    let codes = match &test.is {
        Is::Null if test.not => (0..count as u16).collect(),
        Is::Null => CodeSet::from_iter([NO_WARD]),
        Is::OneOf(list) if !test.not && test.fold == cql::Fold::default() => {
            let text = |l: &Literal| if let Literal::Text(t) = l { Some(t.clone()) } else { None };
            list.iter().filter_map(|l| q.vocabulary.read(&text(l)?, codebook).ok()).collect()
        }
        is => {
            // Exact names are written in one way by now; patterns are about what people write.
            let exact = matches!(is, Is::OneOf(_)) && test.fold == cql::Fold::default();
            let name = |i: usize| {
                if exact { q.vocabulary.name(i, codebook) } else { q.vocabulary.word(i, codebook) }
            };
            let passing = (0..count).filter(|i| name(*i).is_some_and(|n| test.holds(Scalar::Text(&n))));
            passing.map(|i| i as u16).collect()
        }
    };
    Expr::Is(RowTest::Code(test.property, codes))
}

/// Whether rows hold the codes of a vocabulary by their positions.
pub(super) fn is_positional(vocabulary: Vocabulary<'_>) -> bool {
    !matches!(vocabulary, Vocabulary::Free | Vocabulary::Choices(_))
}
