//! Device tokens: `POST /devices` issues one, the header `Device-Token` carries it. A token only
//! distinguishes devices behind a shared address; it identifies no person and grants no rights.
//!
//! Nothing is stored: a token is the hour in which it was issued, 96 random bits and a MAC over them. A
//! token that this service did not issue is ignored.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::Sha256;

use crate::clock::Ids;
use crate::http::Service;
use crate::http::edge::limits::{Token, hour};
use crate::http::wire::extract::no_parameters;
use crate::http::wire::problem::Problem;
use diaban_core::domain::Instant;

/// The request header that carries a token.
pub(in crate::http) const HEADER: &str = "device-token";
/// Length in bytes of the first part, and of the MAC after it: half of HMAC-SHA256 (RFC 2104
/// section 5).
const PART: usize = 16;
/// Length of the hour at its beginning.
const HOUR: usize = 4;
/// Stands before what the MAC is over. Tokens of before 0.2 had neither this nor an hour.
const DATED: &[u8] = b"hour";

/// Issues and verifies tokens.
pub(in crate::http) struct Devices(Hmac<Sha256>);

impl Devices {
    pub(in crate::http) fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    fn issue(&self, ids: &dyn Ids, now: Instant) -> String {
        let mut token = [0; 2 * PART];
        ids.fill(&mut token[..PART]);
        token[..HOUR].copy_from_slice(&(hour(now) as u32).to_le_bytes());
        let tag = self.0.clone().chain_update(DATED).chain_update(&token[..PART]).finalize().into_bytes();
        token[PART..].copy_from_slice(&tag[..PART]);
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// The token of a request; `None` without a valid one.
    pub(in crate::http) fn of(&self, headers: &HeaderMap) -> Option<Token> {
        let mut token = [0; 2 * PART];
        let text = headers.get(HEADER)?.as_bytes();
        let read = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut token).ok()?;
        let (part, tag) = token[..read].split_first_chunk::<PART>().filter(|_| read == token.len())?;
        let device = u128::from_le_bytes(*part);
        let dated = self.0.clone().chain_update(DATED).chain_update(part);
        if dated.verify_truncated_left(tag).is_ok() {
            // The hour stands first, least byte first.
            return Some(Token { device, hour: Some(device as u32) });
        }
        self.0.clone().chain_update(part).verify_truncated_left(tag).ok()?;
        Some(Token { device, hour: None })
    }
}

/// A new token and the header that carries it.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct DeviceToken {
    header: &'static str,
    token: String,
}

/// `POST /devices`
pub(in crate::http) async fn issue(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let body = DeviceToken {
        header: "Device-Token",
        token: service.guards.devices.issue(&*service.ids, service.clock.now()),
    };
    let body = serde_json::to_vec(&body).map_err(|_| Problem::internal())?;
    let mut response = (StatusCode::CREATED, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemIds;

    const NOW: Instant = Instant::from_ms(1_764_000_000_000);

    fn of(devices: &Devices, token: &str) -> Option<Token> {
        devices.of(&HeaderMap::from_iter([(HEADER.parse().unwrap(), token.parse().unwrap())]))
    }

    #[test]
    fn only_an_issued_token_names_a_device() {
        let devices = Devices::new(&[7; 32]);
        let (a, b) = (devices.issue(&SystemIds, NOW), devices.issue(&SystemIds, NOW));
        let known = of(&devices, &a).unwrap();
        assert_eq!(known.hour, Some(490_000));
        assert_ne!(Some(known.device), of(&devices, &b).map(|t| t.device));
        assert_eq!(of(&Devices::new(&[8; 32]), &a), None, "another secret's token");
        for i in 0..a.len() {
            let mut forged = a.clone().into_bytes();
            forged[i] = if forged[i] == b'A' { b'B' } else { b'A' };
            assert_eq!(of(&devices, std::str::from_utf8(&forged).unwrap()), None, "byte {i} changed");
        }
        // Tokens of before 0.2.
        let mut old = [9; 2 * PART];
        let tag = devices.0.clone().chain_update(&old[..PART]).finalize().into_bytes();
        old[PART..].copy_from_slice(&tag[..PART]);
        let old = of(&devices, &BASE64_URL_SAFE_NO_PAD.encode(old)).unwrap();
        assert_eq!(old, Token { device: u128::from_le_bytes([9; PART]), hour: None });
        for other in ["", "A", &a[1..], &format!("{a}AA"), &"A".repeat(10_000)] {
            assert_eq!(of(&devices, other), None);
        }
    }
}
