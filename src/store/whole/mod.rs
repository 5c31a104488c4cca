//! What concerns a whole database: backup, copies to another one, and their comparison.

pub(in crate::store) mod backup;
pub(in crate::store) mod compare;
pub(in crate::store) mod copy;
pub(in crate::store) mod tables;
#[cfg(test)]
pub(in crate::store) mod upgrade;
