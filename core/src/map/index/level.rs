//! How far the live map has followed the change log.

/// Set by the follower, read by code that needs to know whether the map is up to date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each flag is set and read independently")]
pub struct Level {
    /// Whether the map has been loaded.
    pub loaded: bool,
    /// Whether it was loaded from a snapshot file, not from the database.
    pub from_file: bool,
    /// Whether the last read of the log succeeded.
    pub reachable: bool,
    /// Whether it has ever caught up with the whole log. From then on it can answer queries.
    pub caught_up: bool,
    /// Position of the log that the map has applied.
    pub applied: i64,
    /// Last position of the log at the latest read.
    pub head: i64,
}

impl Level {
    /// Whether the map has applied everything in the log.
    pub fn is_current(self) -> bool {
        self.loaded && self.reachable && self.applied >= self.head
    }

    /// Whether the map can answer but the database cannot be reached, so it shows an earlier state.
    pub fn is_stale(self) -> bool {
        self.caught_up && !self.reachable
    }
}
