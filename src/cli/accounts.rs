//! `diaban accounts …`: invites officers and operators, disables and resets their accounts. A running server uses changes
//! within a second.

use clap::{Args, Subcommand};

use super::keys::shown;
use super::say::say;
use super::{Outcome, With};
use crate::action::Answers;
use crate::action::accounts::{self, Invitation};
use crate::app;
use crate::clock::{SystemClock, SystemIds};
use crate::config::Settings;
use crate::store::Store;
use diaban_core::domain::Instant;
use diaban_core::domain::account::{Account, Login};

/// Commands on accounts.
#[derive(Subcommand)]
pub(super) enum Accounts {
    /// Make an account and a one-time link by which its holder chooses a password; the link is shown once.
    Invite(With<Invite>),
    /// List all accounts, without their secrets.
    List(With<Nothing>),
    /// Show what happened to accounts: sessions, failures, locks, changes.
    History(With<History>),
    /// Let nobody log in to an account, and end its sessions.
    Disable(With<Of>),
    /// Let its holder log in again.
    Enable(With<Of>),
    /// Take the password of an account away, end its sessions, and make a new one-time link.
    Reset(With<Of>),
}

#[derive(Args)]
pub(super) struct Invite {
    /// Name of the holder, for people.
    name: String,
    /// The name by which they log in: letters a-z, digits, dots, hyphens, low lines.
    #[arg(long)]
    login: String,
    /// What it opens: `work` (reports of wards and bodies) or `operate`.
    #[arg(long)]
    scope: String,
    /// For `work`: the wards whose reports it opens, by code; their successors after a redraw.
    #[arg(long, value_delimiter = ',')]
    ward: Vec<String>,
    /// For `work`: the bodies whose reports it opens, by id.
    #[arg(long, value_delimiter = ',')]
    body: Vec<String>,
}

#[derive(Args)]
pub(super) struct Nothing {}

#[derive(Args)]
pub(super) struct Of {
    /// The name by which its holder logs in.
    login: String,
}

#[derive(Args)]
pub(super) struct History {
    /// Only of the account with this login.
    login: Option<String>,
}

impl Accounts {
    pub(super) async fn run(self) -> Outcome {
        match self {
            Self::Invite(With { what, settings }) => invite(what, settings).await,
            Self::List(With { settings, .. }) => list(settings).await,
            Self::History(With { what, settings }) => history(what, settings).await,
            Self::Disable(With { what, settings }) => {
                let store = Store::open(&settings.resolve()?.store).await?;
                accounts::disable(&store, &SystemClock, &what.login).await?;
                say!("account {}: disabled, its sessions have ended", what.login);
                store.close().await;
                Ok(())
            }
            Self::Enable(With { what, settings }) => {
                let store = Store::open(&settings.resolve()?.store).await?;
                accounts::enable(&store, &SystemClock, &what.login).await?;
                say!("account {}: enabled", what.login);
                store.close().await;
                Ok(())
            }
            Self::Reset(With { what, settings }) => {
                let config = settings.resolve()?;
                let store = Store::open(&config.store).await?;
                let made = accounts::reset(&store, &SystemClock, &SystemIds, &what.login).await?;
                store.close().await;
                link(&made, config.public_url)
            }
        }
    }
}

async fn invite(what: Invite, settings: Settings) -> Outcome {
    let config = settings.resolve()?;
    let (store, city) = app::open(&config, &SystemClock).await?;
    let words = city.areas().codebook.clone();
    let answers = Answers { wards: what.ward, bodies: what.body };
    let (holder, opens) = ((&*what.name, &*what.login), (&*what.scope, &answers));
    let made = accounts::invite(&store, &SystemClock, &SystemIds, &words, holder, opens).await?;
    store.close().await;
    link(&made, config.public_url)
}

/// Shows a one-time link. What stands behind its `#` no browser sends, so that it is in no log.
fn link(made: &Invitation, base: Option<String>) -> Outcome {
    let Invitation { login, token, until } = made;
    let base = base.unwrap_or_default();
    let words = format!(
        "account {login}: this link works once, until {until}, and is shown only now:\n{base}/account/welcome#{token}"
    );
    Ok(shown(
        &words,
        &format!("the link of {login}"),
        &format!("make another: diaban accounts reset {login}"),
    )?)
}

async fn list(settings: Settings) -> Outcome {
    let store = Store::open(&settings.resolve()?.store).await?;
    for Account { login, name, scopes, office, welcomed, invited_until, seen, disabled, .. } in
        store.accounts().await?
    {
        let state = match (disabled, welcomed, invited_until) {
            (Some(_), ..) => "disabled",
            (None, true, _) => "enabled",
            (None, false, Some(_)) => "invited",
            (None, false, None) => "without a password",
        };
        let seen = seen.map_or_else(|| "-".to_owned(), |at: Instant| at.to_string());
        let office: Vec<String> = office.wards.iter().map(ToString::to_string).chain(office.bodies).collect();
        say!("{login}\t{state}\t{}\t{seen}\t{name}\t{}", scopes.join(","), office.join(","));
    }
    store.close().await;
    Ok(())
}

async fn history(what: History, settings: Settings) -> Outcome {
    let store = Store::open(&settings.resolve()?.store).await?;
    let login = what.login.as_deref().map(|text| Login::parse(text).ok_or("this is not the form of a login"));
    for event in store.account_events(login.transpose()?.as_ref()).await? {
        say!("{}\t{}\t{}", event.at, event.login, event.what.name());
    }
    store.close().await;
    Ok(())
}
