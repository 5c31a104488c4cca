//! One test of one property, and the evaluator that decides it. A missing value passes no test but
//! `IS NULL`, whatever the test or its opposite says.

use std::borrow::Cow;
use std::cmp::Ordering;

use geo::Geometry;

use super::expr::Expr;
use super::like::{Fold, Pattern};
use super::spatial::{Relation, SpatialLiteral};
use crate::domain::Instant;
use crate::geo::LonLat;

/// A test of one property.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The property, by its position among those that can be asked for.
    pub property: usize,
    /// What is folded away of its text; the values of the test are folded already.
    pub fold: Fold,
    /// Whether the opposite is asked.
    pub not: bool,
    /// What is asked.
    pub is: Is,
}

/// What is asked of a property.
#[derive(Clone, Debug, PartialEq)]
pub enum Is {
    /// It has no value.
    Null,
    /// It has one of these, ascending, each once; never an instant.
    OneOf(Vec<Literal>),
    /// Its value lies in a range.
    Within(Range),
    /// Its text fits a pattern.
    Like(Pattern),
    /// Its place or shape lies so to a ground.
    Lies(Relation, SpatialLiteral),
}

/// A value of a test; all of one test have the type of the property.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// An instant.
    Instant(Instant),
    /// A text in NFC.
    Text(String),
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// None.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// An instant.
    Instant(Instant),
    /// A text.
    Text(&'a str),
    /// A stretch of time, from its first instant until just before its last.
    Span(Instant, Instant),
    /// A place.
    Point(LonLat),
    /// A shape.
    Shape(&'a Geometry<f64>),
}

/// A range of values with at least one end, and no gap in it. Ends of whole numbers and instants are
/// always inside.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Where it begins and whether that is inside.
    pub from: Option<(Literal, bool)>,
    /// Where it ends and whether that is inside.
    pub to: Option<(Literal, bool)>,
}

impl Literal {
    /// As a value.
    pub fn scalar(&self) -> Scalar<'_> {
        match self {
            Self::Boolean(b) => Scalar::Boolean(*b),
            Self::Integer(i) => Scalar::Integer(*i),
            Self::Number(n) => Scalar::Number(*n),
            Self::Instant(t) => Scalar::Instant(*t),
            Self::Text(t) => Scalar::Text(t),
        }
    }

    /// The order of values of one type.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        order(self.scalar(), other.scalar()).unwrap_or(Ordering::Equal)
    }

    /// A whole number or milliseconds.
    pub fn whole(&self) -> Option<i64> {
        match self {
            Self::Integer(i) => Some(*i),
            Self::Instant(t) => Some(t.ms()),
            _ => None,
        }
    }

    /// The next value of its type in a direction, where there is one.
    fn beside(&self, step: i64) -> Option<Self> {
        match self {
            Self::Integer(i) => i.checked_add(step).map(Self::Integer),
            Self::Instant(t) => {
                let next = Instant::from_ms(t.ms().saturating_add(step));
                (next != *t).then_some(Self::Instant(next))
            }
            _ => None,
        }
    }
}

