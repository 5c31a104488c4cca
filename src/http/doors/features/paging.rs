//! What all lists share: the addresses and links of their pages, and the headers of their streams.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::value::RawValue;

use super::items::Format;
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use diaban_core::format::csv;
use diaban_core::format::geojson::{self, Link};
use diaban_core::query::PageQuery;

/// One page of a list.
pub(super) struct Paging<'a> {
    /// The collection's id.
    pub(super) collection: &'a str,
    /// The filter in normal form.
    pub(super) filter: Vec<(String, String)>,
    pub(super) page: &'a PageQuery,
    /// Where the next page begins.
    pub(super) next: Option<u64>,
}

impl Paging<'_> {
    /// The page as a document, with its links.
    pub(super) fn document(&self, service: &Service, features: &[Box<RawValue>], matched: u64) -> Document {
        let home = format!("{}/collections/{}", service.public_url, self.collection);
        let link = |href, rel, media, title| Link { href, rel, media, title };
        let next = self.next.map(|c| self.address(&home, Some(c)));
        let mut links =
            vec![link(self.address(&home, self.page.cursor), "self", geojson::MEDIA, "This page")];
        links.extend(next.iter().map(|href| link(href.clone(), "next", geojson::MEDIA, "The next page")));
        links.push(link(home, "collection", "application/json", "The collection"));
        let body = geojson::collection(features, matched, &links);
        let document = Document::new(geojson::MEDIA, body, CachePolicy::Revalidate)
            .header(header::VARY, HeaderValue::from_static("Accept"));
        match next.and_then(|href| HeaderValue::try_from(format!("<{href}>; rel=\"next\"")).ok()) {
            Some(value) => document.header(header::LINK, value),
            None => document,
        }
    }

    /// The address of a page in normal form.
    fn address(&self, home: &str, cursor: Option<u64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.filter);
        query.extend_pairs(self.page.limit.map(|l| ("limit", l.to_string())));
        query.extend_pairs(cursor.map(|c| ("cursor", c.to_string())));
        let query = query.finish();
        format!("{home}/items{}{query}", if query.is_empty() { "" } else { "?" })
    }
}

/// A list as a stream of rows.
pub(super) fn streamed(body: Body, format: Format) -> Response {
    let media = if format == Format::Csv { csv::MEDIA } else { geojson::MEDIA_SEQ };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}
