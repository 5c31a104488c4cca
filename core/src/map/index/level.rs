//! How far the live map has followed the change log.

/// Told by the follower, read by whoever needs to know whether the map can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is told and asked by itself")]
pub struct Level {
    /// Whether the map was loaded at all.
    pub loaded: bool,
    /// Whether it was loaded as it had been kept in a file, not from the record.
    pub from_file: bool,
    /// Whether the last look at the log worked.
    pub reachable: bool,
    /// Whether it has once held everything that was in the log: from then on it is worth asking.
    pub levelled: bool,
    /// Position of the log the map stands at.
    pub applied: i64,
    /// Last position of the log when it was last looked at.
    pub head: i64,
}

impl Level {
    /// Whether everything that is in the log is in the map.
    pub fn is_level(self) -> bool {
        self.loaded && self.reachable && self.applied >= self.head
    }

    /// Whether the map is worth asking but the record cannot be reached: it shows how things were.
    pub fn is_stale(self) -> bool {
        self.levelled && !self.reachable
    }
}
