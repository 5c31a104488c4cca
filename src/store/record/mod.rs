//! The report record: what is written of a report, its events, and how both are read back.

pub(in crate::store) mod amend;
pub(in crate::store) mod awaited;
pub(in crate::store) mod create;
pub(in crate::store) mod events;
pub(in crate::store) mod fields;
pub(in crate::store) mod future;
pub(in crate::store) mod life;
pub(in crate::store) mod mask;
pub(in crate::store) mod read;
pub(in crate::store) mod reads;
pub(in crate::store) mod reports;
pub(in crate::store) mod tasks;
pub(in crate::store) mod tighten;
pub(in crate::store) mod waiting;
