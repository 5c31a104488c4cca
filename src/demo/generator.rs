//! Generates reports one after another, in order of creation.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64;

use super::life::Life;
use super::places::{Places, beside};
use super::table::Table;
use super::texts::{self, Texts};
use super::timeline::{HOUR_MS, Moment, Timeline};
use super::topics::Topics;
use crate::action::{Areas, City, Submission, assess};
use diaban_core::domain::report::{MAX_ID, NewReport};
use diaban_core::domain::{Category, Instant, PlaceRule};
use diaban_core::geo::LonLat;

/// The sources, and the share of each.
const SOURCES: [(&str, f64); 4] = [("api", 0.42), ("web", 0.26), ("hotline_1022", 0.24), ("zalo", 0.08)];
/// How often a report repeats a recent one by somebody else.
const ECHO: f64 = 0.05;
/// How many recent reports may be repeated, and for how long.
const RECENT: usize = 8;
const RECENT_MS: i64 = 6 * HOUR_MS;

/// The reports of two years, oldest first. The same city, seed, instant and count give the same
/// reports, including ids. Each has passed the checks of a real report.
#[derive(Debug)]
pub struct Generator<'a> {
    city: &'a City,
    areas: Arc<Areas>,
    rng: Pcg64,
    timeline: Timeline,
    places: Places,
    topics: Topics,
    texts: Texts,
    life: Life,
    sources: Table,
    accuracy: LogNormal<f64>,
    ids: HashSet<u64>,
    recent: VecDeque<Recent>,
}

/// A report that later ones may repeat.
#[derive(Clone, Debug)]
struct Recent {
    id: u64,
    at: Instant,
    category: usize,
    point: LonLat,
    storm: Option<i64>,
}

impl<'a> Generator<'a> {
    /// `count` reports of the two years before `now`, in the areas in force. The first report takes
    /// some milliseconds.
    pub fn new(city: &'a City, seed: u64, now: Instant, count: usize) -> Self {
        let areas = city.areas();
        // Today's offset of the time zone is used for both years, because the city has no daylight
        // saving time.
        let offset = i64::from(city.pack.time_zone().to_offset(now.timestamp()).seconds()) * 1_000;
        Self {
            rng: Pcg64::seed_from_u64(seed ^ 0x7265_706f_7274_7321),
            timeline: Timeline::new(seed, now, offset, count),
            places: Places::new(areas.active(), seed),
            topics: Topics::new(&city.pack),
            texts: Texts::new(&city.pack),
            life: Life::new(now, offset),
            sources: Table::new(SOURCES.iter().map(|(_, share)| *share)),
            accuracy: LogNormal::new(12_f64.ln(), 0.7).expect("a finite deviation"),
            ids: HashSet::with_capacity(count),
            recent: VecDeque::with_capacity(RECENT),
            city,
            areas,
        }
    }

    /// The centre of the ward with the most reports.
    pub fn busiest(&self) -> LonLat {
        self.areas.active().units()[self.places.busiest()].label
    }

    /// The next `n` reports; fewer at the end.
    pub fn batch(&mut self, n: usize) -> Vec<NewReport> {
        self.by_ref().take(n).collect()
    }

    fn report(&mut self, moment: Moment) -> NewReport {
        let echo = self.echo(moment);
        let category = match &echo {
            Some(original) => original.category,
            None => self.topics.pick(moment, &mut self.rng),
        };
        let rule = self.category(category);
        let mut submission = self.submission(rule, moment);
        let mut point = None;
        if let Some(original) = &echo {
            point = Some(beside(self.areas.active(), original.point, &mut self.rng));
        } else if self.has_place(category, rule) {
            let (at, shared) = self.places.draw(self.areas.active(), moment.storm, &mut self.rng);
            point = Some(at);
            if let Some(number) = shared {
                submission.address = Some(texts::shared_address(number));
            }
        } else if self.rng.random_bool(0.6) {
            let ward = self.places.ward(&mut self.rng);
            submission.ward = Some(self.areas.ward_id(ward).to_string());
        }
        if let Some(p) = point {
            submission.place = Some((p.lon(), p.lat()));
            if submission.address.is_none() && self.rng.random_bool(0.55) {
                let unit = self.areas.active().owner(p);
                let ward = unit.map(|u| self.areas.active().units()[usize::from(u)].name.as_str());
                submission.address = Some(texts::address(ward, &mut self.rng));
            }
        } else {
            // A report without a location has no accuracy.
            submission.accuracy_m = None;
        }
        self.texts.write(&mut submission, rule, category, &mut self.rng);
        let mut report = assess(self.city, &self.areas, submission, moment.at)
            .unwrap_or_else(|refusal| panic!("a generated report must pass the checks: {refusal:?}"));
        report.id = self.id();
        self.life.live(&mut report, rule, echo.map(|original| original.id), &mut self.rng);
        if let Some(point) = point {
            self.recent.truncate(RECENT - 1);
            let storm = moment.storm;
            self.recent.push_front(Recent { id: report.id, at: moment.at, category, point, storm });
        }
        report
    }

    fn category(&self, position: usize) -> &'a Category {
        self.city.pack.categories.get(position as u8).expect("topics know the categories of the pack")
    }

    /// Fields that do not depend on the location and are not text.
    fn submission(&mut self, category: &Category, moment: Moment) -> Submission {
        let rng = &mut self.rng;
        let source = SOURCES[self.sources.pick(rng)].0;
        // A phone call has no GPS fix; a browser sometimes sends one.
        let fixed = match source {
            "hotline_1022" => 0.0,
            "web" => 0.3,
            _ => 0.9,
        };
        let metres = self.accuracy.sample(rng).min(2_000.0);
        let accuracy_m = (rng.random_bool(fixed) && category.place != PlaceRule::None)
            .then(|| (metres * 10.0).round() / 10.0);
        let ago = LogNormal::new(40_f64.ln(), 1.4).expect("a finite deviation").sample(rng).min(20_000.0);
        let observed_at = rng
            .random_bool(0.3)
            .then(|| Instant::from_ms(moment.at.ms() - (ago * 60.0) as i64 * 1_000).to_string());
        Submission { source: source.to_owned(), accuracy_m, observed_at, ..Submission::default() }
    }

    fn has_place(&mut self, position: usize, category: &Category) -> bool {
        match category.place {
            PlaceRule::Required => true,
            PlaceRule::Optional => self.rng.random_bool(self.topics.placed(position)),
            PlaceRule::None => false,
        }
    }

    /// The report that this one repeats, if any; in the rain, one about the rain.
    fn echo(&mut self, moment: Moment) -> Option<Recent> {
        if !self.rng.random_bool(ECHO) || self.recent.is_empty() {
            return None;
        }
        let original = &self.recent[self.rng.random_range(0..self.recent.len())];
        let fresh = moment.at.ms() - original.at.ms() <= RECENT_MS;
        (fresh && original.storm == moment.storm).then(|| original.clone())
    }

    fn id(&mut self) -> u64 {
        loop {
            let id = self.rng.random_range(1..=MAX_ID);
            if self.ids.insert(id) {
                return id;
            }
        }
    }
}

impl Iterator for Generator<'_> {
    type Item = NewReport;

    fn next(&mut self) -> Option<NewReport> {
        let moment = self.timeline.next(&mut self.rng)?;
        Some(self.report(moment))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.timeline.left(), Some(self.timeline.left()))
    }
}
