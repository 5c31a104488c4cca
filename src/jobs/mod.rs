//! Loops that run beside the doors. Not here: what a change does to the map (map), SQL (store).

mod follow;
mod supervise;

pub use follow::{Follower, load};
pub use supervise::supervise;
