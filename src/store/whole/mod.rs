//! What concerns a whole database: backup, checks, copies to another one, and their comparison.

pub(in crate::store) mod backup;
pub(in crate::store) mod check;
pub(in crate::store) mod compare;
pub(in crate::store) mod copy;
pub(in crate::store) mod erased;
pub(in crate::store) mod seal;
pub(in crate::store) mod table;
pub(in crate::store) mod tables;
#[cfg(test)]
pub(in crate::store) mod upgrade;
