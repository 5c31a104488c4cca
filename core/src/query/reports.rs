//! By what reports can be asked for in CQL2, and what a test of a name means for a row of the map: tests
//! of codes become sets of codes, so that nobody compares names row by row.

use std::sync::LazyLock;

use super::cql::{self, Expr, Is, Literal, Queryable, Range, Relation, Scalar, SpatialLiteral, Test, Type};
use super::params::{body, category, state, status, ward};
use super::{CodeSet, Filter, Interval};
use crate::domain::field::{ASKED_BESIDE, Ask, REPORT};
use crate::domain::view::{MapRow, NO_WARD};
use crate::domain::{CodeBook, Instant, State, Status};
use crate::geo::Bbox;

/// A test of one row of the map.
#[derive(Clone, Debug, PartialEq)]
pub enum RowTest {
    /// The code is one of these.
    Code(Coded, CodeSet),
    /// The value passes this test.
    Value(Valued, Test),
}

/// What a row knows as a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coded {
    /// Position of the category.
    Category,
    /// Code of the state.
    State,
    /// Position of the ward; `NO_WARD` for none.
    Ward,
    /// Position of the body.
    Body,
}

/// What a row knows as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Valued {
    /// The public point.
    Place,
    /// The public id.
    Id,
    /// How many people support it.
    Votes,
    /// When it was received.
    Created,
    /// When it last changed.
    Updated,
    /// When an answer is due.
    Due,
}

/// What no parameter says: the expression in its normal form, and the same for rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    pub(super) asked: Expr<Test>,
    pub(super) rows: Expr<RowTest>,
    /// The moment that it asks about, if it does.
    pub(super) as_of: Option<Instant>,
}

static SCHEMA: LazyLock<(Vec<Queryable<'static>>, Vec<Ask>)> = LazyLock::new(|| {
    let fields = REPORT.iter().filter_map(|f| Some((f.name, Some(f.kind), f.ask?)));
    let all = ASKED_BESIDE.into_iter().chain(fields);
    all.map(|(name, kind, ask)| (Queryable { name, holds: kind.map_or(Type::Place, Type::Of) }, ask)).unzip()
});

/// The properties of reports that can be asked for: all that the live map knows.
pub fn schema() -> &'static [Queryable<'static>] {
    &SCHEMA.0
}

impl RowTest {
    /// Whether a row passes.
    pub fn holds(&self, row: &MapRow) -> bool {
        match self {
            Self::Code(coded, set) => set.contains(match coded {
                Coded::Category => row.category.into(),
                Coded::State => row.state as u16,
                Coded::Ward => row.ward,
                Coded::Body => row.body,
            }),
            Self::Value(valued, test) => test.holds(match valued {
                Valued::Place => row.point.map_or(Scalar::Null, Scalar::Point),
                Valued::Id => Scalar::Integer(row.id as i64),
                Valued::Votes => Scalar::Integer(row.votes.into()),
                Valued::Created => Scalar::Instant(row.created),
                Valued::Updated => Scalar::Instant(row.updated),
                Valued::Due => row.due.map_or(Scalar::Null, Scalar::Instant),
            }),
        }
    }
}

impl Filter {
    /// Adds the expression to what is asked. Its parts that a parameter can say too are taken as if it had
    /// said them, if `lower`: so that both ways of asking have one normal form.
    pub(super) fn narrow(
        &mut self,
        asked: Expr<Test>,
        codebook: &CodeBook,
        as_of: Instant,
        lower: bool,
    ) -> Result<(), String> {
        let named = asked.try_map(&mut |t| canonical(t, codebook).map(Expr::Is))?;
        let asked = cql::checked(cql::simplified(named, schema()), schema())?;
        let parts = asked.into_parts().into_iter();
        let rest = Expr::All(
            parts
                .filter_map(|part| if lower { self.lower(part, codebook, as_of) } else { Some(part) })
                .collect(),
        );
        let asked = cql::simplified(rest, schema());
        if asked.is_yes() {
            return Ok(());
        }
        let mut timed = false;
        let rows = asked.clone().try_map(&mut |t: Test| {
            timed |= SCHEMA.1[t.property] == Ask::Overdue;
            Ok::<_, String>(bound(t, codebook, as_of))
        })?;
        self.rest = Some(Rest { asked, rows, as_of: timed.then_some(as_of) });
        Ok(())
    }

