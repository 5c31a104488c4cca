//! JSON Feed 1.1; what it has no name for stands in the extension `_diaban`.

use serde_json::{Map, Value as Json, json};

use super::Format;
use crate::domain::feed::{Entry, Feed};
use crate::format::geojson::value;
use crate::format::geometry;

/// Media type.
pub const MEDIA: &str = "application/feed+json";

/// The format.
pub const FORMAT: Format =
    Format { extension: "json", media: MEDIA, document: |feed| document(feed).to_string().into_bytes() };

const VERSION: &str = "https://jsonfeed.org/version/1.1";

fn document(feed: &Feed) -> Json {
    let mut out = json!({
        "version": VERSION,
        "title": feed.title.both(),
        "language": "vi",
        "authors": [{ "name": "diaban" }],
        "items": feed.entries.iter().map(item).collect::<Vec<_>>(),
    });
    for (name, rel) in [("feed_url", "self"), ("next_url", "next"), ("home_page_url", "alternate")] {
        if let Some(href) = feed.link(rel) {
            out[name] = href.into();
        }
    }
    let others: Vec<Json> = feed
        .links
        .iter()
        .filter(|l| !["self", "next", "alternate"].contains(&l.rel))
        .map(|l| json!({ "rel": l.rel, "href": l.href, "type": l.media }))
        .collect();
    out["_diaban"] = json!({ "id": feed.id, "updated": feed.updated.to_string(), "links": others });
    out
}

/// One item: also what a live stream sends.
pub fn item(e: &Entry) -> Json {
    let mut extension = Map::new();
    if e.deleted {
        extension.insert("deleted".into(), true.into());
    }
    extension.extend(e.facts.iter().map(|(name, v)| (name.to_string(), value(v.clone()))));
    if e.geometry.is_some() {
        extension.insert("geometry".into(), geometry::to_json(e.geometry.as_ref()));
    }
    if let Some(related) = e.link("related") {
        extension.insert("related".into(), related.into());
    }
    let mut out = json!({
        "id": e.id,
        // A reader must be able to show something; a tombstone says what it is.
        "content_text": if e.deleted { "Đã gỡ / Removed" } else { &e.content },
        "date_modified": e.updated.to_string(),
        "_diaban": extension,
    });
    if !e.deleted {
        out["title"] = e.title.as_str().into();
        out["date_published"] = e.published.to_string().into();
        out["authors"] = json!([{ "name": e.author }]);
        out["tags"] = e.tags.iter().map(|t| t.term.as_str()).collect::<Vec<_>>().into();
        if let Some(href) = e.link("alternate") {
            out["url"] = href.into();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::feed;

    #[test]
    fn the_document() {
        insta::assert_json_snapshot!("json_feed", super::document(&feed()));
    }
}
