//! A complete document as a response: media type, cache policy, ETag of the content, and 304 if the
//! client has it already (RFC 9110 section 13), by tag or, for clients without tags, by date.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use serde::Serialize;
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_128;

use diaban_core::domain::Instant;

/// Typical number of headers of a response, used as the initial capacity.
const HEADERS: usize = 20;

/// How long caches may store a response.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) enum CachePolicy {
    /// Revalidate each time.
    Revalidate,
    /// A few seconds: live data.
    Live,
    /// One second: live data with a beginning and an end, so that an alert is visible within two
    /// seconds of its onset, whatever caches are in between.
    Second,
    /// An hour: data that changes only with a new version of the program or the pack.
    Hour,
    /// A week: data that may be old without being wrong.
    Week,
    /// Only in the client's own cache, and briefly: content of a secret URL.
    Private,
    /// Not at all: content that depends on the caller or the moment.
    Never,
}

impl CachePolicy {
    pub(in crate::http) fn header(self) -> &'static str {
        match self {
            Self::Revalidate => "public, no-cache",
            Self::Live => "public, max-age=1, stale-while-revalidate=30",
            Self::Second => "public, max-age=1",
            Self::Hour => "public, max-age=3600",
            Self::Week => "public, max-age=604800",
            Self::Private => "private, no-store",
            Self::Never => "no-store",
        }
    }
}

/// A document being built.
#[derive(Debug)]
pub(in crate::http) struct Document {
    media: &'static str,
    body: Bytes,
    cache: CachePolicy,
    headers: Vec<(HeaderName, HeaderValue)>,
    tag: Option<HeaderValue>,
    modified: Option<Timestamp>,
}

impl Document {
    pub(in crate::http) fn new(media: &'static str, body: impl Into<Bytes>, cache: CachePolicy) -> Self {
        Self { media, body: body.into(), cache, headers: Vec::new(), tag: None, modified: None }
    }

    pub(in crate::http) fn json(media: &'static str, value: &Value, cache: CachePolicy) -> Self {
        Self::new(media, serde_json::to_vec(value).expect("a JSON value is JSON"), cache)
    }

    /// A document of a wire type. Members are sorted by name, as in every JSON of this service.
    pub(in crate::http) fn typed(media: &'static str, value: &impl Serialize, cache: CachePolicy) -> Self {
        Self::json(media, &serde_json::to_value(value).expect("a wire type has text keys"), cache)
    }

    pub(in crate::http) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets a tag computed earlier by [`tag`], so that it is not computed again.
    pub(in crate::http) fn tagged(mut self, tag: HeaderValue) -> Self {
        self.tag = Some(tag);
        self
    }

    /// When its content last changed. A date has whole seconds, and more may change in the current
    /// second, so the date used is always one that has passed.
    pub(in crate::http) fn modified(mut self, at: Instant, now: Instant) -> Self {
        let second = at.ms().min(now.ms() - 1_000).div_euclid(1_000);
        self.modified = Timestamp::from_second(second).ok();
        self
    }

    /// The response to a request with these headers.
    pub(in crate::http) fn answer(self, request: &HeaderMap) -> Response {
        let tag = self.tag.unwrap_or_else(|| tag(&self.body));
        // Dates are used only if no tag was sent (RFC 9110 section 13.2.2).
        let known = if request.contains_key(header::IF_NONE_MATCH) {
            tag.to_str().is_ok_and(|tag| matches_tag(request, tag))
        } else {
            self.modified.is_some_and(|t| is_unmodified_since(request, t))
        };
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut full = Response::new(Body::from(self.body));
            full.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media));
            full
        };
        let headers = response.headers_mut();
        headers.reserve(HEADERS);
        headers.insert(header::ETAG, tag);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache.header()));
        let date = self.modified.and_then(|t| DateTimePrinter::new().timestamp_to_rfc9110_string(&t).ok());
        if let Some(date) = date.and_then(|d| HeaderValue::try_from(d).ok()) {
            headers.insert(header::LAST_MODIFIED, date);
        }
        headers.extend(self.headers);
        response
    }
}

/// The tag of a content. The same bytes have the same tag, whichever process or version of the
/// program made them.
pub(in crate::http) fn tag(content: &[u8]) -> HeaderValue {
    let tag = format!("\"{:032x}\"", xxh3_128(content));
    HeaderValue::try_from(tag).expect("hexadecimal digits and quotes")
}

/// Whether `If-Modified-Since` has this date or a later one; an invalid date is ignored.
fn is_unmodified_since(request: &HeaderMap, modified: Timestamp) -> bool {
    let sent = request.get(header::IF_MODIFIED_SINCE).and_then(|v| v.to_str().ok());
    sent.and_then(|text| DateTimeParser::new().parse_timestamp(text).ok()).is_some_and(|t| modified <= t)
}

/// Whether `If-None-Match` contains the tag, by weak comparison (RFC 9110 section 13.1.2).
fn matches_tag(request: &HeaderMap, tag: &str) -> bool {
    request.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).any(|list| {
        list.split(',').map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
    })
}
