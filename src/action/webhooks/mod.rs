//! Webhooks: made, given another secret, removed, told again. Not here: sending (jobs).

mod address;
mod signature;

pub use address::{is_public, receiver};
use signature::new_secret;
pub use signature::signatures;

use serde::Deserialize;

use crate::action::keys::{draw_letters, normal};
use crate::clock::{Clock, Ids};
use crate::store::{Applied, MOST_WEBHOOKS, Store, StoreError, Webhook};
use diaban_core::domain::{CodeBook, Instant, Violation};

/// Letters of an id.
const ID_CHARS: usize = 8;
/// How long the former secret signs, too, in milliseconds: a day.
const EXCHANGE_MS: i64 = 24 * 60 * 60 * 1_000;

/// The settings of webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// Whether receivers may be inside: at addresses that the internet does not know, and without TLS.
    pub allow_private: bool,
}

/// Why there is no webhook.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// What is asked for is not right.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Violation>),
    /// There are too many.
    #[error("there are {MOST_WEBHOOKS} webhooks already")]
    Full,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a webhook that is told what happens from now on: all of it, what a query asks for, or what happens in these
/// wards. Gives its id and its secret.
///
/// # Errors
/// See [`WebhookError`].
pub async fn add_webhook(
    store: &Store,
    clock: &dyn Clock,
    ids: &dyn Ids,
    words: &CodeBook,
    settings: WebhookSettings,
    url: &str,
    (query, wards): (Option<&str>, &[String]),
) -> Result<(String, String), WebhookError> {
    let fault = |detail| WebhookError::Refused(vec![Violation::new("url", detail)]);
    receiver(url, settings.allow_private).map_err(fault)?;
    let mut asked = query.unwrap_or_default().trim_start_matches('?').to_owned();
    if !wards.is_empty() {
        let wards = form_urlencoded::byte_serialize(wards.join(",").as_bytes()).collect::<String>();
        asked = format!("{asked}{}ward={wards}", if asked.is_empty() { "" } else { "&" });
    }
    let now = clock.now();
    let query = normal(&asked, words, now).map_err(WebhookError::Refused)?;
    let (id, secret) = (draw_letters(ids, ID_CHARS), new_secret(ids));
    let webhook = Webhook {
        id: id.clone(),
        url: url.to_owned(),
        query: Some(query).filter(|q| !q.is_empty()),
        secret: secret.clone(),
        former: None,
        position: 0,
        created: now,
        trouble: None,
        disabled: None,
    };
    if store.add_webhook(webhook).await? { Ok((id, secret)) } else { Err(WebhookError::Full) }
}

/// Gives a webhook another secret, which is the answer; none when there is no such webhook. The former one signs, too,
/// for a day.
///
/// # Errors
/// When the store fails.
pub async fn rotate_webhook(
    store: &Store,
    clock: &dyn Clock,
    ids: &dyn Ids,
    id: &str,
) -> Result<Option<String>, StoreError> {
    let secret = new_secret(ids);
    let until = Instant::from_ms(clock.now().ms() + EXCHANGE_MS);
    let done = store.rotate_webhook(id, secret.clone(), until).await? == Applied::Done;
    Ok(done.then_some(secret))
}
