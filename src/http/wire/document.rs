//! A whole document as an answer: media type, cache rule, ETag from the content, 304 when it is
//! known already (RFC 9110 section 13), by its tag or, for a reader that knows no tags, by its date.

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

/// About how many headers an answer has in the end, so that their table is made once.
const HEADERS: usize = 20;

/// How long others may keep an answer.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) enum CachePolicy {
    /// Ask each time whether it is still right.
    Revalidate,
    /// A few seconds: live data.
    Live,
    /// A second and no longer: live data that begins and ends with time, so that an alert is seen
    /// within two seconds of its onset whatever stands between.
    Second,
    /// An hour: what changes with a new version of the program or its data.
    Hour,
    /// A week: what may be old without being wrong.
    Week,
    /// Only by the one who asked, and not for long: what a secret address opens.
    Private,
    /// Not at all: what depends on the caller or the moment.
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

/// A document in the making.
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

    /// With the tag that [`tag`] gave for its content, so that it need not be made again.
    pub(in crate::http) fn tagged(mut self, tag: HeaderValue) -> Self {
        self.tag = Some(tag);
        self
    }

    /// When its content last changed. A date has whole seconds, and more may happen in the second that
    /// has just begun, so the date said is always one that is over.
    pub(in crate::http) fn modified(mut self, at: Instant, now: Instant) -> Self {
        let second = at.ms().min(now.ms() - 1_000).div_euclid(1_000);
        self.modified = Timestamp::from_second(second).ok();
        self
    }

    /// The answer to a request with these headers.
    pub(in crate::http) fn answer(self, request: &HeaderMap) -> Response {
        let tag = self.tag.unwrap_or_else(|| tag(&self.body));
        // Dates count only where no tag was sent (RFC 9110 section 13.2.2).
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

/// The tag of a content: the same for the same bytes, whichever process or version of the program made them.
pub(in crate::http) fn tag(content: &[u8]) -> HeaderValue {
    let tag = format!("\"{:032x}\"", xxh3_128(content));
    HeaderValue::try_from(tag).expect("hexadecimal digits and quotes")
}

/// Whether `If-Modified-Since` names the date or a later one; what is no date counts for nothing.
fn is_unmodified_since(request: &HeaderMap, modified: Timestamp) -> bool {
    let sent = request.get(header::IF_MODIFIED_SINCE).and_then(|v| v.to_str().ok());
    sent.and_then(|text| DateTimeParser::new().parse_timestamp(text).ok()).is_some_and(|t| modified <= t)
}

/// Whether `If-None-Match` names the tag; weak comparison (RFC 9110 section 13.1.2).
fn matches_tag(request: &HeaderMap, tag: &str) -> bool {
    request.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok()).any(|list| {
        list.split(',').map(str::trim).any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
    })
}
