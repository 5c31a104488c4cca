//! `diaban report …`: the operator moves a report on, transfers it, takes it from the public. Works beside
//! a running server, which learns of it from the log.

use clap::{Args, Subcommand};

use super::Outcome;
use crate::action::{self, Transition, Withdrawal};
use crate::app;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::domain::State;

#[derive(Args)]
pub(super) struct Report {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Verb {
    /// Move a report to another state; the state it has, with a note, only adds the note.
    SetState {
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
    },
    /// Send a report to the own office of another ward.
    Transfer {
        /// The public id.
        id: u64,
        /// Code or canonical id of a ward in force.
        ward: String,
    },
    /// Take a report from the public; it can come back.
    Hide {
        /// The public id.
        id: u64,
    },
    /// Give a hidden report back to the public.
    Unhide {
        /// The public id.
        id: u64,
    },
    /// Erase texts, places and answers of a report for good. Backups keep theirs.
    Erase {
        /// The public id.
        id: u64,
    },
}

fn state(name: &str) -> Result<State, String> {
    State::from_name(name).ok_or_else(|| {
        let all: Vec<&str> = State::ALL.iter().map(|s| s.name()).collect();
        format!("valid: {}", all.join(", "))
    })
}

impl Report {
    pub(super) async fn run(self) -> Outcome {
        let (store, city) = app::open(&self.settings.resolve()?).await?;
        let clock = &SystemClock;
        let (id, done) = match self.verb {
            Verb::SetState { id, state, reason, note, original } => {
                let asked = Transition { to: Some(state), reason, note, original };
                action::transition(&city, &store, clock, id, &asked).await?;
                (id, state.name())
            }
            Verb::Transfer { id, ward } => {
                action::transfer(&city, &store, clock, id, &ward).await?;
                (id, "transferred")
            }
            Verb::Hide { id } => {
                action::withdraw(&city, &store, clock, id, Withdrawal::Hide).await?;
                (id, "hidden")
            }
            Verb::Unhide { id } => {
                action::withdraw(&city, &store, clock, id, Withdrawal::Unhide).await?;
                (id, "shown again")
            }
            Verb::Erase { id } => {
                action::withdraw(&city, &store, clock, id, Withdrawal::Erase).await?;
                (id, "erased")
            }
        };
        println!("report {id}: {done}");
        store.close().await;
        Ok(())
    }
}
