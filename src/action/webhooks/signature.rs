//! Signatures of messages, as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, second and body.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::clock::Ids;
use crate::store::Webhook;
use diaban_core::domain::Instant;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret; the standard takes 24 to 64.
const BYTES: usize = 32;

/// Draws a secret.
pub(super) fn new_secret(ids: &dyn Ids) -> String {
    let mut key = [0; BYTES];
    ids.fill(&mut key);
    format!("{PREFIX}{}", BASE64_STANDARD.encode(key))
}

/// The signatures of a message, by each secret that is valid now, the newest first, with spaces between.
pub fn signatures(webhook: &Webhook, now: Instant, id: &str, second: i64, body: &str) -> String {
    let former = webhook.former.as_ref().filter(|(_, until)| now < *until).map(|(secret, _)| secret);
    let signed = [Some(&webhook.secret), former].into_iter().flatten().map(|secret| {
        let key = secret.strip_prefix(PREFIX).and_then(|text| BASE64_STANDARD.decode(text).ok());
        let key = key.unwrap_or_else(|| secret.clone().into_bytes());
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{second}.{body}").as_bytes());
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's own libraries.
    #[test]
    fn a_message_is_signed_as_the_standard_says_by_each_valid_secret() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        let webhook = Webhook {
            id: "a".into(),
            url: String::new(),
            query: None,
            secret: secret.clone(),
            former: Some((secret, Instant::from_ms(10))),
            position: 0,
            created: Instant::from_ms(0),
            trouble: None,
            disabled: None,
        };
        let signed = |ms| {
            let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}");
            signatures(&webhook, Instant::from_ms(ms), id, 1_614_265_330, body)
        };
        let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed(9), format!("{one} {one}"));
        assert_eq!(signed(10), one);
    }
}
