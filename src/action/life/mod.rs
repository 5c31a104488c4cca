//! What happens to a report after it was received, one verb a file: its office moves it on, transfers it, asks, splits it;
//! whoever sent it answers and rates; a moderator withdraws it. All of them decide by `verb`. Not here: how it came (submit).

mod dialogue;
mod overtime;
mod rate;
mod tasks;
pub(super) mod transfer;
mod transition;
mod verb;
mod withdraw;

pub use dialogue::{ask, reply};
pub use overtime::overtime;
pub use rate::{Rated, keep_closed, rate, rate_until};
pub use tasks::{NewTask, end_task, give_task, of as task_of};
pub use transfer::{To, Transfer, Transferred, transfer};
pub use transition::{Transition, transition};
pub use verb::{Actor, VerbError, permit, precision};
pub use withdraw::{Withdrawal, withdraw};
