//! The token of one report: whoever sent the report gets it with the answer, in the header `Report-Token`, and sends it
//! in the same header to read what became of the report and to erase it. It is never in an address that is sent.
//!
//! On the report's own page a cookie stands for it a while, which opens nothing but that page.
//!
//! The token of a task opens one part of a report, for two weeks.
//!
//! Nothing is stored: a token is a MAC over the id, the cookie and that of a task one over the id and its end.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::http::wire::problem::Problem;
use diaban_core::domain::Instant;

/// The header that carries a token, both ways.
pub(in crate::http) const HEADER: &str = "report-token";
/// The header that carries the token of a task: somebody outside who does a part of a report has it from the office.
const TASK_HEADER: &str = "task-token";
/// Length in bytes of the MAC: half of HMAC-SHA256 (RFC 2104 section 5).
const BYTES: usize = 16;
/// The cookie of a page.
const COOKIE: &str = "report";
/// For so many seconds the page of a report knows whoever sent it.
const SESSION_S: i64 = 30 * 60;
/// For so many seconds the token of a task opens it.
const TASK_S: i64 = 14 * 24 * 60 * 60;

/// Issues and verifies tokens.
pub struct ReportTokens(Hmac<Sha256>);

impl ReportTokens {
    /// By a secret of the store: other processes on it know the same tokens.
    ///
    /// # Panics
    /// Never: HMAC takes keys of any length.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    /// The token of a report.
    pub(in crate::http) fn issue(&self, id: u64) -> HeaderValue {
        let mac = self.0.clone().chain_update(id.to_be_bytes()).finalize().into_bytes();
        let token = BASE64_URL_SAFE_NO_PAD.encode(&mac[..BYTES]);
        HeaderValue::try_from(token).unwrap_or(HeaderValue::from_static(""))
    }

    /// Whether a request carries the token of a report.
    ///
    /// # Errors
    /// 403 when it carries another: nobody becomes anonymous without a word.
    pub(in crate::http) fn opens(&self, id: u64, headers: &HeaderMap) -> Result<bool, Problem> {
        let Some(sent) = headers.get(HEADER) else { return Ok(false) };
        if self.fits(id, sent.as_bytes()) {
            return Ok(true);
        }
        let refused = Problem::new(StatusCode::FORBIDDEN, "token-refused", "The token is not accepted");
        Err(refused.detail("this is not the token of this report; the answer to its POST had it"))
    }

    /// Whether this is the token of a report.
    pub(in crate::http) fn fits(&self, id: u64, text: &[u8]) -> bool {
        is_mac(self.0.clone().chain_update(id.to_be_bytes()), text)
    }

    /// A cookie for the page of a report, from now on. `secure`: only where nobody listens.
    pub(in crate::http) fn cookie(&self, id: u64, now: Instant, secure: bool) -> HeaderValue {
        let until = now.ms().div_euclid(1_000) + SESSION_S;
        let mac = self.of_session(id, until).finalize().into_bytes();
        let mac = BASE64_URL_SAFE_NO_PAD.encode(&mac[..BYTES]);
        set_cookie(id, &format!("{until}.{mac}"), SESSION_S, secure)
    }

