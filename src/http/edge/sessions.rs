//! Sessions of accounts: the cookie that a browser sends. A browser sends it by itself, also for pages of others, so what
//! changes anything counts only if a page of this service sent it (`edge::origin`).

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method, header};

use crate::http::Service;
use crate::http::edge::origin;
use diaban_core::domain::account::LIFE_MS;
use diaban_core::domain::key::Key;

/// The cookie. Where connections are encrypted, browsers take it under its first name from this very host only.
const NAMES: [&str; 2] = ["__Host-session", "session"];

/// What came with a request.
pub(in crate::http) enum Sent {
    /// No cookie, or one that opens nothing.
    Nothing,
    /// A cookie, and a page of another service had it sent.
    Elsewhere,
    /// The cookie of an open session.
    Session(Arc<Key>),
}

/// The session of a request. To read, it counts whoever has it sent: they cannot read the answer.
pub(in crate::http) async fn sent(service: &Service, method: &Method, headers: &HeaderMap) -> Sent {
    let Some(token) = cookie(headers, name(service)) else { return Sent::Nothing };
    if !(method.is_safe() || origin::is_own(headers, &service.public_url)) {
        return Sent::Elsewhere;
    }
    let found = service.accounts.sessions.find(token, service.clock.now()).await;
    found.map_or(Sent::Nothing, Sent::Session)
}

/// Whether a request has such a cookie, whatever it opens: what is answered is nobody else's.
pub(in crate::http) fn has_cookie(headers: &HeaderMap) -> bool {
    NAMES.iter().any(|name| cookie(headers, name).is_some())
}

/// The cookie of a session that began.
pub(in crate::http) fn set(service: &Service, token: &str) -> HeaderValue {
    written(service, token, LIFE_MS / 1_000)
}

/// The end of it.
pub(in crate::http) fn unset(service: &Service) -> HeaderValue {
    written(service, "", 0)
}

fn written(service: &Service, value: &str, seconds: i64) -> HeaderValue {
    let secure = if is_secure(service) { "; Secure" } else { "" };
    let name = name(service);
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(cookie).expect("base64 and our own words")
}

fn name(service: &Service) -> &'static str {
    NAMES[usize::from(!is_secure(service))]
}

fn is_secure(service: &Service) -> bool {
    service.public_url.starts_with("https:")
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    let mut pairs = sent.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(n, value)| *n == name && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_name() {
        let of = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            cookie(&headers, "session").map(str::to_owned)
        };
        assert_eq!(of(&["a=b; session=xyz; c=d"]).as_deref(), Some("xyz"));
        assert_eq!(of(&["a=b", "session=xyz"]).as_deref(), Some("xyz"));
        for without in [&[][..], &["session"], &["session="], &["__Host-session=x"], &["xsession=x"]] {
            assert_eq!(of(without), None, "{without:?}");
        }
    }
}
