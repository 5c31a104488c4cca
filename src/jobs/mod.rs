//! Loops that run beside the doors. Not here: what a change does to the map (map), SQL (store).

mod announce;
mod follow;
mod keep;
mod refresh_keys;
mod supervise;
mod trim;

pub use announce::announce;
pub use follow::{FollowError, Follower, load, view_now};
pub use keep::{Keeper, keep};
pub use refresh_keys::refresh_keys;
pub use supervise::supervise;
pub use trim::trim;
