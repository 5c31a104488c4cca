//! Compression of responses, and ETags that distinguish the codings (RFC 9110 section 8.8.3.3): the
//! tag of a compressed response has its coding as a suffix.

use std::io::{self, Write};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

/// Suffixes of the tags of compressed responses: the coding and a version of our encoders. A plain
/// tag is a hash of the bytes, so two versions of the program running side by side never use one tag for
/// different bytes. For compressed bytes this holds only if the suffix is changed with every other
/// library, level or default.
const SUFFIXES: [(&str, &str); 3] = [("gzip", "-gzip1"), ("br", "-br1"), ("zstd", "-zstd1")];

/// A content coding that we encode ourselves, for cached responses that are sent many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::http) enum Coding {
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// In order of preference.
    const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    pub(in crate::http) fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// The coding that a request prefers (RFC 9110 section 12.5.3); `None` for no coding.
    pub(in crate::http) fn of(request: &HeaderMap) -> Option<Self> {
        let lists = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
        let accepted: Vec<(&str, f32)> = lists.flat_map(|list| list.split(',')).map(weighed).collect();
        let weight = |name: &str| {
            let of = |n: &str| accepted.iter().find(|(a, _)| a.eq_ignore_ascii_case(n)).map(|a| a.1);
            of(name).or_else(|| of("*")).unwrap_or(0.0)
        };
        let plain = accepted.iter().find(|(a, _)| a.eq_ignore_ascii_case("identity")).map_or(0.0, |a| a.1);
        let mut best = None;
        for coding in Self::ALL {
            let q = weight(coding.name());
            if q > 0.0 && q >= plain && best.is_none_or(|(_, b)| q > b) {
                best = Some((coding, q));
            }
        }
        best.map(|b| b.0)
    }

    /// Encodes bytes, with high effort because the result is sent many times.
    ///
    /// # Errors
    /// Never: writing to memory does not fail.
    pub(in crate::http) fn encode(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd => zstd::bulk::compress(bytes, 6),
            Self::Gzip => {
                let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                out.write_all(bytes)?;
                out.finish()
            }
            Self::Brotli => {
                let mut out = Vec::new();
                let params = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
                brotli::BrotliCompress(&mut &bytes[..], &mut out, &params)?;
                Ok(out)
            }
        }
    }
}

fn weighed(item: &str) -> (&str, f32) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let q = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q="))?.parse().ok());
    (name, q.unwrap_or(1.0))
}

/// The layer that compresses responses. It uses the fastest level, because each response is
/// compressed again every time.
pub(in crate::http) fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

/// Wraps [`compression`]: removes the suffix from the tags of a request, adds it to those of the
/// response, and joins the `Vary` lines.
pub(in crate::http) async fn tags(
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let sent = request.headers().get(header::IF_NONE_MATCH).cloned();
    if let Some(plain) = sent.as_ref().and_then(|v| v.to_str().ok()).and_then(without_suffixes) {
        request.headers_mut().insert(header::IF_NONE_MATCH, plain);
    }
    let mut response = next(request).await;
    if let Some(tag) = coded_tag(response.status(), response.headers(), sent.as_ref()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    if let Some(vary) = one_line(response.headers()) {
        response.headers_mut().insert(header::VARY, vary);
    }
    response
}

/// Joins several lines of `Vary`, because some caches read only the first.
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

fn coded_tag(status: StatusCode, headers: &HeaderMap, sent: Option<&HeaderValue>) -> Option<HeaderValue> {
    let opaque = headers.get(header::ETAG)?.to_str().ok()?.strip_suffix('"')?;
    let suffix = if status == StatusCode::NOT_MODIFIED {
        // A 304 has no body that shows the coding, so the client's own tag is returned.
        let sent = sent?.to_str().ok()?;
        SUFFIXES.into_iter().find(|(_, s)| sent.contains(&format!("{opaque}{s}\"")))?.1
    } else {
        let coding = headers.get(header::CONTENT_ENCODING)?;
        SUFFIXES.into_iter().find(|(name, _)| coding == name)?.1
    };
    HeaderValue::try_from(format!("{opaque}{suffix}\"")).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn preferred(list: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::try_from(list).unwrap());
        Coding::of(&headers).map(Coding::name)
    }

    #[test]
    fn a_request_says_which_coding_it_likes() {
        assert_eq!(preferred("gzip, deflate, br, zstd"), Some("zstd"));
        assert_eq!(preferred("gzip, deflate, br"), Some("br"));
        assert_eq!(preferred("GZIP"), Some("gzip"));
        assert_eq!(preferred("gzip;q=1, br;q=0.5"), Some("gzip"));
        assert_eq!(preferred("zstd;q=0, *"), Some("br"));
        assert_eq!(preferred("identity, gzip;q=0.5"), None);
        assert_eq!(preferred("identity;q=0.5, gzip"), Some("gzip"));
        for nothing in ["", "deflate", "gzip;q=0", "identity"] {
            assert_eq!(preferred(nothing), None, "{nothing}");
        }
        assert_eq!(Coding::of(&HeaderMap::new()), None);
    }

    #[test]
    fn what_is_encoded_can_be_read() {
        let text = "một phường, hai phường ".repeat(200);
        let coded = |c: Coding| c.encode(text.as_bytes()).unwrap();
        let mut back = String::new();
        flate2::read::GzDecoder::new(&coded(Coding::Gzip)[..]).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        back.clear();
        brotli::Decompressor::new(&coded(Coding::Brotli)[..], 4096).read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
        assert_eq!(zstd::decode_all(&coded(Coding::Zstd)[..]).unwrap(), text.as_bytes());
    }
}
