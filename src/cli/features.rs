//! `diaban import features`: a file of city features into a collection, with a diff beforehand.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::Outcome;
use super::areas::fetch;
use super::findings::{self, RejectedFile};
use super::mapping::{MappingArgs, stem};
use super::pages::follow;
use crate::action::{self, FeatureImport};
use crate::app;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::import::{Diff, Outside, Read, Reasons};
use diaban_core::domain::nearest;

/// Ids told of each kind of difference.
const TOLD_IDS: usize = 5;

#[derive(Args)]
pub(super) struct ImportFeatures {
    /// The collection, like facilities.
    collection: String,
    /// GeoJSON, GeoJSON texts, CSV, a JSON array or OSM PBF, plain or gzipped: a path or an http(s) URL.
    file: String,
    /// The name of the source, whose features alone are compared and replaced; else the file's stem.
    #[arg(long)]
    source: Option<String>,
    #[command(flatten)]
    mapping: MappingArgs,
    /// What becomes of features outside the city.
    #[arg(long, value_enum, default_value_t = OutsideArg::Reject)]
    outside: OutsideArg,
    /// Take away what the source held and the file does not.
    #[arg(long)]
    replace: bool,
    /// Take it away even when that is more than half.
    #[arg(long)]
    force: bool,
    /// Only tell what would change.
    #[arg(long)]
    dry_run: bool,
    /// Where rows that were refused go; else NAME.rejected.csv in this folder, when there are any.
    #[arg(long)]
    rejected: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Clone, Copy, ValueEnum)]
enum OutsideArg {
    Reject,
    Keep,
}

impl ImportFeatures {
    pub(super) async fn run(self) -> Outcome {
        let (store, city) = app::open(&self.settings.clone().resolve()?).await?;
        let import = self.import(&city)?;
        let bytes = fetch(self.file.clone()).await?;
        let bytes = follow(&self.file, bytes, import.profile.list.as_deref()).await?;
        let city = Arc::new(city);
        let read = {
            let (city, import) = (city.clone(), import.clone());
            tokio::task::spawn_blocking(move || action::read_features(&city, &import, bytes)).await??
        };
        tell(&read);
        let mut rejected = RejectedFile::of(&self.file, self.rejected.clone());
        rejected.write(&read.rejected)?;
        rejected.finish()?;
        let diff = action::compare_features(&store, &import, &read).await?;
        tell_diff(&diff, &read, import.replace);
        if self.dry_run {
            if import.replace && diff.is_mass_removal() && !import.force {
                println!("more than half would be taken away: it would be refused without --force");
            }
            println!("dry run: nothing was changed");
        } else {
            action::write_features(&store, &SystemClock, &import, read, diff).await?;
            println!("written to {} as source {:?}", import.collection.id, import.source);
        }
        store.close().await;
        Ok(())
    }

    fn import(&self, city: &action::City) -> Result<FeatureImport, Box<dyn std::error::Error + Send + Sync>> {
        let collection = city.pack.collection(&self.collection).ok_or_else(|| {
            let ids: Vec<&str> = city.pack.collections.iter().map(|c| &*c.id).collect();
            let hint = nearest(&self.collection, ids.iter().copied())
                .map_or_else(|| ids.join(", "), |n| format!("did you mean {n}?"));
            format!("there is no collection {:?}; {hint}", self.collection)
        })?;
        let profile = self.mapping.profile()?;
        let source = self.source.clone().or_else(|| profile.source.clone());
        let outside = match self.outside {
            OutsideArg::Reject => Outside::Reject,
            OutsideArg::Keep => Outside::Keep,
        };
        Ok(FeatureImport {
            collection: collection.clone(),
            source: source.unwrap_or_else(|| stem(&self.file)),
            profile,
            format: self.mapping.format,
            outside,
            replace: self.replace,
            force: self.force,
        })
    }
}

fn tell(read: &Read) {
    println!(
        "{} rows of {}: {} accepted, {} rejected, {} left out; source ids are {}",
        read.rows,
        read.findings.format.name(),
        read.features.len(),
        read.rejected.len(),
        read.left_out,
        read.findings.ids
    );
    if read.findings.ids_are_hashes {
        println!(
            "warning: the source has no ids, so a row that changes looks like one gone and one added; \
             name a column with --id"
        );
    }
    findings::tell(&read.findings, "no row has");
    let mut reasons = Reasons::default();
    reasons.see(&read.rejected);
    findings::tell_reasons(&reasons);
}

fn tell_diff(diff: &Diff, read: &Read, replace: bool) {
    let ids = |positions: &[usize]| {
        let ids: Vec<&str> = positions.iter().map(|i| &*read.features[*i].source_id).collect();
        few(&ids)
    };
    println!("added {}{}", diff.added.len(), ids(&diff.added));
    println!("changed {}{}", diff.changed.len(), ids(&diff.changed));
    println!("unchanged {}", diff.unchanged);
    let gone: Vec<&str> = diff.gone.iter().map(String::as_str).collect();
    let stay = if replace || gone.is_empty() { "" } else { " (they stay; --replace takes them away)" };
    println!("gone {}{}{stay}", gone.len(), few(&gone));
    let nameless = read.rejected.iter().filter(|r| r.source_id.is_none()).count();
    if replace && nameless > 0 && !gone.is_empty() {
        println!("warning: {nameless} rejected rows have no readable id; some of what is gone may be theirs");
    }
}

fn few(ids: &[&str]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let more = if ids.len() > TOLD_IDS { ", …" } else { "" };
    format!(": {}{more}", ids[..ids.len().min(TOLD_IDS)].join(", "))
}
