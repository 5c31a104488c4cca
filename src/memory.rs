//! One budget of memory for all that grows with use, and the one table of its shares.
//!
//! The budget is what the operator says, or the limit of the control group; without either the usual sizes
//! hold. A share never exceeds its usual size: more memory than that helps nobody. What grows with the
//! number of reports (the live map) cannot be bounded here; its share says how many there is room for.

use std::path::Path;
use std::str::FromStr;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Smaller budgets are refused: the program itself, its pack and its page need that much.
pub const LEAST: u64 = 128 * MIB;

/// A size in bytes, written like `512MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || "must be a size like 512MiB or 2GiB".to_owned();
        let text = text.trim();
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number: u64 = text[..end].parse().map_err(|_| fault())?;
        let unit = match text[end..].trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kib" => KIB,
            "m" | "mib" => MIB,
            "g" | "gib" => KIB * MIB,
            _ => return Err(fault()),
        };
        let size = number.checked_mul(unit).ok_or_else(fault)?;
        if size < LEAST {
            return Err(format!("must be at least {} MiB", LEAST / MIB));
        }
        Ok(Self(size))
    }
}

impl<'de> serde::Deserialize<'de> for Size {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What takes memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// The program, its pack, and what no other share counts.
    Program,
    /// The live map, and a second one while it is folded or other boundaries come into force.
    Map,
    /// Page caches of the database connections of a SQLite store.
    Store,
    /// Encoded tiles.
    Tiles,
    /// Answers that wait for their readers.
    Unsent,
    /// Exports under way: a part of rows and its text each.
    Exports,
    /// Live streams.
    Streams,
    /// Connections with their buffers.
    Connections,
}

/// One row of the table.
struct Row {
    share: Share,
    percent: u64,
    /// Bytes without a budget, and the most with one; none where the share is only told.
    usual: Option<u64>,
    name: &'static str,
}

/// The bytes that one report takes in the live map, with what folding it takes for a while.
pub const REPORT: u64 = 200;
/// The bytes that one export holds: a part of rows as the store gives them, its text, and the part that is read
/// meanwhile.
pub const EXPORT: u64 = 6 * MIB;
/// The bytes that one live stream holds beside its connection.
pub const STREAM: u64 = 40 * KIB;
/// The bytes that one connection holds.
pub const CONNECTION: u64 = 32 * KIB;

const fn row(share: Share, percent: u64, usual: Option<u64>, name: &'static str) -> Row {
    Row { share, percent, usual, name }
}

/// All shares. The rest of a hundred is left to what the allocator keeps.
const TABLE: [Row; 8] = [
    row(Share::Program, 12, None, "program"),
    row(Share::Map, 28, None, "map"),
    row(Share::Store, 12, Some(72 * MIB), "store"),
    row(Share::Tiles, 10, Some(64 * MIB), "tiles"),
    row(Share::Unsent, 8, Some(64 * MIB), "unsent"),
    row(Share::Exports, 8, Some(32 * EXPORT), "exports"),
    row(Share::Streams, 8, Some(10_000 * STREAM), "streams"),
    row(Share::Connections, 8, Some(16_384 * CONNECTION), "connections"),
];

/// The budget of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Bytes in all; without a limit none.
    total: Option<u64>,
}

impl Memory {
    /// A budget of so many bytes.
    pub fn of(total: Option<u64>) -> Self {
        Self { total }
    }

    /// The budget that the operator set, or else the limit of the control group.
    pub fn set_or_found(set: Option<Size>) -> Self {
        Self::of(set.map(|size| size.0).or_else(|| group_limit(Path::new("/"))))
    }

    /// Bytes in all.
    pub fn total(self) -> Option<u64> {
        self.total
    }

    /// The bytes of a share.
    pub fn bytes(self, share: Share) -> u64 {
        let row = TABLE.iter().find(|row| row.share == share);
        let Some(row) = row else { return 0 };
        let part = self.total.map(|total| total / 100 * row.percent);
        part.unwrap_or(u64::MAX).min(row.usual.unwrap_or(u64::MAX))
    }

    /// How many things of this size there is room for in a share, at least one.
    pub fn room(self, share: Share, each: u64) -> u32 {
        u32::try_from(self.bytes(share) / each.max(1)).unwrap_or(u32::MAX).max(1)
    }

