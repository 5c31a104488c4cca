//! The token of one report: whoever sent the report gets it with the answer, in the header `Report-Token`, and sends it
//! in the same header to read what became of the report and to erase it. It is never in an address.
//!
//! Nothing is stored: a token is a MAC over the id.

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::http::wire::problem::Problem;

/// The header that carries a token, both ways.
pub(in crate::http) const HEADER: &str = "report-token";
/// Length in bytes of the MAC: half of HMAC-SHA256 (RFC 2104 section 5).
const BYTES: usize = 16;

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
        let mut mac = [0; BYTES];
        let read = BASE64_URL_SAFE_NO_PAD.decode_slice(sent.as_bytes(), &mut mac);
        let whole = read.is_ok_and(|n| n == BYTES);
        let own = self.0.clone().chain_update(id.to_be_bytes());
        if whole && own.verify_truncated_left(&mac).is_ok() {
            return Ok(true);
        }
        let refused = Problem::new(StatusCode::FORBIDDEN, "token-refused", "The token is not accepted");
        Err(refused.detail("this is not the token of this report; the answer to its POST had it"))
    }
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
}
