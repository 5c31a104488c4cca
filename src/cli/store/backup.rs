//! `diaban backup` and `diaban restore`, for SQLite stores.

use std::path::PathBuf;
use std::time::Instant as Stopwatch;

use clap::Args;
use indicatif::HumanBytes;

use crate::cli::say::say;
use crate::cli::{Outcome, check};
use crate::config::Settings;
use crate::store;

#[derive(Args)]
pub(in crate::cli) struct Backup {
    /// The file to create; it must not exist.
    file: PathBuf,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args)]
pub(in crate::cli) struct Restore {
    /// The backup file.
    file: PathBuf,
    /// Move an existing store aside, to NAME.before-restore-1 or the next free number.
    #[arg(long)]
    force: bool,
    /// A list of what was erased since the backup, or a later backup; can be repeated. The list beside the store is
    /// always used.
    #[arg(long, value_name = "FILE")]
    erased: Vec<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

impl Backup {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let (store, watch) = (self.settings.resolve()?.store, Stopwatch::now());
        let made = store::backup(&store, &self.file).await?;
        say!(
            "{}: {} of schema version {}, checked, in {:.1} s",
            self.file.display(),
            HumanBytes(made.size),
            made.version,
            watch.elapsed().as_secs_f64()
        );
        Ok(())
    }
}

impl Restore {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let (store, watch) = (self.settings.resolve()?.store, Stopwatch::now());
        let made = store::restore(&self.file, &store, self.force, &self.erased).await?;
        if let Some(aside) = made.aside {
            say!("the previous store is now {}", aside.display());
        }
        if made.erased > 0 {
            say!("{} reports that had been erased since the backup were erased again", made.erased);
        }
        let seconds = watch.elapsed().as_secs_f64();
        let seal = if made.sealed { String::new() } else { format!(" ({})", check::UNSEALED) };
        say!("{store}: schema version {}, checked{seal}, in {seconds:.1} s", made.version);
        Ok(())
    }
}
