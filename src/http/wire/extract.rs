//! Reads requests: query pairs, a JSON body within its limits, the idempotency key.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::http::wire::problem::Problem;
use crate::http::wire::strict_json;
use crate::store::IdempotencyKey;
use diaban_core::domain::{Lang, Violation};
use diaban_core::format::cql2_json;
use diaban_core::query::cql;
use diaban_core::query::params::{check_names, turn_bbox};

/// Limit of a JSON body, in bytes.
pub(in crate::http) const JSON_BYTES: usize = 64 * 1024;
/// Limit of a body that asks for a list: a filter of 64 KiB and 10,000 corners of shapes.
pub(in crate::http) const SEARCH_BYTES: usize = 512 * 1024;
/// Time for the whole body after the header.
pub(in crate::http) const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// Limit of an `Idempotency-Key`, in characters.
const KEY_CHARS: usize = 200;

/// Query parameters in their order.
pub(in crate::http) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// For a resource without parameters.
///
/// # Errors
/// 400 that names every one that came.
pub(in crate::http) fn no_parameters(query: Option<&str>) -> Result<(), Problem> {
    let faults = check_names(&pairs(query), &[]);
    if faults.is_empty() { Ok(()) } else { Err(Problem::parameters(faults)) }
}

/// Like [`pairs`], where a filter is allowed: an expression in JSON is converted to text that says where in
/// the JSON its words stood.
///
/// # Errors
/// 400 when the JSON is not a valid expression, or when the expression is too long for an address.
pub(in crate::http) fn asked(query: Option<&str>) -> Result<Vec<(String, String)>, Problem> {
    let mut pairs = pairs(query);
    if let Some((_, text)) = pairs.iter().find(|(name, _)| name == "filter")
        && text.len() > cql::MAX_BYTES
    {
        let detail = format!("must have at most {} bytes; POST to /search takes more", cql::MAX_BYTES);
        return Err(Problem::parameters(vec![Violation::new("filter", detail)]));
    }
    turn_bbox(&mut pairs).map_err(|fault| Problem::parameters(vec![fault]))?;
    let json = cql::LANGUAGES[1];
    if pairs.iter().any(|(name, value)| name == "filter-lang" && value == json) {
        for (_, value) in pairs.iter_mut().filter(|(name, _)| name == "filter") {
            *value = strict_json::read(value.as_bytes())
                .map_err(|e| format!("is not JSON: {e}"))
                .and_then(|json| cql2_json::to_text(&json))
                .map_err(|detail| Problem::parameters(vec![Violation::new("filter", detail)]))?;
        }
    }
    Ok(pairs)
}

/// The language asked for by `lang`; `usual` when nothing is said.
pub(in crate::http) fn lang(pairs: &[(String, String)], usual: Lang, faults: &mut Vec<Violation>) -> Lang {
    let Some((_, tag)) = pairs.iter().find(|(name, _)| name == "lang") else { return usual };
    Lang::from_tag(tag).unwrap_or_else(|| {
        faults.push(Violation::new("lang", "must be vi or en"));
        usual
    })
}

/// Reads a JSON body: checks the media type first, then the announced size, then reads the bytes.
///
/// # Errors
/// 415, 413, 408 or 400.
pub(in crate::http) async fn json(headers: &HeaderMap, body: Body, media: &[&str]) -> Result<Value, Problem> {
    json_within(headers, body, media, JSON_BYTES).await
}

/// The bytes of a JSON body whose members are read one by one.
///
/// # Errors
/// 415, 413 or 408.
pub(in crate::http) async fn json_bytes(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    body_within(headers, body, &["application/json"], (JSON_BYTES, BODY_DEADLINE)).await
}

/// The same as a document, with a limit of its own, in bytes.
///
/// # Errors
/// 415, 413, 408 or 400.
pub(in crate::http) async fn json_within(
    headers: &HeaderMap,
    body: Body,
    media: &[&str],
    most: usize,
) -> Result<Value, Problem> {
    let bytes = body_within(headers, body, media, (most, BODY_DEADLINE)).await?;
    strict_json::read(&bytes).map_err(|e| malformed(&e.to_string()))
}

/// The bytes of a JSON body with a limit of their own and a time in which all of them must have come.
///
/// # Errors
/// 415, 413, 408 or 400.
pub(in crate::http) async fn body_within(
    headers: &HeaderMap,
    body: Body,
    media: &[&str],
    (most, deadline): (usize, Duration),
) -> Result<Bytes, Problem> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let sent = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !media.contains(&sent.as_str()) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "This media type is not supported here",
        )
        .detail(format!("send one of: {}", media.join(", "))));
    }
    let codings =
        headers.get_all(header::CONTENT_ENCODING).iter().flat_map(|v| v.as_bytes().split(|b| *b == b','));
    // Several lines are one list (RFC 9110 section 5.3).
    if codings.map(<[u8]>::trim_ascii).any(|c| !c.eq_ignore_ascii_case(b"identity") && !c.is_empty()) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-coding",
            "Compressed bodies are not supported here",
        )
        .detail("send the body without Content-Encoding"));
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|n| n > most as u64) {
        return Err(too_large(most));
    }
    let read = tokio::time::timeout(deadline, Limited::new(body, most).collect()).await;
    match read {
        Err(_) => {
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body-too-slow", "The body did not arrive in time"))
        }
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => Err(too_large(most)),
        Ok(Err(_)) => Err(malformed("the body ended early")),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
        .detail(format!("at most {most} bytes"))
}

pub(in crate::http) fn malformed(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed-json", "The body is not JSON").detail(detail)
}

/// The idempotency key of a request, with the hash of its body. The key is the sender's own: another one's with the
/// same letters is another key. The order of members and white space do not change the hash.
///
/// # Errors
/// 400 when the key is empty or too long.
pub(in crate::http) fn idempotency_key(
    headers: &HeaderMap,
    sender: &str,
    body: &Value,
) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().map(str::trim).filter(|k| !k.is_empty() && k.len() <= KEY_CHARS).ok_or_else(
        || {
            let detail = format!("must have 1 to {KEY_CHARS} printable ASCII characters, for example a UUID");
            Problem::parameters(vec![Violation::new("Idempotency-Key", detail)])
        },
    )?;
    // serde_json keeps members sorted, so this is a canonical form.
    let canonical = serde_json::to_vec(body).expect("a JSON value is JSON");
    Ok(Some(IdempotencyKey {
        key: Sha256::digest(format!("{sender}{key}")).into(),
        body: Sha256::digest(canonical).into(),
    }))
}
