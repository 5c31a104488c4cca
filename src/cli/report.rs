//! `diaban report …`: the operator changes the state of a report, transfers it, hides or erases it.
//! Works beside a running server, which reads the change from the log.

use clap::{Args, Subcommand};

use super::say::say;
use super::{Outcome, With};
use crate::action::{self, Actor, To, Transition, Withdrawal};
use crate::app;
use crate::clock::SystemClock;
use crate::store::Store;
use diaban_core::domain::deadline::promised;
use diaban_core::domain::report::Level;
use diaban_core::domain::{BodyId, State};

/// Commands on a report.
#[derive(Subcommand)]
pub(super) enum Report {
    /// Set the state of a report; with its present state, only a note is added or the level set.
    SetState(With<SetState>),
    /// Transfer a report to another body, or to the own office of another ward.
    Transfer(With<Transfer>),
    /// Hide a report from the public; this can be undone.
    Hide(With<Id>),
    /// Show a hidden report to the public again.
    Unhide(With<Id>),
    /// Erase the texts, places and answers of a report for good. Older backups still contain them; restoring one erases
    /// them again.
    Erase(With<Id>),
}

#[derive(Args)]
pub(super) struct SetState {
    /// The public id.
    id: u64,
    /// `received`, `forwarded`, `in_progress`, `reopened`, `resolved`, `answered`, `rejected`, `redirected` or
    /// `duplicate`.
    #[arg(value_parser = state)]
    state: State,
    /// The reason; required for `rejected`. It is public.
    #[arg(long)]
    reason: Option<String>,
    /// A note for the citizen; required for `answered`. It is public.
    #[arg(long)]
    note: Option<String>,
    /// The report that this one duplicates.
    #[arg(long)]
    original: Option<u64>,
    /// Where to go; required for `redirected`, unless the category says it. It is public.
    #[arg(long)]
    redirect_to: Option<String>,
    /// How much it presses from now on: `low`, `normal` or `urgent`. With the present state, only that is set.
    #[arg(long, value_parser = level)]
    level: Option<Level>,
    /// When the answer is due from now on: 2026-12-24, for the end of work of that day, or an instant of RFC 3339. Needs
    /// a note; with the present state.
    #[arg(long)]
    due_at: Option<String>,
}

#[derive(Args)]
pub(super) struct Transfer {
    /// The public id.
    id: u64,
    /// Code or canonical id of a ward in force, or the id of a body.
    to: String,
}

#[derive(Args)]
pub(super) struct Id {
    /// The public id.
    id: u64,
}

fn state(name: &str) -> Result<State, String> {
    State::from_name(name).ok_or_else(|| {
        let all: Vec<&str> = State::ALL.iter().map(|s| s.name()).collect();
        format!("valid: {}", all.join(", "))
    })
}

fn level(name: &str) -> Result<Level, String> {
    Level::from_name(name).ok_or_else(|| format!("valid: {}", Level::ALL.map(Level::name).join(", ")))
}

impl Report {
    pub(super) async fn run(self) -> Outcome {
        let clock = &SystemClock;
        match self {
            Self::SetState(With { what, settings }) => {
                let (store, city) = app::open(&settings.resolve()?, &SystemClock).await?;
                let SetState { id, state, reason, note, original, redirect_to, level, due_at } = what;
                let due = due_at.map(|text| {
                    let fault = "--due-at must be a date like 2026-12-24, or an instant of RFC 3339";
                    promised(&text, &city.pack.calendar).ok_or(fault)
                });
                let (to, internal, due) = (Some(state), None, due.transpose()?);
                let asked = Transition { to, level, reason, note, internal, original, redirect_to, due };
                action::transition(&city, &store, clock, id, &asked, &Actor::OPERATOR).await?;
                said(&store, id, state.name()).await
            }
            Self::Transfer(With { what, settings }) => {
                let (store, city) = app::open(&settings.resolve()?, &SystemClock).await?;
                let id = BodyId::new(&what.to);
                let body = id.named_parts().is_some() || city.pack.bodies.get(&id).is_some();
                let to = if body { To::Body(what.to) } else { To::Ward(what.to) };
                let asked = action::Transfer { to, note: None, internal: None };
                action::transfer(&city, &store, clock, what.id, &asked, &Actor::OPERATOR).await?;
                said(&store, what.id, "transferred").await
            }
            Self::Hide(with) => withdraw(with, Withdrawal::Hide, "hidden").await,
            Self::Unhide(with) => withdraw(with, Withdrawal::Unhide, "shown again").await,
            Self::Erase(with) => withdraw(with, Withdrawal::Erase, "erased").await,
        }
    }
}

async fn withdraw(With { what, settings }: With<Id>, verb: Withdrawal, done: &str) -> Outcome {
    let (store, city) = app::open(&settings.resolve()?, &SystemClock).await?;
    action::withdraw(&city, &store, &SystemClock, what.id, verb, &Actor::OPERATOR).await?;
    said(&store, what.id, done).await
}

async fn said(store: &Store, id: u64, done: &str) -> Outcome {
    say!("report {id}: {done}");
    store.close().await;
    Ok(())
}
