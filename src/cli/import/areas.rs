//! `diaban import areas` and `diaban check areas`.

use std::sync::Arc;

use clap::Args;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::source::{bar, fetch};
use crate::action::{self, City};
use crate::app;
use crate::cli::Outcome;
use crate::cli::say::say;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::store::Store;
use diaban_core::area::{self, Severity};
use diaban_core::geo::LonLat;

#[derive(Args)]
pub(in crate::cli) struct ImportAreas {
    #[command(flatten)]
    boundaries: Boundaries,
    #[command(flatten)]
    settings: Settings,
}

/// The boundaries to take into use.
#[derive(Args)]
pub(in crate::cli) struct Boundaries {
    /// GeoJSON, plain or gzipped: a path, an http(s) URL, or `-` for standard input.
    pub(in crate::cli) source: String,
    /// The date from which these boundaries are valid, like 2025-07-01.
    #[arg(long)]
    pub(in crate::cli) generation: String,
    /// The coordinate system, whatever the file says: EPSG:9210, EPSG:3405, EPSG:4326 …
    #[arg(long)]
    pub(in crate::cli) crs: Option<String>,
    /// Activate although the checks found errors.
    #[arg(long)]
    pub(in crate::cli) force: bool,
    /// Only check and report.
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Args)]
pub(in crate::cli) struct CheckAreas {
    /// Boundaries to compare with: GeoJSON, plain or gzipped, a path or an http(s) URL.
    source: String,
    /// Random points in each ward.
    #[arg(long, default_value_t = 60)]
    points: usize,
    /// The generation in the pack to compare; the newest when not said.
    #[arg(long)]
    generation: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

impl ImportAreas {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let (store, city) = app::open(&self.settings.resolve()?, &SystemClock).await?;
        self.boundaries.import(&store, &Arc::new(city)).await?;
        store.close().await;
        Ok(())
    }
}

impl Boundaries {
    /// Reads, checks and activates, then assigns the reports and features that are there already.
    pub(in crate::cli) async fn import(&self, store: &Store, city: &Arc<City>) -> Outcome {
        let mut bytes = fetch(self.source.clone()).await?.whole()?;
        if let Some(name) = &self.crs {
            bytes = action::with_crs(&bytes, name)?;
        }
        say!("checking {} …", self.source);
        let (candidate, findings) = {
            let (city, id, bytes) = (city.clone(), self.generation.clone(), bytes.clone());
            tokio::task::spawn_blocking(move || action::candidate(&city, &id, &bytes)).await??
        };
        say!("{} wards in generation {}", candidate.units().len(), candidate.id());
        for finding in &findings {
            say!("{finding}");
        }
        let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
        if errors > 0 && !self.force {
            return Err(
                format!("{errors} errors; nothing was changed (--force activates all the same)").into()
            );
        }
        if self.dry_run {
            say!("dry run: nothing was changed");
            return Ok(());
        }
        action::activate_areas(city, store, &SystemClock, &self.generation, &self.source, &bytes).await?;
        say!("generation {} is in force", city.areas().active().id());
        let closed = action::settle(city, store, &SystemClock).await?;
        if closed > 0 {
            say!("{closed} reports showed more than their category allows now, and were closed");
        }
        let bar = bar(store.last_report().await?.unsigned_abs(), "assigning reports");
        let done = action::reassign(city, store, &SystemClock, |n| bar.set_position(n)).await?;
        bar.finish_and_clear();
        say!(
            "{} reports looked at, {} moved to another ward, {} in no ward now (they keep theirs)",
            done.looked_at,
            done.moved,
            done.outside
        );
        let bar = super::source::bar(store.last_feature().await?.unsigned_abs(), "assigning features");
        let done = action::reassign_features(city, store, &SystemClock, |n| bar.set_position(n)).await?;
        bar.finish_and_clear();
        say!(
            "{} features looked at, {} moved to other wards, {} in no ward now",
            done.looked_at,
            done.moved,
            done.outside
        );
        Ok(())
    }
}

impl CheckAreas {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let bytes = fetch(self.source.clone()).await?.whole()?;
        let city = City::new(app::pack(&self.settings.resolve()?)?, &[])?;
        let areas = city.areas();
        let ours = match &self.generation {
            Some(id) => areas.book.generation(id).ok_or("the pack has no such generation")?,
            None => areas.active(),
        };
        let real = area::read_units(&bytes, &city.pack.city.units)?;
        let (mut asked, mut agreed) = (0, 0);
        let mut worst: Vec<(f64, String)> = Vec::new();
        let mut rng = Pcg64::seed_from_u64(20_250_701);
        for unit in &real {
            let mut hits = 0;
            for point in random_points(unit, self.points, &mut rng) {
                let owner = ours.owner(point).map(|u| &ours.units()[usize::from(u)].code);
                hits += usize::from(owner == Some(&unit.code));
            }
            asked += self.points;
            agreed += hits;
            worst.push((hits as f64 / self.points as f64, unit.name.clone()));
        }
        worst.sort_by(|a, b| a.0.total_cmp(&b.0));
        let share = 100.0 * agreed as f64 / asked as f64;
        say!("{agreed} of {asked} random points in {} wards agree: {share:.1} %", real.len());
        for (share, name) in worst.iter().take(5) {
            say!("  {:5.1} %  {name}", share * 100.0);
        }
        Ok(())
    }
}

/// Points inside a ward, drawn evenly from its box.
fn random_points(unit: &area::Unit, n: usize, rng: &mut Pcg64) -> Vec<LonLat> {
    use geo::{BoundingRect, Contains};
    use rand::RngExt;
    let Some(r) = unit.shape.bounding_rect() else { return Vec::new() };
    let mut points = Vec::with_capacity(n);
    // A ward fills at least a thousandth of its box; a bound keeps a strange shape from hanging this.
    for _ in 0..n * 100_000 {
        let (x, y) = (rng.random_range(r.min().x..=r.max().x), rng.random_range(r.min().y..=r.max().y));
        if let Ok(p) = LonLat::new(x, y)
            && unit.shape.contains(&geo::Point::new(p.lon(), p.lat()))
        {
            points.push(p);
            if points.len() == n {
                break;
            }
        }
    }
    points
}
