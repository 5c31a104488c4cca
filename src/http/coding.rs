//! Compression of answers, and ETags that tell the codings apart (RFC 9110 section 8.8.3.3): the
//! tag of a compressed answer carries its coding as a suffix.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// What the tags of compressed answers end in: the coding and the version of our encoders. A plain tag is a
/// hash of the bytes, so two versions of the program beside each other never call different bytes the same;
/// of compressed bytes that holds only if this is raised with another library, level or default.
const SUFFIXES: [(&str, &str); 3] = [("gzip", "-gzip1"), ("br", "-br1"), ("zstd", "-zstd1")];

/// The layer that compresses: the fastest level, because an answer is compressed each time it is given.
pub(super) fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

/// Around [`compression`]: takes the suffix off the tags of a request and puts it on those of the answer;
/// what the answer varies with is told in one line.
pub(super) async fn tags(mut request: Request, next: Next) -> Response {
    let asked = request.headers().get(header::IF_NONE_MATCH).cloned();
    if let Some(plain) = asked.as_ref().and_then(|v| v.to_str().ok()).and_then(without_suffixes) {
        request.headers_mut().insert(header::IF_NONE_MATCH, plain);
    }
    let mut response = next.run(request).await;
    if let Some(tag) = coded_tag(response.status(), response.headers(), asked.as_ref()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    if let Some(vary) = one_line(response.headers()) {
        response.headers_mut().insert(header::VARY, vary);
    }
    response
}

/// Several lines of `Vary` as one: not every cache reads the second.
fn one_line(headers: &HeaderMap) -> Option<HeaderValue> {
    let lines: Vec<&str> = headers.get_all(header::VARY).iter().filter_map(|v| v.to_str().ok()).collect();
    (lines.len() > 1).then(|| HeaderValue::try_from(lines.join(", ")).ok()).flatten()
}

fn without_suffixes(list: &str) -> Option<HeaderValue> {
    let mut plain = list.to_owned();
    for (_, suffix) in SUFFIXES {
        plain = plain.replace(&format!("{suffix}\""), "\"");
    }
    HeaderValue::try_from(plain).ok()
}

fn coded_tag(status: StatusCode, headers: &HeaderMap, asked: Option<&HeaderValue>) -> Option<HeaderValue> {
    let opaque = headers.get(header::ETAG)?.to_str().ok()?.strip_suffix('"')?;
    let suffix = if status == StatusCode::NOT_MODIFIED {
        // The answer has no body to tell the coding by: the tag that the client has is the right one.
        let asked = asked?.to_str().ok()?;
        SUFFIXES.into_iter().find(|(_, s)| asked.contains(&format!("{opaque}{s}\"")))?.1
    } else {
        let coding = headers.get(header::CONTENT_ENCODING)?;
        SUFFIXES.into_iter().find(|(name, _)| coding == name)?.1
    };
    HeaderValue::try_from(format!("{opaque}{suffix}\"")).ok()
}
