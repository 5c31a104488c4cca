//! `diaban report …`: the operator moves a report on, transfers it, takes it from the public. Works beside
//! a running server, which learns of it from the log.

use clap::{Args, Subcommand};

use super::{Outcome, With};
use crate::action::{self, Transition, Withdrawal};
use crate::app;
use crate::clock::SystemClock;
use crate::store::Store;
use diaban_core::domain::State;

/// What the operator does with a report.
#[derive(Subcommand)]
pub(super) enum Report {
    /// Move a report to another state; the state it has, with a note, only adds the note.
    SetState(With<SetState>),
    /// Send a report to the own office of another ward.
    Transfer(With<Transfer>),
    /// Take a report from the public; it can come back.
    Hide(With<Id>),
    /// Give a hidden report back to the public.
    Unhide(With<Id>),
    /// Erase texts, places and answers of a report for good. Backups keep theirs.
    Erase(With<Id>),
}

#[derive(Args)]
pub(super) struct SetState {
    /// The public id.
    id: u64,
    /// `received`, `forwarded`, `in_progress`, `reopened`, `resolved`, `rejected` or `duplicate`.
    #[arg(value_parser = state)]
    state: State,
    /// Why; `rejected` needs one. Everybody may read it.
    #[arg(long)]
    reason: Option<String>,
    /// A word to the citizen. Everybody may read it.
    #[arg(long)]
    note: Option<String>,
    /// The report that a duplicate repeats.
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
                let (store, city) = app::open(&settings.resolve()?).await?;
                let SetState { id, state, reason, note, original } = what;
                let asked = Transition { to: Some(state), reason, note, original };
                action::transition(&city, &store, clock, id, &asked).await?;
                said(&store, id, state.name()).await
            }
            Self::Transfer(With { what, settings }) => {
                let (store, city) = app::open(&settings.resolve()?).await?;
                action::transfer(&city, &store, clock, what.id, &what.ward).await?;
                said(&store, what.id, "transferred").await
            }
            Self::Hide(with) => withdraw(with, Withdrawal::Hide, "hidden").await,
            Self::Unhide(with) => withdraw(with, Withdrawal::Unhide, "shown again").await,
            Self::Erase(with) => withdraw(with, Withdrawal::Erase, "erased").await,
        }
    }
}

async fn withdraw(With { what, settings }: With<Id>, verb: Withdrawal, done: &str) -> Outcome {
    let (store, city) = app::open(&settings.resolve()?).await?;
    action::withdraw(&city, &store, &SystemClock, what.id, verb).await?;
    said(&store, what.id, done).await
}

async fn said(store: &Store, id: u64, done: &str) -> Outcome {
    println!("report {id}: {done}");
    store.close().await;
    Ok(())
}
