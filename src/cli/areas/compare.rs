//! `diaban check areas`.

use clap::Args;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use crate::action::City;
use crate::app;
use crate::cli::Outcome;
use crate::cli::import::source::fetch;
use crate::cli::say::say;
use crate::config::Settings;
use diaban_core::area;
use diaban_core::geo::LonLat;

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

impl CheckAreas {
    pub(in crate::cli) async fn run(self) -> Outcome {
        let bytes = fetch(self.source.clone()).await?.whole()?;
        let city = City::of_pack(app::pack(&self.settings.resolve()?)?)?;
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
