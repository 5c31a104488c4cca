//! The normal form of a filter: one text for all ways of asking the same, for links and cache keys.

use super::{CodeSet, Filter, Interval, cql, reports};
use crate::domain::{CodeBook, Instant, State, Status};

impl Filter {
    /// The filter as query parameters in fixed order, wards by their canonical ids. The moment of
    /// [`Filter::as_of`] is not among them: who follows a link asks about his own.
    pub fn pairs(&self, codebook: &CodeBook) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        if let Some(b) = self.bbox {
            out.push(("bbox", format!("{},{},{},{}", b.west, b.south, b.east, b.north)));
        }
        for (name, interval) in [("datetime", self.created), ("updated", self.updated)] {
            if !interval.is_all() {
                out.push((name, interval_text(interval)));
            }
        }
        if let Some(set) = &self.categories {
            out.push(("category", join(set, |c| codebook.categories.get(c).map(ToString::to_string))));
        }
        if let Some(set) = &self.states {
            out.extend(states_text(set));
        }
        if let Some(set) = &self.wards {
            out.push(("ward", codebook.ward_names(set.as_slice()).collect::<Vec<_>>().join(",")));
        }
        if let Some(set) = &self.bodies {
            out.push(("body", join(set, |b| codebook.body_id(b).map(|b| b.to_string()))));
        }
        if self.min_votes > 0 {
            out.push(("min_votes", self.min_votes.to_string()));
        }
        if let Some((is, _)) = self.overdue {
            out.push(("overdue", is.to_string()));
        }
        if let Some(rest) = &self.rest {
            out.push(("filter", cql::written(&rest.asked, reports::schema())));
        }
        out
    }
}

fn join(set: &CodeSet, name: impl Fn(usize) -> Option<String>) -> String {
    set.as_slice().iter().filter_map(|c| name(usize::from(*c))).collect::<Vec<_>>().join(",")
}

pub(super) fn interval_text(i: Interval) -> String {
    let end = |t: Instant, open: Instant| if t == open { "..".to_owned() } else { t.to_string() };
    if i.from == i.to {
        i.from.to_string()
    } else {
        format!("{}/{}", end(i.from, Instant::MIN), end(i.to, Instant::MAX))
    }
}

/// The empty set (asked for as `status=open&state=resolved`) is written as just that.
fn states_text(set: &CodeSet) -> Vec<(&'static str, String)> {
    let of = |status: Status| {
        State::ALL.iter().filter(|s| s.status() == status).map(|s| *s as u16).collect::<CodeSet>()
    };
    for status in [Status::Open, Status::Closed] {
        if *set == of(status) {
            return vec![("status", status.name().to_owned())];
        }
    }
    if set.as_slice().is_empty() {
        return vec![
            ("status", Status::Open.name().to_owned()),
            ("state", State::Resolved.name().to_owned()),
        ];
    }
    vec![("state", join(set, |s| State::from_code(s as u8).map(|s| s.name().to_owned())))]
}

#[cfg(test)]
mod tests {
    use super::super::params::{LIST, parse};
    use super::*;
    use crate::domain::WardId;

    #[test]
    fn the_normal_form_reads_back_as_the_same_filter() {
        let codebook = CodeBook {
            categories: vec!["pothole".into(), "drainage".into()],
            wards: vec![WardId::new("2025-07-01", "26740")],
            active: "2025-07-01".into(),
            bodies: vec![],
        };
        let pairs: Vec<(String, String)> = [
            ("ward", "26740"),
            ("status", "open"),
            ("category", "drainage,pothole,drainage"),
            ("datetime", "2026-01-01/.."),
            ("bbox", "106.5,10.5,107,11"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .to_vec();
        let filter = parse(&pairs, LIST, &codebook, Instant::MIN).unwrap().filter;
        let normal: Vec<(String, String)> =
            filter.pairs(&codebook).into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let text: Vec<String> = normal.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            text.join("&"),
            "bbox=106.5,10.5,107,11&datetime=2026-01-01T00:00:00.000Z/..&category=pothole,drainage\
             &status=open&ward=2025-07-01.26740"
        );
        assert_eq!(parse(&normal, LIST, &codebook, Instant::MIN).unwrap().filter, filter);
    }
}
