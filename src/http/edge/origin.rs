//! Where a request comes from: what a page sends with a cookie counts only if it is a page of this service.

use axum::http::{HeaderMap, StatusCode, header};

use crate::http::wire::problem::Problem;

/// Whether a page of this service sent it. Browsers say so in `Sec-Fetch-Site`, and in `Origin` where they do not
/// know the former; whoever says nothing is no page.
pub(in crate::http) fn is_own(headers: &HeaderMap, public_url: &str) -> bool {
    let said = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or_default());
    if let Some(site) = said("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = said(header::ORIGIN.as_str()) else { return false };
    let Some((_, host)) = origin.split_once("://") else { return false };
    // Before a proxy it is the public address, without one that of the connection.
    let public = public_url.split_once("://").map(|(scheme, rest)| {
        let host = rest.split('/').next().unwrap_or_default();
        format!("{scheme}://{host}")
    });
    public.is_some_and(|own| origin.eq_ignore_ascii_case(&own))
        || said(header::HOST.as_str()).is_some_and(|own| host.eq_ignore_ascii_case(own))
}

/// 403.
pub(in crate::http) fn elsewhere() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "other-origin", "Only a page of this service may send this")
        .detail("send it from the form of the page; programs have an address of their own for it, see /api")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_are_believed() {
        let own = |sent: &[(&'static str, &str)]| {
            let headers = sent.iter().map(|(name, v)| (name.parse().unwrap(), v.parse().unwrap()));
            is_own(&headers.collect::<HeaderMap>(), "https://map.test:8443/x")
        };
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        for site in ["same-site", "cross-site", "none", ""] {
            assert!(!own(&[("sec-fetch-site", site), ("origin", "https://map.test:8443")]), "{site}");
        }
        assert!(own(&[("origin", "https://map.test:8443")]));
        assert!(own(&[("origin", "http://10.0.0.7:8080"), ("host", "10.0.0.7:8080")]));
        for origin in ["https://map.test", "http://map.test:8443", "https://evil.test", "null", ""] {
            assert!(!own(&[("origin", origin), ("host", "10.0.0.7:8080")]), "{origin}");
        }
        assert!(!own(&[("host", "map.test:8443")]), "who says nothing is no page");
    }
}
