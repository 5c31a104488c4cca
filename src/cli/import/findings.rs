//! What imports tell, as lines: what was found in a file, why rows were rejected, and the file of these rows.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::mapping::stem;
use crate::import::{Findings, Reasons, Rejected, RejectedTable};

/// Reasons told; the file of rejected rows holds them all.
const TOLD_REASONS: usize = 8;

/// What was found, in lines; `lack` begins the line of columns that are missing.
pub(in crate::cli) fn told(findings: &Findings, lack: &str) -> Vec<String> {
    let found = findings.notes.iter().cloned().chain(findings.counts.lines());
    let mut words: Vec<String> = found.map(|line| format!("  {line}")).collect();
    if !findings.missing.is_empty() {
        words.push(format!("  warning: {lack} the columns {}", findings.missing.join(", ")));
    }
    if !findings.unread.is_empty() {
        words.push(format!("  columns not read: {}", findings.unread.join(", ")));
    }
    words
}

/// Why rows were rejected, the most frequent reasons first.
pub(in crate::cli) fn told_reasons(reasons: &Reasons) -> Vec<String> {
    let most = reasons.most().into_iter().take(TOLD_REASONS);
    most.map(|(reason, count)| format!("  rejected {count}: {reason}")).collect()
}

/// The file of rejected rows, made with the first of them.
pub(in crate::cli) struct RejectedFile {
    path: PathBuf,
    table: Option<RejectedTable<BufWriter<File>>>,
    rows: usize,
}

impl RejectedFile {
    /// At a path, or else in this folder under the name of the file that is imported.
    pub(in crate::cli) fn of(imported: &str, path: Option<PathBuf>) -> Self {
        let path = path.unwrap_or_else(|| format!("{}.rejected.csv", stem(imported)).into());
        Self { path, table: None, rows: 0 }
    }

    pub(in crate::cli) fn write(&mut self, rejected: &[Rejected]) -> Result<(), String> {
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

    /// Ends the file, if there is one, and says where it is.
    pub(in crate::cli) fn finish(self) -> Result<Option<String>, String> {
        let Some(table) = self.table else { return Ok(None) };
        table.finish().map_err(|e| format!("{}: {e}", self.path.display()))?;
        let words = "rejected rows with their reasons are in";
        Ok(Some(format!("the {} {words} {}", self.rows, self.path.display())))
    }
}
