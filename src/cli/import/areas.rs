//! `diaban import areas`.

use std::sync::Arc;

use clap::Args;

use crate::app;
use crate::cli::Outcome;
use crate::cli::areas::boundaries::Boundaries;
use crate::clock::SystemClock;
use crate::config::Settings;

#[derive(Args)]
pub(in crate::cli) struct ImportAreas {
    #[command(flatten)]
    boundaries: Boundaries,
    /// Bring them into force now, although their generation begins later.
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    settings: Settings,
}

impl ImportAreas {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let (store, city) = app::open(&self.settings.resolve()?, &SystemClock).await?;
        self.boundaries.import(&store, &Arc::new(city), self.now).await?;
        store.close().await;
        Ok(())
    }
}