    /// Takes a part that must hold as a parameter would say it; gives back what is left of it.
    fn lower(&mut self, part: Expr<Test>, codebook: &CodeBook, as_of: Instant) -> Option<Expr<Test>> {
        let Expr::Is(test) = part else { return Some(part) };
        let ask = SCHEMA.1[test.property];
        if test.not || test.fold != cql::Fold::default() {
            return Some(Expr::Is(test));
        }
        let kept = match (ask, &test.is) {
            (Ask::Overdue, Is::OneOf(_)) => {
                let is = test.holds(Scalar::Boolean(true));
                match self.overdue {
                    None => self.overdue = Some((is, as_of)),
                    Some((before, _)) if before == is => {}
                    Some(_) => return Some(Expr::Is(test)),
                }
                None
            }
            (_, Is::OneOf(_)) => {
                let set = match ask {
                    Ask::Category => &mut self.categories,
                    Ask::Status | Ask::State => &mut self.states,
                    Ask::Ward => &mut self.wards,
                    Ask::Body => &mut self.bodies,
                    _ => return Some(Expr::Is(test)),
                };
                let Expr::Is(RowTest::Code(_, found)) = bound(test.clone(), codebook, as_of) else {
                    return Some(Expr::Is(test));
                };
                let both = set.as_ref().map_or_else(|| found.clone(), |before| before.meet(&found));
                if both.as_slice().is_empty() {
                    return Some(Expr::Is(test));
                }
                *set = Some(both);
                None
            }
            (Ask::Votes, Is::Within(Range { from: Some((Literal::Integer(least), _)), to })) => {
                match u32::try_from((*least).max(0)) {
                    Ok(least) => self.min_votes = self.min_votes.max(least),
                    Err(_) => return Some(Expr::Is(test)),
                }
                let left = to.clone().and_then(|to| Range::new(None, Some(to)));
                return left.map(|r| Expr::Is(Test { is: Is::Within(r), ..test }));
            }
            (Ask::Created | Ask::Updated, Is::Within(r)) => {
                let times = if ask == Ask::Created { &mut self.created } else { &mut self.updated };
                // No parameter can say that nothing is left.
                let Some(both) = times.cut(r) else { return Some(Expr::Is(test)) };
                *times = both;
                None
            }
            (Ask::Place, Is::Lies(Relation::Intersects, SpatialLiteral::Box(b))) if self.bbox.is_none() => {
                self.bbox = Some(*b);
                None
            }
            _ => Some(test),
        };
        kept.map(Expr::Is)
    }

    /// All that is asked, as tests of rows.
    pub fn tests(&self) -> Expr<RowTest> {
        let codes = [
            (Coded::Category, &self.categories),
            (Coded::State, &self.states),
            (Coded::Ward, &self.wards),
            (Coded::Body, &self.bodies),
        ];
        let codes = codes.into_iter().filter_map(|(c, set)| Some(RowTest::Code(c, set.clone()?)));
        let times = [(Valued::Created, self.created), (Valued::Updated, self.updated)];
        let times = times.into_iter().filter(|(_, i)| !i.is_all()).map(|(v, i)| within(v, i));
        let votes = (self.min_votes > 0).then(|| {
            let least = (Literal::Integer(self.min_votes.into()), true);
            ranged(Valued::Votes, Some(least), None)
        });
        let bbox = self.bbox.map(in_box);
        let plain = codes.chain(times).chain(votes).chain(bbox).map(Expr::Is);
        // In one row, so that whoever looks for a box sees it.
        let overdue = self.overdue.map(|(is, as_of)| overdue(is, as_of).into_parts());
        let rest = self.rest.as_ref().map(|r| r.rows.clone().into_parts());
        Expr::All(plain.chain(overdue.into_iter().chain(rest).flatten()).collect())
    }
}

fn ranged(valued: Valued, from: Option<(Literal, bool)>, to: Option<(Literal, bool)>) -> RowTest {
    // A range that holds nothing is one of no values.
    let is = Range::new(from, to).map_or_else(|| Is::OneOf(Vec::new()), Is::Within);
    RowTest::Value(valued, Test::new(0, is))
}

fn within(valued: Valued, i: Interval) -> RowTest {
    ranged(valued, Some((Literal::Instant(i.from), true)), Some((Literal::Instant(i.to), true)))
}

fn in_box(b: Bbox) -> RowTest {
    RowTest::Value(Valued::Place, Test::new(0, Is::Lies(Relation::Intersects, SpatialLiteral::Box(b))))
}

