//! How large a file and its parts may be.

/// Most bytes of a file of features, packed and unpacked.
pub const MAX_BYTES: u64 = 256 << 20;
/// Most rows of a file of features.
pub const MAX_ROWS: usize = 1_000_000;
/// Most bytes of one row, where the file is longer than memory.
pub const MAX_ROW_BYTES: usize = 16 << 20;
/// Most vertices of one feature.
pub const MAX_VERTICES: usize = 1_000_000;
/// Most columns of a row, nested members counted one by one.
pub const MAX_COLUMNS: usize = 1_000;
/// Most characters of a source's own id.
pub const MAX_SOURCE_ID: usize = 200;
