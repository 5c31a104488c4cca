//! A ward code that only former generations know, on whatever door it comes: 410 with who took over, each with the
//! address of the same door for it. A canonical id (`2025-01-01.26743`) goes on meaning its ward.

use axum::extract::Request;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::action::Entries;
use crate::http::Service;
use crate::http::edge::guard;
use crate::http::wire::extract::pairs;
use crate::http::wire::problem::{Former, Gone, Problem};
use diaban_core::domain::{WardId, WardName};

/// The ward that a segment of a path names.
///
/// # Errors
/// 404 when there never was one, 410 when only former generations know the bare code.
pub(in crate::http) fn known_ward(service: &Service, name: &str) -> Result<WardId, Problem> {
    let areas = service.city.areas();
    let missing = || Problem::not_found("no ward has this code");
    match areas.codebook.ward(name) {
        WardName::Known(i) => areas.codebook.wards.get(usize::from(i)).cloned().ok_or_else(missing),
        WardName::Unknown => Err(missing()),
        WardName::Former(_) => Err(Problem::ward_gone(name)),
    }
}

/// What stands around all doors: it tells who took over, where a door found a former code.
pub(in crate::http) async fn told(
    service: &Service,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let uri = request.uri().clone();
    let mut response = next(request).await;
    match response.extensions_mut().remove::<Gone>() {
        None => response,
        Some(gone) => guard::mark_whole(answer(service, &uri, gone).into_response()),
    }
}

fn answer(service: &Service, uri: &Uri, Gone { problem, former }: Gone) -> Problem {
    let entries = Entries::new(&service.city, &service.public_url);
    let areas = service.city.areas();
    // A successor by its bare code, which follows boundaries further on, also when they are taken back.
    let word = |w: &WardId| areas.codebook.word_of(w);
    let feed = |w: &WardId| format!("{}/feeds/wards/{}.atom", service.public_url, word(w));
    let wards: Vec<(&Former, Vec<WardId>, Vec<WardId>)> = former
        .iter()
        .map(|f| {
            let WardName::Former(ids) = areas.codebook.ward(&f.code) else {
                return (f, Vec::new(), Vec::new());
            };
            let mut heirs: Vec<WardId> = Vec::new();
            for heir in ids.iter().flat_map(|w| entries.successors(w)) {
                if !heirs.contains(&heir) {
                    heirs.push(heir);
                }
            }
            (f, ids, heirs)
        })
        .collect();
    // The other codes of the same request give way to the first of their successors, so that the link works.
    let link = |of: &Former, ward: &WardId| {
        let replaced = wards.iter().filter_map(|(f, _, heirs)| {
            let own = f.code == of.code && f.field == of.field;
            Some((*f, word(if own { ward } else { heirs.first()? })))
        });
        same_door(uri, &replaced.collect::<Vec<_>>()).map(|path| format!("{}{path}", service.public_url))
    };
    let (mut successors, mut gone, mut feeds) = (Vec::<Value>::new(), Vec::<Value>::new(), Vec::new());
    for (of, ids, heirs) in &wards {
        let told = |w: &WardId| {
            let mut told = json!({ "ward": w.to_string(), "name": entries.ward_name(w), "feed": feed(w) });
            if let Some(href) = link(of, w) {
                told["href"] = href.into();
            }
            told
        };
        successors.extend(heirs.iter().map(told));
        gone.extend(ids.iter().map(told));
        feeds.extend(ids.iter().map(feed));
    }
    problem
        .detail(format!("since {} its ground belongs to the successors", areas.codebook.active))
        .with("successors", successors)
        .with("former", gone)
        .with("former_feeds", feeds)
}

/// Path and query with former codes replaced; none where the address has none of them (a body had them).
fn same_door(uri: &Uri, replaced: &[(&Former, String)]) -> Option<String> {
    let mut found = false;
    let segments = uri.path().split('/').map(|segment| {
        let name = percent_decode_str(segment).decode_utf8_lossy();
        let of_path = replaced.iter().filter(|(f, _)| f.field.is_none());
        let rest = of_path.filter_map(|(f, ward)| Some((name.strip_prefix(&*f.code)?, ward)));
        match rest.into_iter().find(|(rest, _)| rest.is_empty() || rest.starts_with('.')) {
            Some((rest, ward)) => {
                found = true;
                format!("{ward}{rest}")
            }
            None => segment.to_owned(),
        }
    });
    let path = segments.collect::<Vec<_>>().join("/");
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, mut value) in pairs(uri.query()) {
        for (former, ward) in replaced.iter().filter(|(f, _)| f.field.as_deref() == Some(&name)) {
            let new = with_ward(&value, &former.code, ward, name == "filter");
            found |= new != value;
            value = new;
        }
        query.append_pair(&name, &value);
    }
    let query = query.finish();
    found.then(|| if query.is_empty() { path } else { format!("{path}?{query}") })
}

/// A value with another ward for a code that stands there as a whole: between commas, after `ward:`, or in an
/// expression between quotes.
fn with_ward(value: &str, code: &str, ward: &str, expression: bool) -> String {
    let (before, after): (&[char], &[char]) =
        if expression { (&['\'', '"', ':'], &['\'', '"']) } else { (&[',', ' ', ':'], &[',', ' ']) };
    let (mut out, mut rest) = (String::with_capacity(value.len() + ward.len()), value);
    while let Some(at) = rest.find(code) {
        let (head, tail) = (&rest[..at], &rest[at + code.len()..]);
        out.push_str(head);
        let begins = out.chars().next_back().map_or(!expression, |c| before.contains(&c));
        let ends = tail.chars().next().map_or(!expression, |c| after.contains(&c));
        out.push_str(if begins && ends { ward } else { code });
        rest = tail;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_replaced_where_it_stands_as_a_whole() {
        let ward = "2025-07-01.26740";
        for (value, expression, new) in [
            ("26743", false, "W"),
            ("26740,26743", false, "26740,W"),
            ("2025-01-01.26743,26743", false, "2025-01-01.26743,W"),
            ("ward:26743", false, "ward:W"),
            ("126743", false, "126743"),
            ("ward='26743' AND votes>26743", true, "ward='W' AND votes>26743"),
            (
                "ward IN ('26743','26740') OR title LIKE '%26743%'",
                true,
                "ward IN ('W','26740') OR title LIKE '%26743%'",
            ),
            (
                r#"{"op":"=","args":[{"property":"ward"},"26743"]}"#,
                true,
                r#"{"op":"=","args":[{"property":"ward"},"W"]}"#,
            ),
        ] {
            assert_eq!(with_ward(value, "26743", ward, expression), new.replace('W', ward), "{value}");
        }
    }

    #[test]
    fn the_same_door_is_the_same_address_for_another_ward() {
        let former = Former { field: None, code: "26743".into() };
        let path = [(&former, "26740".to_owned())];
        let same = |uri: &str| same_door(&uri.parse().unwrap(), &path);
        assert_eq!(
            same("/feeds/wards/26743.atom?limit=5").as_deref(),
            Some("/feeds/wards/26740.atom?limit=5")
        );
        assert_eq!(same("/feeds/wards/26743/events").as_deref(), Some("/feeds/wards/26740/events"));
        assert_eq!(same("/search"), None);
    }
}
