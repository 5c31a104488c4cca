//! `diaban import reports`: a file of reports of any length into the store, batch by batch.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant as Stopwatch;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;

use super::findings::{RejectedFile, told, told_reasons};
use super::mapping::{MappingArgs, stem};
use super::source::open;
use crate::action::{self, JudgedReports, ReportImport};
use crate::app;
use crate::cli::Outcome;
use crate::cli::say::say;
use crate::clock::{Clock, SystemClock, SystemIds};
use crate::config::Settings;
use crate::import::{Reasons, ReportRead};
use crate::store::{Loaded, over};
use diaban_core::domain::text;

/// Characters of a source's name.
const MAX_SOURCE: usize = 100;

#[derive(Args)]
pub(in crate::cli) struct ImportReports {
    /// GeoJSON, GeoJSON texts, CSV or a JSON array as of Open311, plain or gzipped: a path, an http(s) URL, or
    /// `-` for standard input.
    file: String,
    /// The name of the source, which its ids belong to; else the file's stem, or stdin.
    #[arg(long)]
    source: Option<String>,
    #[command(flatten)]
    mapping: MappingArgs,
    /// Rows in one commit: more are quicker, and what else writes waits longer.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=20_000))]
    batch: u64,
    /// Only tell what would be stored.
    #[arg(long)]
    dry_run: bool,
    /// Where rows that were refused go; else NAME.rejected.csv in this folder, when there are any.
    #[arg(long)]
    rejected: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

/// What was done so far.
#[derive(Default)]
struct Totals {
    rows: u64,
    loaded: Loaded,
    rejected: u64,
    left_out: u64,
    placeless: u64,
    reasons: Reasons,
}

impl ImportReports {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let import = self.import()?;
        let (store, city) = app::open(&self.settings.clone().resolve()?, &SystemClock).await?;
        let city = Arc::new(city);
        let watch = Stopwatch::now();
        // One batch is read and judged while the one before it is committed.
        let (send, mut batches) = mpsc::channel::<JudgedReports>(1);
        let file = self.file.clone();
        let reader_city = city.clone();
        let reader = tokio::task::spawn_blocking(move || {
            let source = open(&file, None)?.whole().map_err(|e| format!("{file}: {e}"))?.reader;
            let mut give = |batch| send.blocking_send(batch).is_ok();
            action::read_reports(&reader_city, &import, &SystemClock, &SystemIds, source, &mut give)
                .map_err(|e| format!("{file}: {e}"))
        });
        let mut rejected = RejectedFile::of(&self.file, self.rejected.clone());
        let (mut totals, bar) = (Totals::default(), bar());
        while let Some(batch) = batches.recv().await {
            let loaded = if self.dry_run {
                action::compare_reports(&store, &batch.reports).await?
            } else {
                action::store_reports(&store, (&SystemClock, &SystemIds), batch.reports.clone()).await?
            };
            totals.see(&batch, loaded);
            rejected.write(&batch.rejected)?;
            bar.set_position(totals.rows);
        }
        bar.finish_and_clear();
        if !self.dry_run {
            // In one go, so that their order is none of the file's.
            let now = SystemClock.now();
            store.publish(over(now), now, action::judge(&city, &city.areas())).await?;
        }
        let read = reader.await??;
        let seconds = watch.elapsed().as_secs_f64();
        let rejected = rejected.finish()?;
        store.close().await;
        totals.tell(&read, seconds, self.dry_run);
        rejected.iter().for_each(|line| say!("{line}"));
        match read.broken {
            None if totals.loaded.stored + totals.loaded.there == 0 => {
                Err(format!("nothing was accepted of {} rows; nothing was changed", totals.rows).into())
            }
            None => Ok(()),
            Some(e) if self.dry_run => Err(format!("{}: {e}", self.file).into()),
            Some(e) => Err(format!(
                "{}: {e}; what is before is stored, so run it again when the file is whole",
                self.file
            )
            .into()),
        }
    }

    fn import(&self) -> Result<ReportImport, Box<dyn std::error::Error + Send + Sync>> {
        let profile = self.mapping.profile()?;
        let source = self.source.clone().or_else(|| profile.source.clone());
        let source = text::clean(&source.unwrap_or_else(|| stem(&self.file)), MAX_SOURCE)
            .map_err(|e| format!("--source {e}"))?;
        let source = source.ok_or("--source must have a name")?;
        Ok(ReportImport { source, profile, format: self.mapping.format, batch: self.batch })
    }
}

impl Totals {
    fn see(&mut self, batch: &JudgedReports, loaded: Loaded) {
        self.rows += batch.rows;
        self.loaded.stored += loaded.stored;
        self.loaded.there += loaded.there;
        self.loaded.changed += loaded.changed;
        self.rejected += batch.rejected.len() as u64;
        self.left_out += batch.left_out;
        self.placeless += batch.reports.iter().filter(|(r, _)| r.private.point.is_none()).count() as u64;
        self.reasons.see(&batch.rejected);
    }

    fn tell(&self, read: &ReportRead, seconds: f64, dry_run: bool) {
        let Loaded { stored, there, changed } = self.loaded;
        let would = if dry_run { "would be " } else { "" };
        say!(
            "{} rows of {}: {stored} {would}stored, {there} there already, {} rejected, {} left out; source ids \
             are {}",
            self.rows,
            read.findings.format.name(),
            self.rejected,
            self.left_out,
            read.findings.ids
        );
        say!("{seconds:.1} s, {:.0} rows/s", self.rows as f64 / seconds.max(1e-3));
        if changed > 0 {
            say!("  {changed} that were there already are told otherwise now; they were left as they are");
        }
        if self.placeless > 0 {
            say!("  {} reports have no place (needs_place in the profile refuses them)", self.placeless);
        }
        if read.findings.ids_are_hashes && self.rows > 0 {
            say!(
                "warning: the rows have no ids, so one that changes would come in again; name a column with --id"
            );
        }
        told(&read.findings, "the first rows do not have").iter().for_each(|line| say!("{line}"));
        if let Some(doubt) = &read.doubt {
            say!("  warning: {doubt}");
        }
        told_reasons(&self.reasons).iter().for_each(|line| say!("{line}"));
        if dry_run {
            say!("dry run: nothing was changed");
        }
    }
}

/// Rows and rows a second on standard error; invisible when that is no terminal. How many there will
/// be nobody knows before the end.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("importing reports: {human_pos} rows, {per_sec}, {elapsed}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
