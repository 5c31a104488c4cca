//! `diaban migrate`: brings the schema of a store up to date.

use clap::Args;

use super::Outcome;
use crate::config::Settings;
use crate::store;

#[derive(Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    settings: Settings,
}

impl Migrate {
    pub(super) async fn run(self) -> Outcome {
        let done = store::migrate(&self.settings.resolve()?.store).await?;
        match done.from {
            from if from == done.to => println!("schema version {}: nothing to do", done.to),
            0 => println!("schema version {}: made in an empty database", done.to),
            from => println!("schema version {from}: migrated to {}", done.to),
        }
        Ok(())
    }
}