/// The order of two values of one type; texts by code points.
fn order(a: Scalar<'_>, b: Scalar<'_>) -> Option<Ordering> {
    match (a, b) {
        (Scalar::Boolean(a), Scalar::Boolean(b)) => Some(a.cmp(&b)),
        (Scalar::Integer(a), Scalar::Integer(b)) => Some(a.cmp(&b)),
        (Scalar::Number(a), Scalar::Number(b)) => a.partial_cmp(&b),
        (Scalar::Instant(a), Scalar::Instant(b)) => Some(a.cmp(&b)),
        (Scalar::Text(a), Scalar::Text(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

impl Is {
    /// Any of these values, in any order.
    pub fn one_of(mut list: Vec<Literal>) -> Self {
        list.sort_by(Literal::order);
        list.dedup();
        Self::OneOf(list)
    }
}

impl Test {
    /// A test that folds nothing away.
    pub const fn new(property: usize, is: Is) -> Self {
        Self { property, fold: Fold { case: false, accent: false }, not: false, is }
    }

    /// The one evaluator of tests.
    pub fn holds(&self, value: Scalar<'_>) -> bool {
        if value == Scalar::Null || self.is == Is::Null {
            return self.is == Is::Null && (value == Scalar::Null) != self.not;
        }
        let folded;
        let value = match value {
            Scalar::Text(t) => {
                folded = self.fold.of(t);
                Scalar::Text(match &folded {
                    Cow::Borrowed(t) => t,
                    Cow::Owned(t) => t,
                })
            }
            other => other,
        };
        let found = match (&self.is, value) {
            (Is::Null, _) => false,
            (Is::OneOf(list), v) => {
                list.binary_search_by(|l| order(l.scalar(), v).unwrap_or(Ordering::Less)).is_ok()
            }
            (Is::Within(range), Scalar::Span(from, to)) => range.overlaps(from, to),
            (Is::Within(range), v) => range.contains(v),
            (Is::Like(pattern), Scalar::Text(t)) => pattern.fits(t),
            (Is::Lies(relation, ground), Scalar::Point(p)) => relation.of_point(p, ground),
            (Is::Lies(relation, ground), Scalar::Shape(g)) => relation.of_shape(g, ground),
            (Is::Like(_) | Is::Lies(..), _) => return false,
        };
        found != self.not
    }

    /// The opposite of it.
    pub(super) fn opposite(self) -> Expr<Self> {
        let other = |is| Expr::Is(Self { property: self.property, fold: self.fold, not: false, is });
        match &self.is {
            Is::Within(r) if r.from.is_none() && r.to.is_none() => other(Is::OneOf(Vec::new())),
            Is::Within(r) => {
                let below = r.from.clone().and_then(|(v, inside)| Range::new(None, Some((v, !inside))));
                let above = r.to.clone().and_then(|(v, inside)| Range::new(Some((v, !inside)), None));
                let mut parts: Vec<_> =
                    [below, above].into_iter().flatten().map(|r| other(Is::Within(r))).collect();
                if parts.len() == 1 { parts.remove(0) } else { Expr::Any(parts) }
            }
            Is::OneOf(list) if matches!(list[..], [Literal::Boolean(_)]) => {
                let Literal::Boolean(b) = list[0] else { unreachable!("just matched") };
                other(Is::OneOf(vec![Literal::Boolean(!b)]))
            }
            _ => Expr::Is(Self { not: !self.not, ..self }),
        }
    }
}

impl Range {
    /// A range; none if it holds nothing. It needs at least one end.
    pub fn new(from: Option<(Literal, bool)>, to: Option<(Literal, bool)>) -> Option<Self> {
        // Whole numbers and instants have neighbours: an end that is outside is one that is inside. Beyond
        // the last one lies nothing.
        let inside = |end: Option<(Literal, bool)>, step: i64| match end {
            Some((v, false)) if v.whole().is_some() => v.beside(step).map(|next| Some((next, true))),
            end => Some(end),
        };
        let range = Self { from: inside(from, 1)?, to: inside(to, -1)? };
        let empty = match (&range.from, &range.to) {
            (Some((a, a_in)), Some((b, b_in))) => match a.order(b) {
                Ordering::Less => false,
                Ordering::Equal => !(a_in & b_in),
                Ordering::Greater => true,
            },
            _ => false,
        };
        (!empty).then_some(range)
    }

    /// Whether a value lies inside.
    pub(super) fn contains(&self, v: Scalar<'_>) -> bool {
        let after = |(a, inside): &(Literal, bool)| match order(a.scalar(), v) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => *inside,
            _ => false,
        };
        let before = |(b, inside): &(Literal, bool)| match order(v, b.scalar()) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => *inside,
            _ => false,
        };
        self.from.as_ref().is_none_or(after) && self.to.as_ref().is_none_or(before)
    }

    /// Whether it has an instant in common with a stretch that ends just before `to`.
    fn overlaps(&self, from: Instant, to: Instant) -> bool {
        let (first, last) = self.whole().unwrap_or((i64::MIN, i64::MAX));
        from.ms() <= last && first < to.ms()
    }

    /// What lies in both; none if nothing does.
    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        let later = pick(self.from.as_ref(), other.from.as_ref(), Ordering::Greater, false);
        let earlier = pick(self.to.as_ref(), other.to.as_ref(), Ordering::Less, false);
        Self::new(later, earlier)
    }

    /// What lies in one of both, if there is no gap between them; without ends where all values do.
    pub(super) fn join(&self, other: &Self) -> Option<Self> {
        let touch = |a: &Self, b: &Self| match (&a.to, &b.from) {
            (Some((a, a_in)), Some((b, b_in))) => match a.order(b) {
                Ordering::Greater => true,
                Ordering::Equal => a_in | b_in,
                Ordering::Less => a.beside(1).is_some_and(|next| next.order(b) == Ordering::Equal),
            },
            _ => true,
        };
        (touch(self, other) && touch(other, self)).then(|| Self {
            from: self
                .from
                .as_ref()
                .and(other.from.as_ref())
                .and_then(|_| pick(self.from.as_ref(), other.from.as_ref(), Ordering::Less, true)),
            to: self
                .to
                .as_ref()
                .and(other.to.as_ref())
                .and_then(|_| pick(self.to.as_ref(), other.to.as_ref(), Ordering::Greater, true)),
        })
    }

    /// Both ends as whole numbers or milliseconds; a missing one is the last there is.
    pub fn whole(&self) -> Option<(i64, i64)> {
        let end = |e: &Option<(Literal, bool)>, open| e.as_ref().map_or(Some(open), |(v, _)| v.whole());
        Some((end(&self.from, i64::MIN)?, end(&self.to, i64::MAX)?))
    }
}

/// The end that is before or after the other; of equal ones that which is inside, or outside.
fn pick(
    a: Option<&(Literal, bool)>,
    b: Option<&(Literal, bool)>,
    wanted: Ordering,
    inside: bool,
) -> Option<(Literal, bool)> {
    let (Some((x, x_in)), Some((y, y_in))) = (a, b) else { return a.or(b).cloned() };
    let order = x.order(y);
    if order == Ordering::Equal {
        return Some((x.clone(), if inside { x_in | y_in } else { x_in & y_in }));
    }
    if order == wanted { a.cloned() } else { b.cloned() }
}
