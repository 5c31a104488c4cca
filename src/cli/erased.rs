//! `diaban erased …`: the list of what was erased, taken out of a store and applied to another.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::say::say;
use super::{Outcome, With};
use crate::store::{self, Store};

/// Commands on the list of what was erased: ids and hashes, nothing that was sent.
#[derive(Subcommand)]
pub(super) enum Erased {
    /// Add what was erased to a list, which is made if it is missing. Keep it beside the backups.
    Save(With<List>),
    /// Erase what a list, or a backup made later, says was erased; works beside a running server.
    Apply(With<List>),
}

#[derive(Args)]
pub(super) struct List {
    /// The list.
    file: PathBuf,
}

impl Erased {
    pub(super) async fn run(self) -> Outcome {
        match self {
            Self::Save(With { what, settings }) => {
                let store = Store::open(&settings.resolve()?.store).await?;
                let all = store.erased().await?;
                store::write_erased(&what.file, &all)?;
                say!("{}: holds the {} reports that were erased", what.file.display(), all.len());
                store.close().await;
            }
            Self::Apply(With { what, settings }) => {
                let all = store::read_erased(&what.file).await?;
                let store = Store::open(&settings.resolve()?.store).await?;
                let (listed, again) = (all.len(), store.erase_again(all).await?);
                say!("{listed} reports in the list, {again} were here and are erased now");
                store.close().await;
            }
        }
        Ok(())
    }
}
