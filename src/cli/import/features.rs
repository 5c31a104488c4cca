//! `diaban import features`: a file of city features into a collection, with a diff beforehand.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::findings::{self, RejectedFile};
use super::mapping::{MappingArgs, stem};
use super::pages::follow;
use super::source::fetch;
use crate::action::{self, FeatureImport};
use crate::app;
use crate::cli::Outcome;
use crate::cli::say::say;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::import::{Diff, Outside, Read, Reasons};
use diaban_core::domain::nearest;

/// Ids told of each kind of difference.
const TOLD_IDS: usize = 5;

#[derive(Args)]
pub(in crate::cli) struct ImportFeatures {
    /// The collection, like facilities.
    collection: String,
    /// GeoJSON, GeoJSON texts, CSV, a JSON array or OSM PBF, plain or gzipped: a path, an http(s) URL, or `-`
    /// for standard input.
    file: String,
    /// The name of the source, whose features alone are compared and replaced; else the file's stem, or stdin.
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
    pub(in crate::cli) async fn run(self) -> Outcome {
        let (store, city) = app::open(&self.settings.clone().resolve()?, &SystemClock).await?;
        let import = self.import(&city)?;
        let bytes = fetch(self.file.clone()).await?;
        let bytes = follow(&self.file, bytes, import.profile.list.as_deref()).await?;
        let city = Arc::new(city);
        let read = {
            let (city, import) = (city.clone(), import.clone());
            tokio::task::spawn_blocking(move || action::read_features(&city, &import, bytes)).await??
        };
        let mut rejected = RejectedFile::of(&self.file, self.rejected.clone());
        rejected.write(&read.rejected)?;
        let rejected = rejected.finish()?;
        let diff = action::compare_features(&store, &import, &read).await?;
        let mut words = told(&read);
        words.extend(rejected);
        words.extend(told_diff(&diff, &read, import.replace));
        let nothing = nothing_accepted(&read, import.replace);
        let removes = import.replace && diff.is_mass_removal() && !import.force;
        // What is said can no longer keep back what is done: whoever listens may go away.
        let outcome: Outcome = match nothing {
            Some(fault) => Err(fault.into()),
            None if self.dry_run => Ok(()),
            None => {
                action::write_features(&store, &SystemClock, &import, read, diff).await.map_err(Into::into)
            }
        };
        store.close().await;
        if self.dry_run {
            let mass = "more than half would be taken away: it would be refused without --force";
            words.extend(removes.then(|| mass.to_owned()));
            words.push("dry run: nothing was changed".to_owned());
        } else if outcome.is_ok() {
            words.push(format!("written to {} as source {:?}", import.collection.id, import.source));
        }
        words.iter().for_each(|line| say!("{line}"));
        outcome
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
            edition: city.areas().codebook.edition,
        })
    }
}

/// Why a file of which nothing came in is a failure. A source that is to be replaced may have become empty.
fn nothing_accepted(read: &Read, replace: bool) -> Option<String> {
    let is_empty = read.features.is_empty() && !(read.rows == 0 && replace);
    is_empty.then(|| format!("nothing was accepted of {} rows; nothing was changed", read.rows))
}

fn told(read: &Read) -> Vec<String> {
    let mut words = vec![format!(
        "{} rows of {}: {} accepted, {} rejected, {} left out; source ids are {}",
        read.rows,
        read.findings.format.name(),
        read.features.len(),
        read.rejected.len(),
        read.left_out,
        read.findings.ids
    )];
    if read.findings.ids_are_hashes {
        words.push(
            "warning: the source has no ids, so a row that changes looks like one gone and one added; \
             name a column with --id"
                .to_owned(),
        );
    }
    words.extend(findings::told(&read.findings, "no row has"));
    let mut reasons = Reasons::default();
    reasons.see(&read.rejected);
    words.extend(findings::told_reasons(&reasons));
    words
}

fn told_diff(diff: &Diff, read: &Read, replace: bool) -> Vec<String> {
    let ids = |positions: &[usize]| {
        let ids: Vec<&str> = positions.iter().map(|i| &*read.features[*i].source_id).collect();
        few(&ids)
    };
    let gone: Vec<&str> = diff.gone.iter().map(String::as_str).collect();
    let stay = if replace || gone.is_empty() { "" } else { " (they stay; --replace takes them away)" };
    let mut words = vec![
        format!("added {}{}", diff.added.len(), ids(&diff.added)),
        format!("changed {}{}", diff.changed.len(), ids(&diff.changed)),
        format!("unchanged {}", diff.unchanged),
        format!("gone {}{}{stay}", gone.len(), few(&gone)),
    ];
    let nameless = read.rejected.iter().filter(|r| r.source_id.is_none()).count();
    if replace && nameless > 0 && !gone.is_empty() {
        words.push(format!(
            "warning: {nameless} rejected rows have no readable id; some of what is gone may be theirs"
        ));
    }
    words
}

fn few(ids: &[&str]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let more = if ids.len() > TOLD_IDS { ", …" } else { "" };
    format!(": {}{more}", ids[..ids.len().min(TOLD_IDS)].join(", "))
}
