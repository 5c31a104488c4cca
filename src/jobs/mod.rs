//! Loops that run beside the doors. Not here: what a change does to the map (map), SQL (store).

mod announce;
mod follow;
mod refresh_keys;
mod supervise;

pub use announce::announce;
pub use follow::{Follower, load};
pub use refresh_keys::refresh_keys;
pub use supervise::supervise;
