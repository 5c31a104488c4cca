//! `diaban check`: validates settings and files without starting the server.

use clap::{Args, Subcommand};

use super::Outcome;
use super::import::areas;
use super::say::say;
use crate::app;
use crate::config::Settings;

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
    Areas(areas::CheckAreas),
}

impl Check {
    pub(super) async fn run(self) -> Outcome {
        if let Some(What::Areas(check)) = self.what {
            return check.run().await;
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
