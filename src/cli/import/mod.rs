//! `diaban import`: boundaries, features, past reports.

pub(in crate::cli) mod areas;
mod features;
mod findings;
mod mapping;
mod pages;
mod reports;
pub(in crate::cli) mod source;

use clap::Subcommand;

use crate::cli::Outcome;

#[derive(Subcommand)]
pub(in crate::cli) enum Import {
    /// Import ward boundaries of one generation: read, check, activate, and reassign reports.
    Areas(Box<areas::ImportAreas>),
    /// Import city features into a collection: GeoJSON, CSV or OSM PBF, compared with the stored
    /// ones.
    Features(Box<features::ImportFeatures>),
    /// Import past reports: GeoJSON, CSV or Open311 JSON of any length; repeating an import stores
    /// nothing twice.
    Reports(Box<reports::ImportReports>),
}

impl Import {
    pub(in crate::cli) async fn run(self) -> Outcome {
        match self {
            Self::Areas(import) => import.run().await,
            Self::Features(import) => import.run().await,
            Self::Reports(import) => import.run().await,
        }
    }
}