/// Open, and due before that moment; or not.
fn overdue(is: bool, as_of: Instant) -> Expr<RowTest> {
    let of = |status: Status| {
        let states = State::ALL.iter().filter(|s| s.status() == status).map(|s| *s as u16).collect();
        Expr::Is(RowTest::Code(Coded::State, states))
    };
    let moment = Literal::Instant(as_of);
    if is {
        let late = ranged(Valued::Due, None, Some((moment, false)));
        return Expr::All(vec![of(Status::Open), Expr::Is(late)]);
    }
    let in_time = ranged(Valued::Due, Some((moment, true)), None);
    let never = RowTest::Value(Valued::Due, Test::new(0, Is::Null));
    Expr::Any(vec![of(Status::Closed), Expr::Is(in_time), Expr::Is(never)])
}

/// The test with names that people write in one way each; what is no name is a fault, as it is in the
/// parameter of that name.
fn canonical(test: Test, codebook: &CodeBook) -> Result<Test, String> {
    let Is::OneOf(list) = &test.is else { return Ok(test) };
    if test.fold != cql::Fold::default() {
        return Ok(test);
    }
    let name = |t: &str| match SCHEMA.1[test.property] {
        Ask::Category => category(t, codebook).map(|_| t.to_owned()),
        Ask::Status => status(t).map(|_| t.to_owned()),
        Ask::State => state(t).map(|_| t.to_owned()),
        Ask::Ward => ward(t, codebook).map(|i| codebook.wards[usize::from(i)].to_string()),
        Ask::Body => body(t, codebook)
            .map(|i| codebook.body_id(usize::from(i)).map_or_else(String::new, |b| b.to_string())),
        _ => Ok(t.to_owned()),
    };
    let list = list.iter().map(|l| match l {
        Literal::Text(t) => name(t).map(Literal::Text),
        other => Ok(other.clone()),
    });
    let property = schema()[test.property].name;
    let list = list.collect::<Result<Vec<_>, _>>().map_err(|e| format!("“{property}” {e}"))?;
    Ok(Test { is: Is::one_of(list), ..test })
}

/// What a test means for a row.
fn bound(test: Test, codebook: &CodeBook, as_of: Instant) -> Expr<RowTest> {
    let ask = SCHEMA.1[test.property];
    let plain = |holds: bool| if holds { Expr::yes() } else { Expr::no() };
    let value = |valued, test| Expr::Is(RowTest::Value(valued, test));
    let of = |coded, count: usize, name: &dyn Fn(usize) -> Option<String>| {
        let codes = (0..count).filter(|i| name(*i).is_some_and(|n| test.holds(Scalar::Text(&n))));
        Expr::Is(RowTest::Code(coded, codes.map(|i| i as u16).collect()))
    };
    match ask {
        Ask::Due => value(Valued::Due, test),
        Ask::Place => value(Valued::Place, test),
        Ask::Ward if test.is == Is::Null => {
            let set = if test.not {
                (0..codebook.wards.len() as u16).collect()
            } else {
                CodeSet::from_iter([NO_WARD])
            };
            Expr::Is(RowTest::Code(Coded::Ward, set))
        }
        // All the others every report has.
        _ if test.is == Is::Null => plain(test.not),
        Ask::Id => value(Valued::Id, test),
        Ask::Votes => value(Valued::Votes, test),
        Ask::Created => value(Valued::Created, test),
        Ask::Updated => value(Valued::Updated, test),
        Ask::Overdue => {
            let one =
                |is: bool| if test.holds(Scalar::Boolean(is)) { overdue(is, as_of) } else { Expr::no() };
            Expr::Any(vec![one(true), one(false)])
        }
        Ask::Category => {
            of(Coded::Category, codebook.categories.len(), &|i| Some(codebook.categories[i].to_string()))
        }
        Ask::Status => {
            of(Coded::State, State::ALL.len(), &|i| Some(State::ALL[i].status().name().to_owned()))
        }
        Ask::State => of(Coded::State, State::ALL.len(), &|i| Some(State::ALL[i].name().to_owned())),
        Ask::Ward => {
            // Exact names are canonical ids by now; patterns are about what people write.
            let exact = matches!(test.is, Is::OneOf(_)) && test.fold == cql::Fold::default();
            of(Coded::Ward, codebook.wards.len(), &|i| {
                if exact { Some(codebook.wards[i].to_string()) } else { codebook.ward_word(i) }
            })
        }
        Ask::Body => of(Coded::Body, codebook.body_count(), &|i| Some(codebook.body_id(i)?.to_string())),
    }
}