    /// The table, for the log: each share in MiB.
    pub fn table(self) -> String {
        let shown = |row: &Row| match self.bytes(row.share) {
            u64::MAX => format!("{} -", row.name),
            bytes => format!("{} {}", row.name, bytes / MIB),
        };
        TABLE.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}

/// The limit of the control group that this process is in, version 2 or 1, under a root.
fn group_limit(root: &Path) -> Option<u64> {
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mut least: Option<u64> = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        let (base, file) = if controllers.is_empty() {
            (root.join("sys/fs/cgroup"), "memory.max")
        } else if controllers.split(',').any(|c| c == "memory") {
            (root.join("sys/fs/cgroup/memory"), "memory.limit_in_bytes")
        } else {
            continue;
        };
        // The groups around it limit it, too. Inside a container only the root is there.
        for folder in base.join(path).ancestors().take_while(|folder| folder.starts_with(&base)) {
            let limit = std::fs::read_to_string(folder.join(file)).ok();
            let limit = limit.and_then(|text| text.trim().parse::<u64>().ok());
            // Version 1 writes a number near 2^63 for no limit.
            least = least.into_iter().chain(limit.filter(|l| *l < 1 << 60)).min();
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARES: [Share; 8] = [
        Share::Program,
        Share::Map,
        Share::Store,
        Share::Tiles,
        Share::Unsent,
        Share::Exports,
        Share::Streams,
        Share::Connections,
    ];

    #[test]
    fn the_shares_of_a_budget_are_less_than_the_budget() {
        assert!(TABLE.iter().map(|row| row.percent).sum::<u64>() <= 95);
        for mib in [128, 256, 512, 2_048, 65_536] {
            let memory = Memory::of(Some(mib * MIB));
            let sum: u64 = SHARES.iter().map(|s| memory.bytes(*s)).sum();
            assert!(sum < mib * MIB, "{mib}: {}", memory.table());
            for share in &SHARES[2..] {
                assert!(memory.bytes(*share) <= Memory::default().bytes(*share));
            }
        }
    }

    #[test]
    fn without_a_limit_the_usual_sizes_hold() {
        let memory = Memory::default();
        assert_eq!(memory.bytes(Share::Tiles), 64 * MIB);
        assert_eq!(memory.room(Share::Exports, EXPORT), 32);
        assert_eq!(memory.room(Share::Streams, STREAM), 10_000);
        assert_eq!(memory.room(Share::Connections, CONNECTION), 16_384);
        let small = Memory::of(Some(512 * MIB));
        assert!((5..12).contains(&small.room(Share::Exports, EXPORT)));
        assert!(small.room(Share::Streams, STREAM) > 1_000);
        assert_eq!(small.room(Share::Streams, u64::MAX), 1);
    }

    #[test]
    fn a_size_is_a_number_with_its_unit() {
        let size = |text: &str| text.parse::<Size>().map(|s| s.0 / MIB);
        assert_eq!((size("512MiB"), size(" 2 GiB "), size("1g")), (Ok(512), Ok(2_048), Ok(1_024)));
        assert_eq!((size("536870912"), size("131072k")), (Ok(512), Ok(128)));
        for wrong in ["", "MiB", "512MB", "-1MiB", "1.5GiB", "99999999999GiB", "half"] {
            assert!(size(wrong).unwrap_err().contains("512MiB"), "{wrong}");
        }
        assert!(size("64MiB").unwrap_err().contains("128 MiB"));
    }

    #[test]
    fn the_limit_of_the_group_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let put = |file: &str, text: &str| {
            let file = root.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        assert_eq!(group_limit(root), None);
        put("proc/self/cgroup", "0::/system.slice/diaban.service\n");
        assert_eq!(group_limit(root), None);
        put("sys/fs/cgroup/system.slice/diaban.service/memory.max", "max\n");
        assert_eq!(group_limit(root), None);
        put("sys/fs/cgroup/system.slice/memory.max", "536870912\n");
        assert_eq!(group_limit(root), Some(512 * MIB));
        put("sys/fs/cgroup/system.slice/diaban.service/memory.max", "268435456\n");
        assert_eq!(group_limit(root), Some(256 * MIB));
        // Version 1.
        put("proc/self/cgroup", "3:cpu:/a\n2:cpuacct,memory:/docker/7\n0::/\n");
        put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(group_limit(root), None);
        put("sys/fs/cgroup/memory/docker/7/memory.limit_in_bytes", "134217728\n");
        assert_eq!(group_limit(root), Some(128 * MIB));
    }
}
