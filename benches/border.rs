//! How often a ward that is answered as certain is wrong, and how many answers are uncertain: places of
//! the real wards, moved by a random error, judged by several rules. Prints the tables of
//! docs/decisions/border.md.
//!
//! Usage: cargo bench --bench border. Needs `data` under `DIABAN_SHARED` (or `../shared`). Fixed seeds:
//! every run prints the same.

use std::path::{Path, PathBuf};

use diaban_core::area::{Accuracy, Generation, read_units};
use diaban_core::domain::UnitScheme;
use diaban_core::geo::{LonLat, Plane};
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::StandardNormal;
use rand_pcg::Pcg64;

/// Answers for each kind of place and error.
const DRAWS: usize = 60_000;
/// What is asked of a rule: wrong answers among the certain ones.
const MOST_WRONG: f64 = 0.01;

/// One answer about a place that was moved.
struct Answer {
    /// Metres to the border; `None` if the position was outside and refused.
    border_m: Option<f64>,
    /// The same in radii of 95%.
    radii: f64,
    probability: f64,
    /// Whether it is answered as certain now.
    certain: bool,
    right: bool,
    /// Taken by its accuracy alone.
    beside: bool,
}

/// All answers about one kind of place with one error.
struct Case {
    places: &'static str,
    metres: f64,
    confidence: f64,
    answers: Vec<Answer>,
}

/// Shares of one case by a rule.
struct Told {
    /// Of the certain answers.
    wrong: f64,
    /// Of all.
    uncertain: f64,
    /// Of the uncertain answers.
    right: f64,
}

impl Case {
    fn by(&self, rule: impl Fn(&Answer) -> bool) -> Told {
        let (sure, unsure): (Vec<_>, Vec<_>) =
            self.answers.iter().filter(|a| a.border_m.is_some()).partition(|a| rule(a));
        let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
        Told {
            wrong: share(sure.iter().filter(|a| !a.right).count(), sure.len()),
            uncertain: share(unsure.len(), self.answers.len()),
            right: share(unsure.iter().filter(|a| a.right).count(), unsure.len()),
        }
    }

    fn share(&self, of: impl Fn(&Answer) -> bool) -> f64 {
        self.answers.iter().filter(|a| of(a)).count() as f64 / self.answers.len() as f64
    }
}

