//! By what reports can be asked for: the queryable fields of their table, as rows of the live map hold them,
//! and of the other public ones whether they are there.

use std::sync::LazyLock;

use super::cql::Scalar;
use super::filter::{Row, RowTest};
use super::{CodeSet, Filter, Queryable, Schema};
use crate::domain::CodeBook;
use crate::domain::field::{Column, Field, TABLE, Type};
use crate::domain::view::MapRow;

static FIELDS: LazyLock<Vec<&'static Field>> =
    LazyLock::new(|| TABLE.iter().filter(|f| f.queryable || f.is_public_property()).collect());

static SCHEMA: LazyLock<Schema<'static>> =
    LazyLock::new(|| Schema::new(FIELDS.iter().map(|f| queryable(f)), &[]));

static CATEGORY: LazyLock<usize> =
    LazyLock::new(|| SCHEMA.position("category").expect("the table has categories"));

static WARD: LazyLock<usize> = LazyLock::new(|| SCHEMA.position("ward").expect("the table has wards"));

/// All that reports can be asked for.
pub fn schema() -> &'static Schema<'static> {
    &SCHEMA
}

/// The field behind a position in the schema.
pub fn field(property: usize) -> &'static Field {
    FIELDS[property]
}

fn queryable(f: &Field) -> Queryable<'static> {
    Queryable {
        presence_only: !f.queryable,
        vocabulary: f.vocabulary,
        nullable: f.nullable,
        derived: f.derived,
        parameter: f.parameter,
        ..Queryable::new(f.name, f.holds)
    }
}

impl Row for MapRow {
    fn value(&self, property: usize, _: Type) -> Scalar<'_> {
        match field(property).column {
            Some(Column::Point) => self.point.map_or(Scalar::Null, Scalar::Point),
            Some(Column::Id) => Scalar::Integer(self.id as i64),
            Some(Column::Count(slot)) => Scalar::Integer(self[slot].into()),
            Some(Column::Time(slot)) => self.instant(slot).map_or(Scalar::Null, Scalar::Instant),
            // What there is, is not known; tests of it ask only whether.
            Some(Column::Present(bit)) if MapRow::has(self, bit) => Scalar::Boolean(true),
            Some(Column::Present(_) | Column::Code8(..) | Column::Code16(_)) | None => Scalar::Null,
        }
    }

    fn has(&self, property: usize, codes: &CodeSet) -> bool {
        match field(property).column {
            Some(Column::Code8(slot, _)) => codes.contains(self[slot].into()),
            Some(Column::Code16(slot)) => codes.contains(self[slot]),
            _ => false,
        }
    }
}

impl Filter {
    /// Whether a report matches.
    pub fn matches(&self, row: &MapRow) -> bool {
        self.passes(row)
    }

    /// The filter as query parameters in normal form.
    pub fn pairs(&self, codebook: &CodeBook) -> Vec<(&'static str, String)> {
        self.pairs_in(&SCHEMA, codebook)
    }

    /// The wards among which that of every report must be; none for any.
    pub fn wards(&self) -> Option<CodeSet> {
        self.codes(*WARD)
    }

    /// The categories that every report must be of, if it says so.
    pub fn categories(&self) -> Option<CodeSet> {
        self.codes(*CATEGORY)
    }

    /// What it says of the category, and nothing else.
    #[must_use]
    pub fn of_category_only(&self) -> Self {
        let all = Self::default();
        self.categories().map_or(all.clone(), |set| all.bound_to(RowTest::Code(*CATEGORY, set)))
    }

    /// The same, of reports of these wards only: what a feed is bound to.
    #[must_use]
    pub fn in_wards(&self, wards: CodeSet) -> Self {
        self.bound_to(RowTest::Code(*WARD, wards))
    }

