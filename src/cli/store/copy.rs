//! `diaban copy`: copies a whole database into another, or only compares two.

use std::path::PathBuf;
use std::time::Instant as Stopwatch;

use clap::Args;

use crate::cli::Outcome;
use crate::cli::import::source;
use crate::cli::say::say;
use crate::store::{self, Compared, CopyStep};

/// Copy a whole database into another, SQLite or PostgreSQL, and compare both.
///
/// Nobody may write to the source meanwhile. Stop the processes that serve it. A SQLite file is
/// locked, so that no process can start to serve it. In PostgreSQL, writes of processes that still
/// run are refused until the copy ends, and what they write afterwards is not copied. The target
/// must be empty. After an interruption, run the same command again: it continues where it stopped.
/// The target cannot be served until the copy has finished.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Copy {
    /// The source, `sqlite:PATH` or `postgres://…`.
    #[arg(long)]
    from: String,
    /// The target.
    #[arg(long)]
    to: String,
    /// Only compare the two, each as of one moment; both may be in use.
    #[arg(long)]
    compare: bool,
    /// A list of what was erased, or a later backup, for a source that is an older backup; can be repeated. The list
    /// beside a file is always used.
    #[arg(long, value_name = "FILE")]
    erased: Vec<PathBuf>,
}

impl Copy {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let watch = Stopwatch::now();
        // The bar is drawn on standard error, and only on a terminal.
        let bar = source::bar(0, "chép / copying");
        let mut copied = watch.elapsed();
        let mut progress = |step| match step {
            CopyStep::Total(rows) => bar.set_length(rows),
            CopyStep::Copied(rows) => {
                bar.inc(rows);
                copied = watch.elapsed();
            }
            CopyStep::Compared(rows) => {
                if bar.message() != COMPARING {
                    bar.set_message(COMPARING);
                    bar.reset();
                }
                bar.inc(rows);
            }
        };
        let tables = if self.compare {
            store::compare(&self.from, &self.to, &mut progress).await?
        } else {
            let done = store::copy(&self.from, &self.to, &self.erased, &mut progress).await?;
            bar.finish_and_clear();
            let (all, seconds) = (watch.elapsed(), copied.as_secs_f64());
            if done.before > 0 {
                say!("{} rows were there from an interrupted copy", done.before);
            }
            let rate = done.rows as f64 / seconds.max(1e-3);
            let compared = all.saturating_sub(copied).as_secs_f64();
            say!("copied {} rows in {seconds:.1} s ({rate:.0} rows/s)", done.rows);
            say!("compared in {compared:.1} s");
            if done.erased > 0 {
                say!("{} reports that had been erased were erased again in the target", done.erased);
            }
            done.tables
        };
        bar.finish_and_clear();
        print(&tables);
        let differ: Vec<_> = tables.iter().filter(|t| !t.is_same()).map(|t| t.table).collect();
        if differ.is_empty() {
            Ok(())
        } else {
            Err(format!("the two differ in {}", differ.join(", ")).into())
        }
    }
}

const COMPARING: &str = "so sánh / comparing";

fn print(tables: &[Compared]) {
    say!("{:<16} {:>10} {:>10}  {:<16} {:<16}  next number", "table", "from", "to", "SHA-256", "");
    for t in tables {
        let next = t.given.map_or_else(String::new, |[a, b]| format!("{} {}", a + 1, b + 1));
        let [a, b] = &t.checksums;
        say!(
            "{:<16} {:>10} {:>10}  {:.16} {:.16}  {:<20} {}",
            t.table,
            t.rows[0],
            t.rows[1],
            a,
            b,
            next,
            if t.is_same() { "same" } else { "DIFFERENT" }
        );
    }
}
