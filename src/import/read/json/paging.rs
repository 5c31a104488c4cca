//! What a JSON document says of being one page of a longer answer: a link to the next page, a flag, a total
//! that is larger than what it holds. The words are those of OGC API, `ArcGIS`, `OData`, Django, CKAN, Laravel,
//! `GeoServer`.

use serde_json::Value;

use crate::import::read::sink::Part;

/// Members that hold the address of the next page, as a text or as an object with `href`.
const NEXT: [&str; 7] =
    ["next", "nextlink", "@odata.nextlink", "odata.nextlink", "next_page_url", "next_url", "nextpageurl"];
/// Members that say that there is more.
const MORE: [&str; 5] = ["exceededtransferlimit", "hasmore", "has_more", "hasnextpage", "has_next"];
/// Members that say how many there are in all.
const TOTAL: [&str; 7] =
    ["numbermatched", "totalfeatures", "total", "totalcount", "total_count", "totalrecords", "count"];
/// Depth in which they are looked for.
const DEPTH: usize = 4;

/// What was said.
#[derive(Clone, Debug, Default)]
pub(super) struct Paging {
    next: Option<String>,
    more: Option<String>,
    total: Option<(String, u64)>,
}

impl Paging {
    /// Takes in a member that holds no rows.
    pub(super) fn see(&mut self, name: &str, value: &Value) {
        self.look(name, value, 0);
    }

    fn look(&mut self, name: &str, value: &Value, depth: usize) {
        let folded = name.to_lowercase();
        let is = |names: &[&str]| names.contains(&folded.as_str());
        match value {
            Value::String(text) if is(&NEXT) && !text.is_empty() => self.next_at(text),
            Value::Object(o) if is(&NEXT) && o.get("href").is_some_and(Value::is_string) => {
                self.next_at(o["href"].as_str().unwrap_or_default());
            }
            Value::Bool(true) if is(&MORE) => self.more = Some(name.to_owned()),
            Value::Number(n) if is(&TOTAL) => {
                if let Some(n) = n.as_u64().filter(|n| self.total.as_ref().is_none_or(|(_, t)| t < n)) {
                    self.total = Some((name.to_owned(), n));
                }
            }
            Value::Object(members) if depth < DEPTH => {
                members.iter().for_each(|(name, value)| self.look(name, value, depth + 1));
            }
            Value::Array(links) if folded == "links" || folded == "link" => {
                let next = links.iter().find(|l| l.get("rel").and_then(Value::as_str) == Some("next"));
                if let Some(href) = next.and_then(|l| l.get("href")).and_then(Value::as_str) {
                    self.next_at(href);
                }
            }
            _ => {}
        }
    }

    fn next_at(&mut self, address: &str) {
        self.next.get_or_insert_with(|| address.chars().take(4_000).collect());
    }

    /// Whether it is known before the rows that there is more.
    pub(super) fn early(&self) -> Option<Part> {
        if self.next.is_none() && self.more.is_none() { None } else { self.part(0) }
    }

    /// What is missing, of a document that holds so many rows.
    pub(super) fn part(&self, rows: u64) -> Option<Part> {
        let total = self.total.as_ref().map(|(_, n)| *n);
        let why = match (&self.next, &self.more, &self.total) {
            (Some(next), ..) => format!("the next page is at {next}"),
            (None, Some(name), _) => format!("it says {name}"),
            (None, None, Some((name, total))) if *total > rows => {
                format!("it holds {rows} rows and says {name} {total}")
            }
            _ => return None,
        };
        Some(Part { why, next: self.next.clone(), total })
    }
}