fn main() {
    let folder = std::env::var_os("DIABAN_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from)
        .join("data");
    let Ok(wards) = std::fs::read(folder.join("wards-2025-07.geojson.gz")) else {
        eprintln!("{} has no wards", folder.display());
        return;
    };
    let units = read_units(&wards, &UnitScheme::vietnamese()).expect("the shared wards are readable");
    let city = Generation::build("2025-07-01", false, units, None).expect("the wards are a generation");
    let kinds = [
        ("uniform", uniform(&city, f64::INFINITY)),
        ("bus stops", stops(&city, &folder)),
        ("cameras", cameras(&city, &folder)),
        ("within 50 m of a border", uniform(&city, 50.0)),
    ];
    let mut cases = Vec::new();
    for (places, all) in &kinds {
        let near = all.iter().filter(|p| city.locate(**p).is_ok_and(|l| l.border_m <= 20.0)).count();
        println!("{places}: {} places, {:.0}% within 20 m of a border", all.len(), percent(near, all.len()));
        for metres in [5.0, 10.0, 20.0] {
            for confidence in [0.68, 0.95] {
                let accuracy = Accuracy::new(metres, confidence).expect("in range");
                cases.push(Case { places, metres, confidence, answers: answers(&city, all, accuracy) });
            }
        }
    }
    println!("\nWrong among certain / uncertain (of these right), in percent.\n");
    println!(
        "| places | radius | border > accuracy_m | border > 0.53 r95 | now | p >= 0.96 | outside | taken |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for c in &cases {
        let told =
            |t: Told| format!("{:.2} / {:.1} ({:.0})", 100.0 * t.wrong, 100.0 * t.uncertain, 100.0 * t.right);
        println!(
            "| {} | {} m, {:.0}% | {} | {} | {} | {} | {:.2} | {:.2} |",
            c.places,
            c.metres,
            100.0 * c.confidence,
            told(c.by(|a| a.border_m.is_some_and(|m| m > c.metres))),
            told(c.by(|a| a.radii > 0.53)),
            told(c.by(|a| a.certain)),
            told(c.by(|a| a.probability >= 0.96)),
            100.0 * c.share(|a| a.border_m.is_none()),
            100.0 * c.share(|a| a.beside),
        );
    }
    println!("\nThe laxest rules with at most 1 of 100 wrong in every case, and their mean uncertain share:");
    let radii = (30..100).map(|k| f64::from(k) / 100.0);
    laxest("border > k r95", &cases, radii, |a, k| a.radii > k);
    laxest("p >= k", &cases, (700..1000).step_by(2).map(|k| f64::from(k) / 1000.0), |a, k| {
        a.probability >= k
    });
}

/// Prints the first threshold by which every case is wrong seldom enough.
fn laxest(
    rule: &str,
    cases: &[Case],
    mut thresholds: impl Iterator<Item = f64>,
    certain: impl Fn(&Answer, f64) -> bool,
) {
    let worst = |k: f64| cases.iter().map(|c| c.by(|a| certain(a, k)).wrong).fold(0.0, f64::max);
    let Some(k) = thresholds.find(|k| worst(*k) <= MOST_WRONG) else { return };
    let uncertain: f64 = cases.iter().map(|c| c.by(|a| certain(a, k)).uncertain).sum();
    let mean = uncertain / cases.len() as f64;
    println!("{rule}: k = {k}, wrong at most {:.2}%, uncertain {:.2}%", 100.0 * worst(k), 100.0 * mean);
}

fn percent(n: usize, of: usize) -> f64 {
    100.0 * n as f64 / of as f64
}

fn answers(city: &Generation, places: &[LonLat], accuracy: Accuracy) -> Vec<Answer> {
    let mut rng = Pcg64::seed_from_u64(3);
    let answer = |truth: &LonLat| {
        let mut off = || accuracy.sigma_m() * rng.sample::<f64, _>(StandardNormal);
        let said = Plane::at(*truth).position(off(), off()).expect("in range");
        let border_m = city.locate(said).ok().map(|l| l.border_m);
        let found = city.locate_with(said, Some(accuracy)).ok();
        Answer {
            border_m,
            radii: border_m.unwrap_or_default() / accuracy.radius_95_m(),
            probability: found.map_or(0.0, |l| city.odds(said, &l, accuracy).ward),
            certain: found.is_some_and(|l| l.certain(accuracy)),
            right: found.is_some_and(|l| city.owner(*truth).map(usize::from) == Some(l.unit)),
            beside: border_m.is_none() && found.is_some(),
        }
    };
    places.iter().cycle().take(DRAWS).map(answer).collect()
}

/// Places anywhere in the city so near to a border.
fn uniform(city: &Generation, border_m: f64) -> Vec<LonLat> {
    let mut rng = Pcg64::seed_from_u64(1);
    let mut place =
        || LonLat::new(rng.random_range(106.3..107.7), rng.random_range(10.3..11.6)).expect("in range");
    std::iter::repeat_with(&mut place)
        .filter(|p| city.locate(*p).is_ok_and(|l| l.border_m <= border_m))
        .take(DRAWS)
        .collect()
}

fn stops(city: &Generation, folder: &Path) -> Vec<LonLat> {
    let mut rows =
        csv::Reader::from_path(folder.join("facilities/hcmc-bus-stops-2024.csv")).expect("a table of stops");
    let headers = rows.headers().expect("a header").clone();
    let column = |name| headers.iter().position(|h| h == name).expect("a column");
    let (lon, lat) = (column("Lng"), column("Lat"));
    let place = |row: csv::StringRecord| LonLat::new(row[lon].parse().ok()?, row[lat].parse().ok()?).ok();
    rows.records().filter_map(|row| place(row.ok()?)).filter(|p| city.owner(*p).is_some()).collect()
}

fn cameras(city: &Generation, folder: &Path) -> Vec<LonLat> {
    let text = std::fs::read_to_string(folder.join("facilities/traffic-cameras-2025-11.geojson"));
    let document: serde_json::Value =
        serde_json::from_str(&text.expect("a document of cameras")).expect("it is GeoJSON");
    let features = document["features"].as_array().expect("it has features");
    let place = |f: &serde_json::Value| {
        let degrees = &f["geometry"]["coordinates"];
        LonLat::new(degrees[0].as_f64()?, degrees[1].as_f64()?).ok()
    };
    features.iter().filter_map(place).filter(|p| city.owner(*p).is_some()).collect()
}
