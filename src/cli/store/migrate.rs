//! `diaban migrate`: brings the schema of a store up to date.

use clap::Args;

use crate::cli::Outcome;
use crate::cli::say::say;
use crate::config::Settings;
use crate::store;

#[derive(Args)]
pub(in crate::cli) struct Migrate {
    #[command(flatten)]
    settings: Settings,
}

impl Migrate {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let done = store::migrate(&self.settings.resolve()?.store).await?;
        match done.from {
            from if from == done.to => say!("schema version {}: nothing to do", done.to),
            0 => say!("schema version {}: made in an empty database", done.to),
            from => say!("schema version {from}: migrated to {}", done.to),
        }
        Ok(())
    }
}
