//! A feed as a GeoJSON `FeatureCollection`: each entry a feature with the entry's id.

use serde_json::{Map, Value as Json, json};

use super::Format;
use crate::domain::feed::{Entry, Feed, Link};
use crate::format::geojson::{self, value};
use crate::format::geometry;

/// The format.
pub const FORMAT: Format = Format {
    extension: "geojson",
    media: geojson::MEDIA,
    document: |feed| document(feed).to_string().into_bytes(),
};

fn document(feed: &Feed) -> Json {
    json!({
        "type": "FeatureCollection",
        "id": feed.id,
        "title": feed.title.both(),
        "updated": feed.updated.to_string(),
        "links": feed.links.iter().map(link).collect::<Vec<_>>(),
        "features": feed.entries.iter().map(feature).collect::<Vec<_>>(),
    })
}

fn link(l: &Link) -> Json {
    json!({ "rel": l.rel, "href": l.href, "type": l.media })
}

fn feature(e: &Entry) -> Json {
    let mut properties = Map::new();
    properties.insert("updated".into(), e.updated.to_string().into());
    if e.deleted {
        properties.insert("_diaban".into(), json!({ "deleted": true }));
    } else {
        properties.insert("title".into(), e.title.as_str().into());
        properties.insert("content".into(), e.content.as_str().into());
        properties.insert("published".into(), e.published.to_string().into());
        properties.insert("author".into(), e.author.as_str().into());
        properties.insert("tags".into(), e.tags.iter().map(|t| t.term.as_str()).collect::<Vec<_>>().into());
    }
    properties.extend(e.facts.iter().map(|(name, v)| (name.to_string(), value(v.clone()))));
    json!({
        "type": "Feature",
        "id": e.id,
        "geometry": geometry::to_json(e.geometry.as_ref()),
        "properties": properties,
        "links": e.links.iter().map(link).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::feed;

    #[test]
    fn the_document() {
        insta::assert_json_snapshot!("geojson_feed", super::document(&feed()));
    }
}