    /// Until when the cookie of a request opens the page of a report; none where it does not.
    pub(in crate::http) fn session(&self, id: u64, headers: &HeaderMap, now: Instant) -> Option<Instant> {
        let sent = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        let pairs = sent.flat_map(|v| v.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let ends = pairs.filter(|(name, _)| *name == COOKIE).filter_map(|(_, value)| {
            let (until, mac) = value.split_once('.')?;
            let until: i64 = until.parse().ok()?;
            is_mac(self.of_session(id, until), mac.as_bytes())
                .then(|| Instant::from_ms(until.saturating_mul(1_000)))
        });
        ends.max().filter(|end| *end > now)
    }

    /// The link to a task of a report, from now on.
    pub(in crate::http) fn issue_task(&self, id: u64, n: i64, now: Instant) -> String {
        let until = now.ms().div_euclid(1_000) + TASK_S;
        let mac = self.of_task(id, n, until).finalize().into_bytes();
        format!("{until}.{}", BASE64_URL_SAFE_NO_PAD.encode(&mac[..BYTES]))
    }

    /// Whether a request carries the link to a task.
    ///
    /// # Errors
    /// 403 when it carries another, or one that is over.
    pub(in crate::http) fn opens_task(
        &self,
        id: u64,
        n: i64,
        headers: &HeaderMap,
        now: Instant,
    ) -> Result<bool, Problem> {
        let Some(sent) = headers.get(TASK_HEADER) else { return Ok(false) };
        let fits = || {
            let (until, mac) = sent.to_str().ok()?.split_once('.')?;
            let until: i64 = until.parse().ok()?;
            let fresh = until > now.ms().div_euclid(1_000);
            Some(fresh && is_mac(self.of_task(id, n, until), mac.as_bytes()))
        };
        if fits() == Some(true) {
            return Ok(true);
        }
        let refused = Problem::new(StatusCode::FORBIDDEN, "token-refused", "The token is not accepted");
        Err(refused.detail("this is not the token of this task, or its two weeks are over"))
    }

    fn of_task(&self, id: u64, n: i64, until: i64) -> Hmac<Sha256> {
        let of = self.0.clone().chain_update(b"task").chain_update(id.to_be_bytes());
        of.chain_update(n.to_be_bytes()).chain_update(until.to_be_bytes())
    }

    /// Longer than an id, so that no cookie is a token.
    fn of_session(&self, id: u64, until: i64) -> Hmac<Sha256> {
        self.0
            .clone()
            .chain_update(b"session")
            .chain_update(id.to_be_bytes())
            .chain_update(until.to_be_bytes())
    }
}

/// The end of what [`ReportTokens::cookie`] began.
pub(in crate::http) fn no_cookie(id: u64, secure: bool) -> HeaderValue {
    set_cookie(id, "", 0, secure)
}

fn set_cookie(id: u64, value: &str, seconds: i64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; Path=/r/{id}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(cookie).expect("digits, base64 and our own words")
}

/// Whether a text is the beginning of this MAC, of the length that we give.
fn is_mac(mac: Hmac<Sha256>, text: &[u8]) -> bool {
    let mut bytes = [0; BYTES];
    let read = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes);
    read.is_ok_and(|n| n == BYTES) && mac.verify_truncated_left(&bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_report_and_no_other() {
        let tokens = ReportTokens::new(&[7; 32]);
        let of = |value: HeaderValue| HeaderMap::from_iter([(HEADER.parse().unwrap(), value)]);
        let own = of(tokens.issue(4_711));
        assert!(tokens.opens(4_711, &own).is_ok_and(|opens| opens));
        assert!(tokens.opens(4_711, &HeaderMap::new()).is_ok_and(|opens| !opens));
        let text = tokens.issue(4_711).to_str().unwrap().to_owned();
        assert_eq!(text.len(), 22);
        for wrong in [&text[..20], &format!("{text}AA"), "", "Bearer x"] {
            assert!(tokens.opens(4_711, &of(wrong.parse().unwrap())).is_err(), "{wrong}");
        }
        assert!(tokens.opens(4_712, &own).is_err());
        assert!(ReportTokens::new(&[8; 32]).opens(4_711, &own).is_err());
    }

    #[test]
    fn a_link_opens_its_task_for_two_weeks() {
        let tokens = ReportTokens::new(&[7; 32]);
        let now = Instant::from_ms(1_795_570_200_123);
        let token = tokens.issue_task(4_711, 2, now);
        let opens = |id, n, token: &str, ms: i64| {
            let headers = HeaderMap::from_iter([(TASK_HEADER.parse().unwrap(), token.parse().unwrap())]);
            tokens.opens_task(id, n, &headers, Instant::from_ms(now.ms() + ms)).is_ok_and(|opens| opens)
        };
        assert!(opens(4_711, 2, &token, 0) && opens(4_711, 2, &token, 1_209_599_000));
        assert!(!opens(4_711, 2, &token, 1_209_600_000), "over");
        assert!(!opens(4_711, 1, &token, 0) && !opens(4_712, 2, &token, 0));
        let later = token.replacen("17967", "17977", 1);
        assert_ne!(later, token);
        for wrong in [&*later, "", ".", "x.y", tokens.issue(4_711).to_str().unwrap()] {
            assert!(!opens(4_711, 2, wrong, 0), "{wrong}");
        }
        assert!(tokens.opens_task(1, 1, &HeaderMap::new(), now).is_ok_and(|opens| !opens));
    }

    #[test]
    fn a_cookie_opens_the_page_of_its_report_for_half_an_hour() {
        let tokens = ReportTokens::new(&[7; 32]);
        let now = Instant::from_ms(1_795_570_200_123);
        let set = tokens.cookie(4_711, now, true);
        let set = set.to_str().unwrap();
        assert!(set.ends_with("; Path=/r/4711; Max-Age=1800; HttpOnly; SameSite=Strict; Secure"), "{set}");
        let pair = set.split(';').next().unwrap();
        let token = tokens.issue(4_711);
        assert!(!pair.contains(token.to_str().unwrap()));
        let of = |id, cookies: &str, ms| {
            let headers = HeaderMap::from_iter([(header::COOKIE, cookies.parse().unwrap())]);
            tokens.session(id, &headers, Instant::from_ms(now.ms() + ms))
        };
        let end = of(4_711, &format!("a=b; {pair}"), 0).unwrap();
        assert_eq!(end.ms(), 1_795_572_000_000);
        assert!(of(4_711, pair, 1_799_000).is_some());
        assert!(of(4_711, pair, 1_800_000).is_none(), "it ends");
        assert!(of(4_712, pair, 0).is_none(), "another report's");
        let later = pair.replacen("report=1", "report=2", 1);
        for wrong in
            [&*later, "report=", "report=.", "report", "", &format!("report={}", token.to_str().unwrap())]
        {
            assert!(of(4_711, wrong, 0).is_none(), "{wrong}");
        }
        assert!(no_cookie(4_711, false).to_str().unwrap().starts_with("report=; Path=/r/4711; Max-Age=0;"));
    }
}
