//! What a city brings besides reports: its features, keys and accounts.

pub(in crate::store) mod accounts;
pub(in crate::store) mod feature_wards;
pub(in crate::store) mod features;
pub(in crate::store) mod keys;
pub(in crate::store) mod secrets;
