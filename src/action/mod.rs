//! One verb a file, shared by every door: submit a report, and all that happens to it then (`life`); import areas,
//! features, reports; export tiles; keys; accounts; webhooks. Beside them the `City` of the moment and what feeds say of a report (`entries`).
//! Not here: reading a request (http), SQL (store), following the log (jobs).

pub mod accounts;
mod areas;
mod city;
mod entries;
mod events;
mod export_tiles;
mod import;
mod keys;
mod life;
mod patience;
mod public;
mod saved;
mod settle;
mod submit;
mod webhooks;

pub use areas::{
    Activation, AreasError, Checked, EditionStatus, Moves, NamedMove, NamedWard, Preparation, Preparations,
    Prepared, Proposal, ReassignedFeatures, Stage, activate, activate_soon, adopt_all, begin, check_proposal,
    feature_under, judge, place_reports, read_successors, reassign_features, schedule_edition, undo,
    undo_soon, withdraw_edition,
};
pub use city::{Areas, City, CityError};
pub use entries::{Entries, Message, Told, contractor, cursor, told_at};
pub use events::{EventPage, Wanted, events_after, newest_cursor, sequence};
pub use export_tiles::{ArchiveFormat, ExportError, ExportStep, Exported, TileExport, export_tiles};
pub use import::*;
pub use keys::{Answers, KeyError, KeyFault, Keyring, Purpose, add_key, revoke_key};
pub use life::*;
pub use saved::saved_filter;
pub use settle::{mask_stored, settle};
pub use submit::{Receipt, Refusal, Submission, SubmitError, assess, outside_text, submit};
pub use webhooks::{
    WebhookError, WebhookSettings, add_webhook, is_public, receiver, rotate_webhook, signatures,
};
