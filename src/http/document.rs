//! A whole document as an answer: media type, cache rule, ETag from the content, 304 when it is
//! known already (RFC 9110 section 13).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

/// How long others may keep an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Keep {
    /// Ask each time whether it is still right.
    Revalidate,
    /// A few seconds: live data.
    Live,
    /// A second and no longer: live data that begins and ends with time, so that an alert is seen
    /// within two seconds of its onset whatever stands between.
    Second,
    /// An hour: what changes with a new version of the program or its data.
    Hour,
    /// Not at all: what depends on the caller or the moment.
    Never,
}

impl Keep {
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::Revalidate => "public, no-cache",
            Self::Live => "public, max-age=1, stale-while-revalidate=30",
            Self::Second => "public, max-age=1",
            Self::Hour => "public, max-age=3600",
            Self::Never => "no-store",
        }
    }
}

/// A document in the making.
#[derive(Debug)]
pub(super) struct Document {
    media: &'static str,
    body: Bytes,
    keep: Keep,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Document {
    pub(super) fn new(media: &'static str, body: impl Into<Bytes>, keep: Keep) -> Self {
        Self { media, body: body.into(), keep, headers: Vec::new() }
    }

    pub(super) fn json(media: &'static str, value: &Value, keep: Keep) -> Self {
        Self::new(media, serde_json::to_vec(value).expect("a JSON value is JSON"), keep)
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The answer to a request with these headers.
    pub(super) fn answer(self, request: &HeaderMap) -> Response {
        let tag = format!("\"{:032x}\"", xxh3_128(&self.body));
        let mut response = if matches_tag(request, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut full = Response::new(Body::from(self.body));
            full.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
            full
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, HeaderValue::try_from(tag).expect("hexadecimal digits and quotes"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.keep.header()));
        headers.extend(self.headers);
        response
    }
}

/// Whether `If-None-Match` names the tag; weak comparison (RFC 9110 section 13.1.2).
fn matches_tag(request: &HeaderMap, tag: &str) -> bool {
    request.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).any(|list| {
        list.split(',').map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
    })
}
