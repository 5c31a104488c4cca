//! `diaban report …`: the operator changes the state of a report, transfers it, hides or erases it.
//! Works beside a running server, which reads the change from the log.

use clap::{Args, Subcommand};

use super::say::say;
use super::{Outcome, With};
use crate::action::{self, Actor, Transition, Withdrawal};
use crate::app;
use crate::clock::SystemClock;
use crate::store::Store;
use diaban_core::domain::State;

/// Commands on a report.
#[derive(Subcommand)]
pub(super) enum Report {
    /// Set the state of a report; with its present state and a note, only the note is added.
    SetState(With<SetState>),
    /// Transfer a report to the own office of another ward.
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
    /// `received`, `forwarded`, `in_progress`, `reopened`, `resolved`, `rejected` or `duplicate`.
    #[arg(value_parser = state)]
    state: State,
    /// The reason; required for `rejected`. It is public.
    #[arg(long)]
    reason: Option<String>,
    /// A note for the citizen. It is public.
    #[arg(long)]
    note: Option<String>,
    /// The report that this one duplicates.
    #[arg(long)]
    original: Option<u64>,
}

#[derive(Args)]
pub(super) struct Transfer {
    /// The public id.
    id: u64,
    /// Code or canonical id of a ward in force.
    ward: String,
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

impl Report {
    pub(super) async fn run(self) -> Outcome {
        let clock = &SystemClock;
        match self {
            Self::SetState(With { what, settings }) => {
                let (store, city) = app::open(&settings.resolve()?, &SystemClock).await?;
                let SetState { id, state, reason, note, original } = what;
                let asked = Transition { to: Some(state), reason, note, original, internal: None };
                action::transition(&city, &store, clock, id, &asked, &Actor::OPERATOR).await?;
                said(&store, id, state.name()).await
            }
            Self::Transfer(With { what, settings }) => {
                let (store, city) = app::open(&settings.resolve()?, &SystemClock).await?;
                let asked = action::Transfer { ward: what.ward, ..action::Transfer::default() };
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
