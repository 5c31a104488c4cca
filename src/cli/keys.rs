//! `diaban keys …`: manages keys of apps and secret feed links. A running server uses changes
//! within two seconds.

use std::io::Write;

use clap::{Args, Subcommand};

use super::say::say;
use super::{Outcome, With};
use crate::action::{self, Answers, Purpose};
use crate::app;
use crate::clock::{Clock, SystemClock, SystemIds};
use crate::config::Settings;
use crate::store::Store;
use diaban_core::domain::key::KeyId;

/// Commands on keys.
#[derive(Subcommand)]
pub(super) enum Keys {
    /// Create a key for an app; it is shown once.
    Add(With<Add>),
    /// Create a secret feed link for one query; it is shown once.
    Feed(With<Feed>),
    /// List all keys, without their secrets.
    List(With<Nothing>),
    /// Revoke a key or a secret feed link for good.
    Revoke(With<Revoke>),
}

#[derive(Args)]
pub(super) struct Add {
    /// Name of the owner.
    name: String,
    /// Scopes: `read`, `submit`, `work`, `operate`.
    #[arg(long, required = true, value_delimiter = ',')]
    scope: Vec<String>,
    /// For `work`: the wards whose reports it opens, by code; their successors after a redraw.
    #[arg(long, value_delimiter = ',')]
    ward: Vec<String>,
    /// For `work`: the bodies whose reports it opens, by id.
    #[arg(long, value_delimiter = ',')]
    body: Vec<String>,
    /// Days until it expires.
    #[arg(long)]
    days: Option<u32>,
}

#[derive(Args)]
pub(super) struct Feed {
    /// Name of the owner; also the title of the feed.
    name: String,
    /// The query, with the parameters of a list: `ward=26740&status=open`.
    #[arg(long)]
    query: String,
    /// Days until it expires.
    #[arg(long)]
    days: Option<u32>,
}

#[derive(Args)]
pub(super) struct Nothing {}

#[derive(Args)]
pub(super) struct Revoke {
    /// The public id, as `list` shows it.
    id: String,
}

impl Keys {
    pub(super) async fn run(self) -> Outcome {
        match self {
            Self::Add(With { what, settings }) => {
                let answers = Answers { wards: what.ward, bodies: what.body };
                let purpose = Purpose::Scopes(what.scope, answers);
                let (id, token, _) = make(settings, &what.name, purpose, what.days).await?;
                shown_key(&id, &format!("key {id}, shown only now:\n{token}"))?;
            }
            Self::Feed(With { what, settings }) => {
                let (id, token, base) =
                    make(settings, &what.name, Purpose::Feed(what.query), what.days).await?;
                let link = |file| format!("{base}/feeds/k/{token}/{file}.atom    (or .json, .geojson)");
                let links = ["reports", "changes"].map(link).join("\n");
                shown_key(&id, &format!("secret feed link {id}, shown only now:\n{links}"))?;
            }
            Self::List(With { settings, .. }) => {
                let store = Store::open(&settings.resolve()?.store).await?;
                let now = SystemClock.now();
                for key in store.keys().await? {
                    let state = if key.is_valid(now) { "valid" } else { "closed" };
                    let until = key.expires.map_or_else(|| "-".to_owned(), |t| t.to_string());
                    let office = key.office.wards.iter().map(ToString::to_string).chain(key.office.bodies);
                    let opens = key.query.unwrap_or_else(|| office.collect::<Vec<_>>().join(","));
                    say!("{}\t{state}\t{}\t{until}\t{}\t{opens}", key.id, key.scopes.join(","), key.name);
                }
                store.close().await;
            }
            Self::Revoke(With { what, settings }) => {
                let store = Store::open(&settings.resolve()?.store).await?;
                if !action::revoke_key(&store, &SystemClock, &what.id).await? {
                    return Err(format!("no valid key has the id {}", what.id).into());
                }
                say!("key {}: revoked", what.id);
                store.close().await;
            }
        }
        Ok(())
    }
}

/// Shows what is shown once. A secret that nobody saw is worth nothing, so that is a failure, after which to do `then`.
pub(super) fn shown(words: &str, what: &str, then: &str) -> Result<(), String> {
    writeln!(std::io::stdout().lock(), "{words}")
        .map_err(|e| format!("{what} could not be shown ({e}); {then}"))
}

fn shown_key(id: &KeyId, words: &str) -> Result<(), String> {
    shown(words, &format!("the secret of {id}"), &format!("revoke it: diaban keys revoke {id}"))
}

/// Returns the public id, the key itself, and the public address.
async fn make(
    settings: Settings,
    name: &str,
    purpose: Purpose,
    days: Option<u32>,
) -> Result<(KeyId, String, String), Box<dyn std::error::Error + Send + Sync>> {
    let config = settings.resolve()?;
    let (store, city) = app::open(&config, &SystemClock).await?;
    let codebook = city.areas().codebook.clone();
    let (id, token) =
        action::add_key(&store, &SystemClock, &SystemIds, &codebook, name, purpose, days).await?;
    store.close().await;
    Ok((id, token, config.public_url.unwrap_or_default()))
}
