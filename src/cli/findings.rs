//! What imports tell: what was found in a file, why rows were rejected, and the file of these rows.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::mapping::stem;
use crate::import::{Findings, Reasons, Rejected, RejectedTable};

/// Reasons told; the file of rejected rows holds them all.
const TOLD_REASONS: usize = 8;

/// Tells what was found; `lack` begins the line of columns that are missing.
pub(super) fn tell(findings: &Findings, lack: &str) {
    for line in &findings.told {
        println!("  {line}");
    }
    for line in findings.counts.lines() {
        println!("  {line}");
    }
    if !findings.missing.is_empty() {
        println!("  warning: {lack} the columns {}", findings.missing.join(", "));
    }
    if !findings.unread.is_empty() {
        println!("  columns not read: {}", findings.unread.join(", "));
    }
}

/// Tells why rows were rejected, the most frequent reasons first.
pub(super) fn tell_reasons(reasons: &Reasons) {
    for (reason, count) in reasons.most().into_iter().take(TOLD_REASONS) {
        println!("  rejected {count}: {reason}");
    }
}

/// The file of rejected rows, made with the first of them.
pub(super) struct RejectedFile {
    path: PathBuf,
    table: Option<RejectedTable<BufWriter<File>>>,
    rows: usize,
}

impl RejectedFile {
    /// At a path, or else in this folder under the name of the file that is imported.
    pub(super) fn of(imported: &str, path: Option<PathBuf>) -> Self {
        let path = path.unwrap_or_else(|| format!("{}.rejected.csv", stem(imported)).into());
        Self { path, table: None, rows: 0 }
    }

    pub(super) fn write(&mut self, rejected: &[Rejected]) -> Result<(), String> {
        if rejected.is_empty() {
            return Ok(());
        }
        let path = &self.path;
        let make = |path: &Path| RejectedTable::new(BufWriter::new(File::create(path)?));
        let table = match &mut self.table {
            Some(table) => table,
            none => none.insert(make(path).map_err(|e| format!("{}: {e}", path.display()))?),
        };
        self.rows += rejected.len();
        rejected.iter().try_for_each(|r| table.write(r)).map_err(|e| format!("{}: {e}", path.display()))
    }

    pub(super) fn finish(self) -> Result<(), String> {
        let Some(table) = self.table else { return Ok(()) };
        table.finish().map_err(|e| format!("{}: {e}", self.path.display()))?;
        println!("the {} rejected rows with their reasons are in {}", self.rows, self.path.display());
        Ok(())
    }
}
