//! `diaban demo`.

use clap::Args;

use super::{Outcome, serve};
use crate::config::Settings;

#[derive(Args)]
pub(super) struct Demo {
    #[command(flatten)]
    settings: Settings,
}

impl Demo {
    pub(super) async fn run(self) -> Outcome {
        serve::serve(self.settings.resolve()?, |_| {}).await
    }
}