    /// The same without what it says of the ward by itself.
    #[must_use]
    pub fn of_any_ward(&self) -> Self {
        self.without(*WARD)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::clocks::Timed;
    use crate::domain::field::{
        BODY, CATEGORY, CREATED, DUE, LEVEL, NEVER, NO_CATEGORY, NO_WARD, STATE, VOTES, WARD,
    };
    use crate::domain::report::Level;
    use crate::domain::{Instant, State, Status};
    use crate::query::params::{FILTERS, parse};
    use crate::query::testing::codebook;

    /// Some of these names, or none.
    fn list(names: &[String]) -> BoxedStrategy<Option<Vec<String>>> {
        let some = proptest::collection::vec(proptest::sample::select(names.to_vec()), 1..3);
        proptest::option::weighted(0.5, some).boxed()
    }

    proptest! {
        /// Each parameter by its plain meaning, without codes, tests or expressions; as a parameter and as an
        /// expression, which have one normal form.
        #[test]
        fn parameters_mean_what_they_say(
            row in (0_u8..8, 0_usize..7, 0_u16..6, 0_u16..7, 0_u32..9, 0_i64..1_000, proptest::option::of(0_i64..1_000)),
            categories in list(&codebook().categories.iter().map(ToString::to_string).collect::<Vec<_>>()),
            states in list(&State::ALL.map(|s| s.name().to_owned())),
            statuses in list(&["open".to_owned(), "closed".to_owned()]),
            wards in list(&codebook().wards.iter().map(ToString::to_string).collect::<Vec<_>>()),
            bodies in list(&["traffic".to_owned(), "infrastructure".to_owned()]),
            least in proptest::option::of(0_u32..9),
            since in proptest::option::of(0_i64..1_000),
            overdue in proptest::option::of(any::<bool>()),
            level in 0_usize..3,
            late in proptest::option::of(proptest::sample::subsequence(vec!["answer", "forward", "competence"], 1..3)),
            not_late in any::<bool>(),
        ) {
            let book = codebook();
            let (category, state, ward, body, votes, created, due) = row;
            let category = if usize::from(category) < book.categories.len() { category } else { NO_CATEGORY };
            let ward = if usize::from(ward) < book.wards.len() { ward } else { NO_WARD };
            let state = State::ALL[state];
            let report = MapRow::new(1, 2, None)
                .with(CATEGORY, category)
                .with(STATE, state as u8)
                .with(LEVEL, level as u8)
                .with(WARD, ward)
                .with(BODY, body)
                .with(VOTES, votes)
                .with(CREATED, created * 1_000)
                .with(DUE, due.map_or(NEVER, |s| s * 1_000));
            let now = Instant::from_ms(600_000);
            let among = |asked: &Option<Vec<String>>, name: Option<String>| {
                asked.as_ref().is_none_or(|list| name.is_some_and(|n| list.contains(&n)))
            };
            let over = state.status() == Status::Open && due.is_some_and(|s| s * 1_000 < now.ms());
            let timed = Timed {
                state,
                level: Level::ALL[level],
                category: Some(usize::from(category)).filter(|_| category != NO_CATEGORY),
                received: Instant::from_ms(created * 1_000),
                due: due.map(|s| Instant::from_ms(s * 1_000)),
            };
            let clocks = book.clocks.clone().unwrap();
            let run_out: Vec<&str> = clocks.running(timed, now).filter(|r| r.late).map(|r| &*r.clock.code).collect();
            prop_assert_eq!(run_out.contains(&"answer"), over);
            let wanted = among(&categories, book.categories.get(usize::from(category)).map(ToString::to_string))
                && among(&states, Some(state.name().to_owned()))
                && among(&statuses, Some(state.status().name().to_owned()))
                && among(&wards, book.wards.get(usize::from(ward)).map(ToString::to_string))
                && among(&bodies, book.body_id(body.into()).map(|b| b.to_string()))
                && least.is_none_or(|n| votes >= n)
                && since.is_none_or(|s| created >= s)
                && overdue.is_none_or(|is| over == is)
                && late.as_ref().is_none_or(|codes| run_out.iter().any(|c| codes.contains(c)));
            let moment = |s: i64| Instant::from_ms(s * 1_000);
            let (mut pairs, mut tests) = (Vec::new(), Vec::new());
            for (name, asked) in
                [("category", &categories), ("state", &states), ("status", &statuses), ("ward", &wards), ("body", &bodies)]
            {
                let Some(list) = asked else { continue };
                pairs.push((name.to_owned(), list.join(",")));
                tests.push(format!("{name} IN ('{}')", list.join("','")));
            }
            if let Some(n) = least {
                pairs.push(("min_votes".to_owned(), n.to_string()));
                tests.push(format!("votes >= {n}"));
            }
            if let Some(s) = since {
                pairs.push(("datetime".to_owned(), format!("{}/..", moment(s))));
                tests.push(format!("created_at >= TIMESTAMP('{}')", moment(s)));
            }
            if let Some(is) = overdue {
                pairs.push(("overdue".to_owned(), is.to_string()));
                tests.push(format!("overdue = {is}"));
            }
            if let Some(codes) = &late {
                pairs.push(("late".to_owned(), codes.join(",")));
                tests.push(format!("late IN ('{}')", codes.join("','")));
            }
            let read = |pairs: &[(String, String)]| parse(pairs, FILTERS, &book, now).unwrap().filter;
            let filter = read(&pairs);
            prop_assert_eq!(filter.matches(&report), wanted, "{:?}", pairs);
            let codes = late.clone().unwrap_or_else(|| vec!["answer", "forward", "competence"]);
            let none = format!("{}late IN ('{}')", if not_late { "NOT " } else { "" }, codes.join("','"));
            let is_late = run_out.iter().any(|c| codes.contains(c));
            let asked = read(&[("filter".to_owned(), none)]);
            prop_assert_eq!(asked.matches(&report), is_late != not_late);
            if !tests.is_empty() {
                let asked = read(&[("filter".to_owned(), tests.join(" AND "))]);
                prop_assert_eq!(asked.matches(&report), wanted, "{:?}", tests);
                let apart = statuses.is_some() && states.is_some();
                prop_assert!(apart || asked.pairs(&book) == filter.pairs(&book), "{:?}", tests);
            }
        }
    }
}
