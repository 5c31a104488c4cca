//! The normal form of a filter: one text for all ways of asking the same, for links and cache keys.

use crate::domain::CodeBook;
use crate::domain::field::Vocabulary;
use crate::query::cql::{self, Is, Literal, Relation, SpatialLiteral, Test};
use crate::query::datetime::Interval;
use crate::query::filter::is_positional;
use crate::query::{Filter, Schema};

impl<R> Filter<R> {
    /// The filter as query parameters in fixed order, wards by their canonical ids. The moment of
    /// [`Filter::as_of`] is not among them: who follows a link asks about his own.
    pub fn pairs_in<'a>(&self, schema: &Schema<'a>, codebook: &CodeBook) -> Vec<(&'a str, String)> {
        let mut out = Vec::new();
        for (parameter, property) in schema.parameters() {
            let Some(test) = self.asked.of(property) else { continue };
            match grouped(test, schema) {
                Some(pairs) => out.extend(pairs),
                None => out.push((parameter.name, value(test, schema, codebook))),
            }
        }
        if !self.asked.rest.is_yes() {
            out.push(("filter", cql::written(&self.asked.rest, schema.queryables())));
            out.extend(schema.language(&self.asked.rest).map(|l| ("filter-lang", l.to_owned())));
        }
        out
    }
}

/// Terms that are exactly one group are written as the group; no term at all (asked for as
/// `status=open&state=resolved`) is written as just that.
fn grouped<'a>(test: &Test, schema: &Schema<'a>) -> Option<Vec<(&'a str, String)>> {
    let own = schema.get(test.property);
    let (groups, group) = schema.groups_of(test.property)?;
    let (Vocabulary::Terms(terms), Vocabulary::Terms(names)) = (own.vocabulary, groups.vocabulary) else {
        return None;
    };
    let (parameter, of_groups) = (own.parameter?.name, groups.parameter?.name);
    let list = texts(test);
    if list.is_empty() {
        let first = names.first()?.name;
        let other = terms.iter().enumerate().find(|(i, _)| group(*i) != first)?.1.name;
        return Some(vec![(of_groups, first.to_owned()), (parameter, other.to_owned())]);
    }
    let is_all_of =
        |name: &str| terms.iter().enumerate().all(|(i, t)| (group(i) == name) == list.contains(&t.name));
    let found = names.iter().find(|n| is_all_of(n.name))?;
    Some(vec![(of_groups, found.name.to_owned())])
}

fn texts(test: &Test) -> Vec<&str> {
    let Is::OneOf(list) = &test.is else { return Vec::new() };
    list.iter().filter_map(|l| if let Literal::Text(t) = l { Some(t.as_str()) } else { None }).collect()
}

/// The value of the parameter that says a test.
fn value(test: &Test, schema: &Schema<'_>, codebook: &CodeBook) -> String {
    let vocabulary = schema.get(test.property).vocabulary;
    match &test.is {
        Is::OneOf(list) if matches!(list[..], [Literal::Boolean(true)]) => "true".to_owned(),
        Is::OneOf(list) if matches!(list[..], [Literal::Boolean(false)]) => "false".to_owned(),
        Is::OneOf(_) => {
            let mut names = texts(test);
            if is_positional(vocabulary) {
                names.sort_by_cached_key(|n| vocabulary.read(n, codebook).unwrap_or(u16::MAX));
            }
            names.join(",")
        }
        Is::Within(r) => match &r.from {
            Some((Literal::Integer(least), _)) => least.to_string(),
            _ => Interval::of(r).to_string(),
        },
        Is::Lies(Relation::Intersects, SpatialLiteral::Box(b)) => {
            format!("{},{},{},{}", b.west, b.south, b.east, b.north)
        }
        Is::Null | Is::Like(_) | Is::Lies(..) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Instant, WardId};
    use crate::query::params::{LIST, parse};

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn codebook() -> CodeBook {
        CodeBook {
            categories: vec!["pothole".into(), "drainage".into()],
            wards: vec![WardId::new("2025-07-01", "26740")],
            active: "2025-07-01".into(),
            edition: 0,
            bodies: vec![],
            ward_bodies: Vec::new(),
            clocks: None,
        }
    }

    #[test]
    fn the_normal_form_reads_back_as_the_same_filter() {
        let asked = pairs(&[
            ("ward", "26740"),
            ("status", "open"),
            ("category", "drainage,pothole,drainage"),
            ("datetime", "2026-01-01/.."),
            ("bbox", "106.5,10.5,107,11"),
        ]);
        let filter = parse(&asked, LIST, &codebook(), Instant::MIN).unwrap().filter;
        let normal: Vec<(String, String)> =
            filter.pairs(&codebook()).into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let text: Vec<String> = normal.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            text.join("&"),
            "bbox=106.5,10.5,107,11&datetime=2026-01-01T00:00:00.000Z/..&category=pothole,drainage\
             &status=open&ward=2025-07-01.26740"
        );
        assert_eq!(parse(&normal, LIST, &codebook(), Instant::MIN).unwrap().filter, filter);
    }

    #[test]
    fn each_way_of_asking_has_one_normal_form() {
        let normal = |list: &[(&str, &str)]| {
            let filter = parse(&pairs(list), LIST, &codebook(), Instant::MIN).unwrap().filter;
            let text = filter.pairs(&codebook()).into_iter().map(|(k, v)| format!("{k}={v}"));
            text.collect::<Vec<_>>().join("&")
        };
        for (asked, wanted) in [
            (&[("status", "open"), ("state", "resolved")][..], "status=open&state=resolved"),
            (&[("state", "rejected,redirected,resolved,answered,duplicate")], "status=closed"),
            (&[("filter", "status='closed'")], "status=closed"),
            (&[("filter", "votes BETWEEN 3 AND 7")], "min_votes=3&filter=votes <= 7"),
            (&[("min_votes", "5"), ("filter", "votes>=3")], "min_votes=5"),
            (&[("min_votes", "0")], ""),
            (&[("filter", "overdue=TRUE AND ward='26740'")], "ward=2025-07-01.26740&overdue=true"),
            (
                &[("category", "drainage"), ("filter", "category='pothole'")],
                "category=drainage&filter=category = 'pothole'",
            ),
            (
                &[
                    ("datetime", "2026-01-01/.."),
                    ("filter", "created_at <= TIMESTAMP('2026-01-02T00:00:00Z')"),
                ],
                "datetime=2026-01-01T00:00:00.000Z/2026-01-02T00:00:00.000Z",
            ),
            (&[("filter", "status <> 'open'")], "filter=status <> 'open'"),
        ] {
            assert_eq!(normal(asked), wanted, "{asked:?}");
        }
    }
}
