//! A filter as a condition of SQL: never too narrow, and for all but shapes exact. Values are bound, names
//! of columns are ours; nothing of a query becomes text of a statement. The evaluator of the query decides
//! about every row that comes back (`read`).

use super::db::Sql;
use diaban_core::domain::CodeBook;
use diaban_core::domain::field::{Column, Field, NO_WARD, Vocabulary};
use diaban_core::geo::Bbox;
use diaban_core::query::cql::{Expr, Is, Literal, Test};
use diaban_core::query::reports::field;
use diaban_core::query::{CodeSet, Filter, RowTest};

/// Names in one list of a condition; a longer one is left to the evaluator, or the statement would have
/// too many parameters.
const MAX_NAMES: usize = 100;

/// What the filter says of all but category and ward: what a withdrawn report has no more.
pub(super) fn facts(q: &mut Sql, f: &Filter, codebook: &CodeBook) {
    parts(q, f, codebook, |name| !matches!(name, "category" | "ward"));
}

/// What the filter says of the category.
pub(super) fn kinds(q: &mut Sql, f: &Filter, codebook: &CodeBook) {
    parts(q, f, codebook, |name| name == "category");
}

/// What the filter says of these fields, and what it says of several fields at once.
fn parts(q: &mut Sql, f: &Filter, codebook: &CodeBook, of: impl Fn(&str) -> bool) {
    let Expr::All(parts) = f.rows() else { return };
    for part in parts {
        let name = if let Expr::Is(test) = part { field(test.property()).name } else { "" };
        if of(name) {
            q.push(" AND ");
            condition(q, part, codebook);
        }
    }
}

pub(super) fn among(
    q: &mut Sql,
    column: &str,
    set: Option<&CodeSet>,
    name: impl Fn(usize) -> Option<String>,
) {
    let Some(set) = set else { return };
    q.push(" AND ").push(column);
    q.push_in(set.as_slice().iter().filter_map(|c| name(usize::from(*c))));
}

fn inside(q: &mut Sql, b: Bbox) {
    let either = if b.crosses_antimeridian() { " OR " } else { " AND " };
    q.push("(r.lon >= ").push_bind(b.west).push(either).push("r.lon <= ").push_bind(b.east).push(")");
    q.push(" AND r.lat BETWEEN ").push_bind(b.south).push(" AND ").push_bind(b.north);
}

fn condition(q: &mut Sql, e: &Expr<RowTest>, codebook: &CodeBook) {
    let (parts, word, empty) = match e {
        Expr::All(parts) => (parts, " AND ", "1 = 1"),
        Expr::Any(parts) => (parts, " OR ", "1 = 0"),
        Expr::Is(RowTest::Code(property, set)) => return code(q, field(*property), set, codebook),
        Expr::Is(RowTest::Value(_, test)) => return value(q, field(test.property), test),
    };
    if parts.is_empty() {
        q.push(empty);
        return;
    }
    for (i, part) in parts.iter().enumerate() {
        q.push(if i == 0 { "(" } else { word });
        condition(q, part, codebook);
    }
    q.push(")");
}

/// The column of a field.
fn column(field: &Field) -> String {
    format!("r.{}", field.stored.map_or(field.name, |s| s.column))
}

fn code(q: &mut Sql, field: &Field, set: &CodeSet, codebook: &CodeBook) {
    let column = &column(field);
    let count = match field.vocabulary {
        Vocabulary::Terms(terms) => {
            // A term of a later version of the program is read as the one for what is unknown.
            let Some(Column::Code8(_, unknown)) = field.column else { return };
            let known = 0..terms.len() as u16;
            if set.contains(unknown.into()) {
                let others = known.filter(|c| !set.contains(*c)).map(i64::from);
                without(q, column, others.collect::<Vec<_>>());
            } else {
                q.push(column).push_in(known.filter(|c| set.contains(*c)).map(i64::from));
            }
            return;
        }
        Vocabulary::Categories => codebook.categories.len(),
        Vocabulary::Wards => codebook.wards.len(),
        _ => codebook.body_count(),
    };
    let name = |c: usize| match field.vocabulary {
        Vocabulary::Categories => codebook.categories.get(c).map(ToString::to_string),
        Vocabulary::Wards => codebook.wards.get(c).map(ToString::to_string),
        _ => codebook.body_id(c).map(|b| b.to_string()),
    };
    let names = |wanted: bool| -> Vec<String> {
        (0..count).filter(|c| set.contains(*c as u16) == wanted).filter_map(name).collect()
    };
    let (within, others) = (names(true), names(false));
    if field.vocabulary == Vocabulary::Wards && set.contains(NO_WARD) {
        // A ward that nobody knows any more counts as none.
        if others.len() > MAX_NAMES {
            q.push("1 = 1");
        } else {
            q.push("(r.ward IS NULL OR ");
            without(q, column, others);
            q.push(")");
        }
    } else if within.len() <= MAX_NAMES {
        q.push(column).push_in(within);
    } else if others.len() <= MAX_NAMES {
        without(q, column, others);
    } else {
        q.push("1 = 1");
    }
}

fn without<A: Into<super::db::Arg>>(q: &mut Sql, column: &str, names: Vec<A>) {
    if names.is_empty() {
        q.push("1 = 1");
        return;
    }
    q.push(column).push(" NOT").push_in(names);
}

