//! Boundaries as an operator gives them: read, checked, prepared, brought into force.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::action::{self, City, Proposal};
use crate::cli::Outcome;
use crate::cli::import::source::{bar, fetch};
use crate::cli::say::say;
use crate::clock::{Clock, SystemClock};
use crate::store::Store;
use diaban_core::domain::Instant;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The boundaries, and how they are checked.
#[derive(Args)]
pub(in crate::cli) struct Boundaries {
    /// GeoJSON, plain or gzipped: a path, an http(s) URL, or `-` for standard input. Without it those that the city pack
    /// has of the generation.
    source: Option<String>,
    /// The date from which these boundaries are valid, like 2025-07-01.
    #[arg(long)]
    generation: String,
    /// The coordinate system, whatever the file says: EPSG:9210, EPSG:3405, EPSG:4326 …
    #[arg(long)]
    crs: Option<String>,
    /// Which wards have the ground of which former ones: CSV with the columns of the pack's successors.csv. Found by the
    /// shapes when not said.
    #[arg(long)]
    successors: Option<PathBuf>,
    /// Go on although the checks found errors.
    #[arg(long)]
    force: bool,
    /// Only check, count what moves, and report.
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl Boundaries {
    /// Those of a source, with nothing else said.
    pub(in crate::cli) fn of(source: String, generation: String) -> Self {
        Self { source: Some(source), generation, crs: None, successors: None, force: false, dry_run: false }
    }

    /// Reads, checks and prepares; gives the number of the edition.
    pub(super) async fn prepare(
        &self,
        store: &Store,
        city: &Arc<City>,
        from: Option<Instant>,
    ) -> Result<i64, Error> {
        let source = self.source.as_deref().unwrap_or("the city pack");
        say!("checking {source} …");
        let boundaries = match &self.source {
            Some(source) => Some(fetch(source.clone()).await?.whole()?),
            None => None,
        };
        let successors = match &self.successors {
            Some(file) => {
                let table = tokio::fs::read(file).await.map_err(|e| format!("{}: {e}", file.display()))?;
                Some(action::read_successors(&table)?)
            }
            None => None,
        };
        let (generation, crs) = (self.generation.clone(), self.crs.clone());
        let proposal = Proposal { generation, boundaries, crs, successors, from };
        let checked = action::check_proposal(city, &SystemClock, proposal).await?;
        say!("{} wards in generation {}", checked.candidate.units().len(), checked.candidate.id());
        for finding in &checked.findings {
            say!("{finding}");
        }
        let errors = checked.errors();
        if errors > 0 && !self.force {
            return Err(format!("{errors} errors; nothing was changed (--force goes on all the same)").into());
        }
        let edition = checked.keep(city, store, &SystemClock, source).await?;
        let bar = bar(store.last_report().await?.unsigned_abs(), "placing reports");
        let done = action::place_reports(city, store, edition, |n| bar.set_position(n)).await?;
        bar.finish_and_clear();
        say!(
            "{} reports looked at, {} move to another ward, {} have no ward then: theirs is divided",
            done.looked_at,
            done.moved,
            done.homeless
        );
        say!("prepared as edition {edition}: `diaban areas moves {edition}` shows what moves");
        Ok(edition)
    }

    /// Checks, places every report to count what moves, and keeps nothing.
    pub(super) async fn check(&self, store: &Store, city: &Arc<City>) -> Outcome {
        let edition = self.prepare(store, city, None).await?;
        super::moves::show(store, city, edition, None).await?;
        action::withdraw_edition(store, &SystemClock, edition).await?;
        say!("dry run: nothing was changed");
        Ok(())
    }

    /// Prepares, and brings into force: now, or when the generation begins.
    pub(in crate::cli) async fn import(&self, store: &Store, city: &Arc<City>, now: bool) -> Outcome {
        if self.dry_run {
            return self.check(store, city).await;
        }
        let begins = self.begins(city)?;
        let later = begins > SystemClock.now() && !now;
        let edition = self.prepare(store, city, later.then_some(begins)).await?;
        if later {
            say!("it comes into force at {begins}, by a process that serves (--now: at once)");
            return Ok(());
        }
        let opened = super::Opened { store: store.clone(), city: city.clone() };
        opened.activate(edition).await?;
        say!("generation {} is in force", city.areas().active().id());
        Ok(())
    }

    /// The first moment of the generation, in the city's own time.
    fn begins(&self, city: &City) -> Result<Instant, String> {
        let wrong = |e: jiff::Error| format!("--generation {}: {e}", self.generation);
        let day: jiff::civil::Date = self.generation.parse().map_err(wrong)?;
        let zone = city.pack.time_zone();
        let start = zone.to_timestamp(day.at(0, 0, 0, 0)).map_err(wrong)?;
        Ok(Instant::from_timestamp(start))
    }
}
