//! From a socket to a request: `listener` accepts, `connections` says which one is closed when there are too many,
//! `socket` adds deadlines, `gate` reads heads before hyper does, `send_budget` bounds what waits for slow readers.
//!
//! Not here: who asks, and whether there is time for it (`edge::guard`).

pub(in crate::http) mod connections;
pub(in crate::http) mod gate;
pub(in crate::http) mod listener;
pub(in crate::http) mod send_budget;
pub(in crate::http) mod socket;
