//! One verb a file, shared by every door: submit a report, move it on, transfer, withdraw; import areas,
//! features, reports; export tiles; keys; accounts; webhooks. Beside them the `City` of the moment and what feeds say of a report (`entries`).
//! Not here: reading a request (http), SQL (store), following the log (jobs).

pub mod accounts;
mod areas;
mod city;
mod dialogue;
mod entries;
mod events;
mod export_tiles;
mod import;
mod keys;
mod overtime;
mod patience;
mod public;
mod rate;
mod saved;
mod settle;
mod submit;
mod tasks;
mod transfer;
mod transition;
mod verb;
mod webhooks;
mod withdraw;

pub use areas::{
    Activation, AreasError, Checked, EditionStatus, Moves, NamedMove, NamedWard, Preparation, Preparations,
    Prepared, Proposal, ReassignedFeatures, Stage, activate, activate_soon, adopt_all, begin, check_proposal,
    feature_under, judge, place_reports, read_successors, reassign_features, schedule_edition, undo,
    undo_soon, withdraw_edition,
};
pub use city::{Areas, City, CityError};
pub use dialogue::{ask, reply};
pub use entries::{Entries, Message, Told, contractor, cursor, told_at};
pub use events::{EventPage, Wanted, events_after, newest_cursor, sequence};
pub use export_tiles::{ArchiveFormat, ExportError, ExportStep, Exported, TileExport, export_tiles};
pub use import::*;
pub use keys::{Answers, KeyError, KeyFault, Keyring, Purpose, add_key, revoke_key};
pub use overtime::overtime;
pub use rate::{Rated, keep_closed, rate, rate_until};
pub use saved::saved_filter;
pub use settle::{mask_stored, settle};
pub use submit::{Receipt, Refusal, Submission, SubmitError, assess, outside_text, submit};
pub use tasks::{NewTask, end_task, give_task, of as task_of};
pub use transfer::{To, Transfer, Transferred, transfer};
pub use transition::{Transition, transition};
pub use verb::{Actor, VerbError, permit, precision};
pub use webhooks::{
    WebhookError, WebhookSettings, add_webhook, is_public, receiver, rotate_webhook, signatures,
};
pub use withdraw::{Withdrawal, withdraw};
