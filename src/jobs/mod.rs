//! Background jobs of a serving process. Not here: what a change does to the map (map), SQL
//! (store).

mod announce;
mod follow;
mod overtime;
mod publish;
mod refresh_keys;
mod refresh_sessions;
mod snapshots;
mod supervise;
mod trim;
mod turn_areas;
mod watch_clock;
mod webhooks;

pub use announce::announce;
pub use follow::{FollowError, Follower, load, view_now};
pub use overtime::overtime;
pub use publish::publish;
pub use refresh_keys::refresh_keys;
pub use refresh_sessions::refresh_sessions;
pub use snapshots::{SnapshotWriter, write_snapshots};
pub use supervise::supervise;
pub use trim::trim;
pub use turn_areas::turn_areas;
pub use watch_clock::watch_clock;
pub use webhooks::{Sender, send_webhooks};
