//! Which format to answer in: the `f` parameter, else the Accept header (RFC 9110 section 12.5.1). Which language: the
//! `lang` parameter (`extract`), else the Accept-Language header (section 12.5.4).

use axum::http::{HeaderMap, header};

use crate::http::wire::problem::Problem;
use diaban_core::domain::{Lang, Violation, nearest};
use diaban_core::format::list::Format;

/// One format of a resource.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Offer<T> {
    /// Its names in the `f` parameter.
    pub(in crate::http) names: &'static [&'static str],
    /// Media types in Accept that ask for it.
    pub(in crate::http) media: &'static [&'static str],
    /// What it is.
    pub(in crate::http) format: T,
}

impl Offer<&'static Format> {
    /// A format of lists.
    pub(in crate::http) fn of(format: &'static Format) -> Self {
        Self { names: format.names, media: format.accepts, format }
    }
}

/// Chooses; the first offer is what a client without preference gets.
///
/// # Errors
/// 400 for an unknown `f`, 406 when nothing accepted is offered.
pub(in crate::http) fn choose<T: Copy>(
    offers: &[Offer<T>],
    f: Option<&str>,
    headers: &HeaderMap,
) -> Result<T, Problem> {
    if let Some(f) = f {
        let names = || offers.iter().flat_map(|o| o.names.iter().copied());
        return offers.iter().find(|o| o.names.contains(&f)).map(|o| o.format).ok_or_else(|| {
            let hint = nearest(f, names()).map_or_else(
                || format!("valid: {}", names().collect::<Vec<_>>().join(", ")),
                |n| format!("did you mean {n}?"),
            );
            Problem::parameters(vec![Violation::new("f", format!("has no such value; {hint}"))])
        });
    }
    let accept =
        headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()).collect::<Vec<_>>().join(",");
    if accept.trim().is_empty() {
        return Ok(offers[0].format);
    }
    let ranges: Vec<Range<'_>> = accept.split(',').take(64).filter_map(Range::parse).collect();
    offers
        .iter()
        .map(|o| (o.media.iter().map(|m| quality(&ranges, m)).max().unwrap_or(0), o))
        // The first of the best: `max_by_key` would take the last.
        .rev()
        .max_by_key(|(q, _)| *q)
        .filter(|(q, _)| *q > 0)
        .map(|(_, o)| o.format)
        .ok_or_else(|| Problem::not_acceptable(&offers.iter().map(|o| o.media[0]).collect::<Vec<_>>()))
}

/// The language that the client understands best; `usual` where it says nothing of ours.
pub(in crate::http) fn accepted_lang(headers: &HeaderMap, usual: Lang) -> Lang {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|v| v.to_str().ok());
    let ranges = values.flat_map(|v| v.split(',')).take(64);
    let known = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        Some((Lang::from_tag(parts.next()?)?, weight(parts)?))
    });
    // The first of the best: `max_by_key` would take the last.
    let mut known: Vec<(Lang, u16)> = known.filter(|(_, quality)| *quality > 0).collect();
    known.reverse();
    known.into_iter().max_by_key(|(_, quality)| *quality).map_or(usual, |(lang, _)| lang)
}

/// The weight among the parameters of a range, in thousandths; none if it is no number.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let q = parameters.find_map(|p| p.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
    Some((q.clamp(0.0, 1.0) * 1000.0) as u16)
}

struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    /// Thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        Some(Self { kind, subtype, quality: weight(parts)? })
    }
}

/// The quality of the most specific range that names the type.
fn quality(ranges: &[Range<'_>], media: &str) -> u16 {
    let (kind, subtype) = media.split_once('/').unwrap_or((media, ""));
    ranges
        .iter()
        .filter_map(|r| {
            let specific = match (r.kind, r.subtype) {
                ("*", "*") => 0,
                (k, "*") if k.eq_ignore_ascii_case(kind) => 1,
                (k, s) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 2,
                _ => return None,
            };
            Some((specific, r.quality))
        })
        .max()
        .map_or(0, |(_, q)| q)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERS: &[Offer<u8>] = &[
        Offer { names: &["json"], media: &["application/json"], format: 0 },
        Offer { names: &["html"], media: &["text/html"], format: 1 },
    ];

    fn with(accept: &str) -> Option<u8> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        choose(OFFERS, None, &headers).ok()
    }

    #[test]
    fn json_unless_the_client_prefers_something_else() {
        assert_eq!(choose(OFFERS, None, &HeaderMap::new()).ok(), Some(0));
        assert_eq!(with("*/*"), Some(0));
        assert_eq!(with("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), Some(1));
        assert_eq!(with("application/json;q=0.5, text/*;q=0.4"), Some(0));
        assert_eq!(with("application/x-no-such-type"), None);
        assert_eq!(with("application/json;q=0, */*"), Some(1));
        assert_eq!(choose(OFFERS, Some("html"), &HeaderMap::new()).ok(), Some(1));
        assert!(choose(OFFERS, Some("htm"), &HeaderMap::new()).is_err());
    }

    #[test]
    fn the_language_that_is_understood_best() {
        let of = |accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
            accepted_lang(&headers, Lang::Vi)
        };
        assert_eq!(accepted_lang(&HeaderMap::new(), Lang::Vi), Lang::Vi);
        assert_eq!(of("en-GB,en;q=0.9,vi;q=0.8"), Lang::En);
        assert_eq!(of("vi-VN,vi;q=0.9,en;q=0.8"), Lang::Vi);
        assert_eq!(of("fr, en;q=0.2"), Lang::En);
        assert_eq!(of("en, vi"), Lang::En, "the first of the best");
        for nothing in ["fr", "*", "en;q=0", "en;q=x", ""] {
            assert_eq!(of(nothing), Lang::Vi, "{nothing}");
        }
    }
}
