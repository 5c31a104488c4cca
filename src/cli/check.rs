//! `diaban check`: validates settings and files without starting the server.

use std::path::PathBuf;
use std::time::Instant as Stopwatch;

use clap::{Args, Subcommand};

use super::Outcome;
use super::areas::compare;
use super::say::say;
use crate::app;
use crate::config::Settings;
use crate::store;

/// Check the settings, the city pack, the layers and the styles; change nothing.
///
/// Prints all mistakes of the first of these that has any, each with file, line and what would be
/// right; the exit code is then 1.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, verbatim_doc_comment)]
pub(super) struct Check {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum What {
    /// How well the boundaries in use agree with other ones.
    Areas(compare::CheckAreas),
    /// Check every page, index and reference of a SQLite store, also beside a running server; the exit code is 65
    /// when it is damaged.
    Store(CheckStore),
    /// Check that a backup is what was written, to the bit; the exit code is 65 when it is not.
    Backup(CheckBackup),
}

#[derive(Args)]
struct CheckStore {
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args)]
struct CheckBackup {
    /// The backup file.
    file: PathBuf,
}

impl CheckStore {
    async fn run(self) -> Outcome {
        let (store, watch) = (self.settings.resolve()?.store, Stopwatch::now());
        let checked = store::check(&store).await?;
        for (table, rows) in &checked.rows {
            say!("{table:<16} {rows:>10}");
        }
        let seconds = watch.elapsed().as_secs_f64();
        say!("{store}: schema version {}, sound, in {seconds:.1} s", checked.version);
        Ok(())
    }
}

impl CheckBackup {
    async fn run(self) -> Outcome {
        let checked = store::check_backup(&self.file).await?;
        let seal = if checked.sealed { "as it was written, to the bit" } else { UNSEALED };
        say!("{}: schema version {}, sound, {seal}", self.file.display(), checked.version);
        Ok(())
    }
}

/// What is said of a backup of a release before 0.2.
pub(super) const UNSEALED: &str = "without a checksum, so a changed letter is not seen";

impl Check {
    pub(super) async fn run(self) -> Outcome {
        match self.what {
            Some(What::Areas(check)) => return check.run().await,
            Some(What::Store(check)) => return check.run().await,
            Some(What::Backup(check)) => return check.run().await,
            None => {}
        }
        let pack = app::pack(&self.settings.resolve()?)?;
        let layers =
            app::layers(&pack).map_err(|mistakes| format!("{} mistakes\n{mistakes}", mistakes.0.len()))?;
        let examples: usize = layers.iter().map(|l| l.example.len()).sum();
        let styles = app::styles(&pack, &layers)
            .map_err(|mistakes| format!("{} mistakes\n{mistakes}", mistakes.0.len()))?;
        say!("{} layers, {examples} examples, {} styles: fine", layers.len(), styles.names().count());
        Ok(())
    }
}
