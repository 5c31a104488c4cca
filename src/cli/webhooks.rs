//! `diaban webhooks …`: manages the receivers that are told what happens. A running server uses changes with the next
//! event.

use std::io::Write;

use clap::{Args, Subcommand};

use super::say::say;
use super::{Outcome, With};
use crate::action::{self, cursor};
use crate::app;
use crate::clock::{Clock, SystemClock, SystemIds};
use crate::config::Settings;
use crate::store::{Applied, Store, Webhook};
use diaban_core::domain::Instant;

/// Undelivered events that are listed.
const MOST: u32 = 1_000;

/// Commands on webhooks.
#[derive(Subcommand)]
pub(super) enum Webhooks {
    /// Tell a receiver what happens from now on; its secret is shown once.
    Add(With<Add>),
    /// List all webhooks, without their secrets.
    List(With<Nothing>),
    /// Give a webhook another secret, shown once; the former one signs, too, for a day.
    Rotate(With<One>),
    /// Remove a webhook.
    Remove(With<One>),
    /// List the events that a receiver was not told, though it was tried for three days.
    Failed(With<Failed>),
    /// Tell a receiver again what happened since a moment; also one that said that it is gone.
    Replay(With<Replay>),
}

#[derive(Args)]
pub(super) struct Add {
    /// Where messages are posted to, with https://.
    url: String,
    /// Only events of reports that match, with the parameters of a list: `category=pothole`.
    #[arg(long)]
    query: Option<String>,
    /// Only events in these wards, by code; their successors after a redraw.
    #[arg(long, value_delimiter = ',')]
    ward: Vec<String>,
}

#[derive(Args)]
pub(super) struct Nothing {}

#[derive(Args)]
pub(super) struct One {
    /// The id, as `list` shows it.
    id: String,
}

#[derive(Args)]
pub(super) struct Failed {
    /// Of this webhook only.
    id: Option<String>,
}

#[derive(Args)]
pub(super) struct Replay {
    /// The id, as `list` shows it.
    id: String,
    /// The moment, like 2026-11-25T08:00:00+07:00.
    #[arg(long)]
    since: String,
}

impl Webhooks {
    pub(super) async fn run(self) -> Outcome {
        match self {
            Self::Add(With { what, settings }) => {
                let config = settings.resolve()?;
                let (store, city) = app::open(&config, &SystemClock).await?;
                let codebook = city.areas().codebook.clone();
                let asked = (what.query.as_deref(), &what.ward[..]);
                let made = action::add_webhook(
                    &store,
                    &SystemClock,
                    &SystemIds,
                    &codebook,
                    config.webhooks,
                    &what.url,
                    asked,
                );
                let (id, secret) = made.await?;
                store.close().await;
                shown(&id, &format!("webhook {id}, its secret shown only now:\n{secret}"))?;
            }
            Self::List(With { settings, .. }) => {
                let store = open(settings).await?;
                for webhook in store.webhooks().await? {
                    let query = webhook.query.as_deref().unwrap_or("-");
                    say!("{}\t{}\t{}\t{query}", webhook.id, state(&webhook), webhook.url);
                }
                store.close().await;
            }
            Self::Rotate(With { what, settings }) => {
                let store = open(settings).await?;
                let secret = action::rotate_webhook(&store, &SystemClock, &SystemIds, &what.id).await?;
                store.close().await;
                let secret = secret.ok_or_else(|| missing(&what.id))?;
                shown(&what.id, &format!("webhook {}, its new secret shown only now:\n{secret}", what.id))?;
            }
            Self::Remove(With { what, settings }) => {
                let store = open(settings).await?;
                let done = store.remove_webhook(&what.id).await?;
                store.close().await;
                changed(done, &what.id)?;
                say!("webhook {}: removed", what.id);
            }
            Self::Failed(With { what, settings }) => {
                let store = open(settings).await?;
                for event in store.undelivered(what.id.as_deref(), MOST).await? {
                    let name = cursor(event.event.0, event.event.1);
                    say!(
                        "{}\t{name}\t{}\t{} attempts\t{}",
                        event.webhook,
                        event.failed,
                        event.attempts,
                        event.why
                    );
                }
                store.close().await;
            }
            Self::Replay(With { what, settings }) => {
                let since = Instant::parse(&what.since)
                    .map_err(|_| format!("{} is no moment like 2026-11-25T08:00:00+07:00", what.since))?;
                let store = open(settings).await?;
                let done = store.replay_webhook(&what.id, since).await?;
                store.close().await;
                changed(done, &what.id)?;
                say!("webhook {}: told again from {since} on", what.id);
            }
        }
        Ok(())
    }
}

async fn open(settings: Settings) -> Result<Store, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Store::open(&settings.resolve()?.store).await?)
}

/// How a receiver does.
fn state(webhook: &Webhook) -> String {
    let now = SystemClock.now();
    match (&webhook.disabled, &webhook.trouble) {
        (Some(at), _) => format!("gone since {at}"),
        (None, Some(t)) => format!("failing since {} ({} attempts, {})", t.first, t.attempts, t.why),
        (None, None) if webhook.former.as_ref().is_some_and(|(_, until)| now < *until) => {
            "well, two secrets".to_owned()
        }
        (None, None) => "well".to_owned(),
    }
}

fn missing(id: &str) -> String {
    format!("no webhook has the id {id}")
}

fn changed(done: Applied, id: &str) -> Result<(), String> {
    if done == Applied::Done { Ok(()) } else { Err(missing(id)) }
}

/// Shows what is shown once. A secret that nobody saw is worth nothing, so that is a failure.
fn shown(id: &str, words: &str) -> Result<(), String> {
    writeln!(std::io::stdout().lock(), "{words}").map_err(|e| {
        format!("the secret of {id} could not be shown ({e}); make another: diaban webhooks rotate {id}")
    })
}
