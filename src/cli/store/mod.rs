//! Commands about a whole store.

pub(super) mod backup;
pub(super) mod copy;
pub(super) mod migrate;
