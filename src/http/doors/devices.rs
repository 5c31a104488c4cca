//! Device tokens: `POST /devices` issues one, the header `Device-Token` carries it. A token only
//! distinguishes devices behind a shared address; it identifies no person and grants no rights.
//!
//! Nothing is stored: a token is 128 random bits and a MAC over them. A token that this service did
//! not issue is ignored.

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
use crate::http::wire::extract::no_parameters;
use crate::http::wire::problem::Problem;

/// The request header that carries a token.
pub(in crate::http) const HEADER: &str = "device-token";
/// Length in bytes of the random part, and of the MAC after it: half of HMAC-SHA256 (RFC 2104
/// section 5).
const PART: usize = 16;

/// Issues and verifies tokens.
pub(in crate::http) struct Devices(Hmac<Sha256>);

impl Devices {
    pub(in crate::http) fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    fn issue(&self, ids: &dyn Ids) -> String {
        let mut token = [0; 2 * PART];
        ids.fill(&mut token[..PART]);
        let tag = self.0.clone().chain_update(&token[..PART]).finalize().into_bytes();
        token[PART..].copy_from_slice(&tag[..PART]);
        BASE64_URL_SAFE_NO_PAD.encode(token)
    }

    /// The device of a request; `None` without a valid token.
    pub(in crate::http) fn of(&self, headers: &HeaderMap) -> Option<u128> {
        let mut token = [0; 2 * PART];
        let text = headers.get(HEADER)?.as_bytes();
        let read = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut token).ok()?;
        let (random, tag) = token[..read].split_first_chunk::<PART>().filter(|_| read == token.len())?;
        self.0.clone().chain_update(random).verify_truncated_left(tag).ok()?;
        Some(u128::from_le_bytes(*random))
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
    let body = DeviceToken { header: "Device-Token", token: service.guards.devices.issue(&*service.ids) };
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

    fn of(devices: &Devices, token: &str) -> Option<u128> {
        devices.of(&HeaderMap::from_iter([(HEADER.parse().unwrap(), token.parse().unwrap())]))
    }

    #[test]
    fn only_an_issued_token_names_a_device() {
        let devices = Devices::new(&[7; 32]);
        let (a, b) = (devices.issue(&SystemIds), devices.issue(&SystemIds));
        assert!(of(&devices, &a).is_some() && of(&devices, &a) != of(&devices, &b));
        assert_eq!(of(&Devices::new(&[8; 32]), &a), None, "another secret's token");
        for i in 0..a.len() {
            let mut forged = a.clone().into_bytes();
            forged[i] = if forged[i] == b'A' { b'B' } else { b'A' };
            assert_eq!(of(&devices, std::str::from_utf8(&forged).unwrap()), None, "byte {i} changed");
        }
        for other in ["", "A", &a[1..], &format!("{a}AA"), &"A".repeat(10_000)] {
            assert_eq!(of(&devices, other), None);
        }
    }
}