fn value(q: &mut Sql, field: &Field, test: &Test) {
    if field.column == Some(Column::Point) {
        return place(q, test);
    }
    let column = &column(field);
    match &test.is {
        Is::Null => {
            q.push(column).push(if test.not { " IS NOT NULL" } else { " IS NULL" });
        }
        Is::OneOf(list) => {
            let list: Vec<i64> = list.iter().filter_map(Literal::whole).collect();
            if test.not {
                without(q, column, list);
            } else {
                q.push(column).push_in(list);
            }
        }
        Is::Within(range) => {
            let (from, to) = range.whole().unwrap_or((i64::MIN, i64::MAX));
            q.push(column).push(" BETWEEN ").push_bind(from).push(" AND ").push_bind(to);
        }
        Is::Like(_) | Is::Lies(..) => {
            q.push("1 = 1");
        }
    }
}

fn place(q: &mut Sql, test: &Test) {
    match &test.is {
        Is::Null if !test.not => {
            q.push("r.lon IS NULL");
        }
        // A box around is the most that a condition can say of a shape.
        Is::Lies(_, ground) if !test.not => {
            q.push("(");
            inside(q, ground.bbox());
            q.push(")");
        }
        _ => {
            q.push("r.lon IS NOT NULL");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    use super::super::db::testing::Connection;
    use super::super::reports::tests::report;
    use super::super::{Known, NewsPage, Page, Store};
    use super::*;
    use crate::store::test_database::store_url;
    use diaban_core::domain::report::NewReport;
    use diaban_core::domain::{Instant, State};
    use diaban_core::geo::LonLat;
    use diaban_core::query::params::{LIST, parse};
    use diaban_core::query::testing::{codebook, expression};

    /// Reports of all kinds, some with names that nobody knows.
    fn made(id: u64, codebook: &CodeBook) -> NewReport {
        let mut r = report(id);
        let at = |s: u64| Instant::from_ms(s as i64 * 1_000);
        let f = &mut r.public;
        f.point = f
            .point
            .map(|_| LonLat::new(106.0 + (id % 11) as f64 / 10.0, 10.0 + (id % 13) as f64 / 10.0).unwrap());
        f.category = codebook.categories.get(id as usize % 7).map_or("gone".into(), ToString::to_string);
        f.state = State::ALL[id as usize % 7];
        f.ward = codebook.wards.get(id as usize % 5).cloned();
        f.body = codebook.body_id(id as usize % 7).map_or("gone".into(), |b| b.to_string());
        (f.created, f.updated) = (at(id * 5 % 100), at(id * 5 % 100 + id % 90));
        f.due = (!id.is_multiple_of(3)).then(|| at(id * 7 % 180));
        r
    }

    #[tokio::test]
    async fn lists_and_feeds_hold_what_the_evaluator_chooses() {
        let folder = tempfile::tempdir().unwrap();
        let url = store_url(folder.path());
        let store = Store::open(&url).await.unwrap();
        let codebook = codebook();
        store.load_reports((1..=150).map(|id| made(id, &codebook)).collect()).await.unwrap();
        let mut connection = Connection::open(&url).await;
        connection.db().run("UPDATE report_public SET votes = seq % 12".to_owned()).await.unwrap();
        let rows = store.map_rows(&[(0, i64::MAX)], &codebook).await.unwrap();
        let mut runner = TestRunner::deterministic();
        let (mut found, mut rounds) = (0, 0);
        while rounds < 150 {
            let text = expression().new_tree(&mut runner).unwrap().current();
            let Ok(q) = parse(&[("filter".into(), text.clone())], LIST, &codebook, Instant::from_ms(400_000))
            else {
                continue;
            };
            rounds += 1;
            let want: Vec<i64> =
                rows.iter().rev().filter(|r| q.filter.matches(r)).map(|r| r.seq.into()).collect();
            found += want.len();
            let (mut got, mut before) = (Vec::new(), None);
            loop {
                let page = Page {
                    filter: &q.filter,
                    codebook: &codebook,
                    before,
                    limit: 40,
                    expected: 150,
                    known: None,
                };
                let part = store.page(page).await.unwrap();
                got.extend(part.iter().map(|r| r.seq));
                before = got.last().copied();
                if part.len() < 40 {
                    break;
                }
            }
            assert_eq!(got, want, "{text}");
            let known = Known { rows: want.clone(), last: 150 };
            let page = Page {
                filter: &q.filter,
                codebook: &codebook,
                before: None,
                limit: 200,
                expected: 150,
                known: Some(&known),
            };
            assert_eq!(store.page(page).await.unwrap().len(), want.len(), "{text}");
            let news =
                NewsPage { filter: &q.filter, codebook: &codebook, before: None, limit: 200, expected: 150 };
            assert_eq!(store.report_news(news).await.unwrap().len(), want.len(), "{text}");
            let changes = q.filter.of_any_ward();
            let all = rows.iter().filter(|r| changes.matches(r)).count();
            let news = NewsPage { filter: &changes, ..news };
            assert_eq!(store.changes(news).await.unwrap().len(), all, "{text}");
        }
        assert!(found > 2_000, "most expressions choose something: {found}");
        store.close().await;
    }
}
