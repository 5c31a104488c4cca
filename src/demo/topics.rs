//! The categories of reports: how often, at which hours, how much more in the rain, how often with
//! a location.

use diaban_core::domain::Category;
use diaban_core::pack::Pack;

use super::table::Table;
use super::timeline::Moment;
use rand_pcg::Pcg64;

/// At which hours a category is reported more often than average.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hours {
    Any,
    /// Rush hours on working days.
    Peak,
    /// Office hours.
    Office,
    /// After sunset.
    Dark,
    /// Evenings and weekends, when people sing.
    Leisure,
}

/// Code, share among dry reports, share among those of a downpour, hours.
const MIX: &[(&str, f64, f64, Hours)] = &[
    ("pothole", 6.0, 2.0, Hours::Any),
    ("subsidence", 0.4, 1.5, Hours::Any),
    ("manhole", 2.2, 4.0, Hours::Any),
    ("drainage", 3.0, 58.0, Hours::Any),
    ("street_light", 5.5, 2.0, Hours::Dark),
    ("traffic_signal", 1.8, 3.0, Hours::Peak),
    ("road_sign", 2.0, 0.3, Hours::Any),
    ("burst_pipe", 2.0, 0.5, Hours::Any),
    ("power_fault", 1.3, 9.0, Hours::Any),
    ("telecom_cable", 3.0, 2.0, Hours::Any),
    ("fallen_tree", 1.0, 11.0, Hours::Any),
    ("traffic_jam", 4.0, 5.0, Hours::Peak),
    ("traffic_accident", 0.8, 0.8, Hours::Peak),
    ("illegal_parking", 6.0, 0.3, Hours::Office),
    ("bus_service", 1.5, 0.3, Hours::Peak),
    ("pavement_encroachment", 9.0, 0.1, Hours::Any),
    ("illegal_building", 2.5, 0.0, Hours::Office),
    ("illegal_advertising", 2.5, 0.0, Hours::Any),
    ("waste", 12.0, 0.8, Hours::Any),
    ("sewage", 2.2, 1.2, Hours::Any),
    ("air_pollution", 2.6, 0.0, Hours::Any),
    ("noise", 5.0, 0.0, Hours::Leisure),
    ("mobile_karaoke", 5.0, 0.0, Hours::Leisure),
    ("food_safety", 1.3, 0.0, Hours::Any),
    ("health_facility", 0.8, 0.0, Hours::Office),
    ("disease_risk", 1.0, 0.3, Hours::Any),
    ("public_disorder", 1.4, 0.1, Hours::Leisure),
    ("crime_tip", 1.1, 0.0, Hours::Dark),
    ("tourist_harassment", 0.5, 0.0, Hours::Any),
    ("admin_procedure", 4.4, 0.0, Hours::Office),
    ("staff_conduct", 1.3, 0.0, Hours::Office),
    ("online_service", 2.2, 0.0, Hours::Office),
    ("idea", 2.2, 0.1, Hours::Any),
    ("opinion", 2.6, 0.1, Hours::Any),
    ("other", 3.0, 0.2, Hours::Any),
    ("road_works", 2.4, 0.8, Hours::Any),
    ("broken_pavement", 1.8, 0.3, Hours::Any),
    ("metro_taxi", 0.7, 0.2, Hours::Peak),
    ("land", 0.9, 0.0, Hours::Office),
    ("park_trees", 1.6, 0.4, Hours::Any),
    ("pets", 1.6, 0.0, Hours::Any),
    ("fire_hazard", 0.9, 0.1, Hours::Any),
    ("prices_goods", 0.8, 0.0, Hours::Any),
    ("school", 0.7, 0.1, Hours::Office),
];

/// How often a report has a location if its category makes it optional.
const PLACED: &[(&str, f64)] =
    &[("idea", 0.15), ("opinion", 0.3), ("bus_service", 0.85), ("tourist_harassment", 0.9)];
const PLACED_ELSE: f64 = 0.75;

/// The distribution over a city's categories. In an unknown pack all categories have equal shares.
#[derive(Debug)]
pub(super) struct Topics {
    /// By weekend and hour.
    dry: Vec<Table>,
    wet: Table,
    placed: Vec<f64>,
}

impl Topics {
    pub(super) fn new(pack: &Pack) -> Self {
        let mix = |c: &Category| {
            let known = MIX.iter().find(|(code, ..)| *code == &*c.code);
            known.map_or((1.0, 0.0, Hours::Any), |(_, dry, wet, hours)| (*dry, *wet, *hours))
        };
        let at = |weekend: bool, hour: usize| {
            Table::new(pack.categories.iter().map(|c| {
                let (share, _, hours) = mix(c);
                share * hours.factor(weekend, hour)
            }))
        };
        let wet: Vec<f64> = pack.categories.iter().map(|c| mix(c).1).collect();
        // In a pack without categories for rain, rain changes nothing.
        let dries_up = wet.iter().all(|w| *w <= 0.0);
        let placed = |c: &Category| PLACED.iter().find(|(code, _)| *code == &*c.code).map(|(_, p)| *p);
        Self {
            dry: [false, true].into_iter().flat_map(|w| (0..24).map(move |h| at(w, h))).collect(),
            wet: Table::new(wet.into_iter().map(|w| if dries_up { 1.0 } else { w })),
            placed: pack.categories.iter().map(|c| placed(c).unwrap_or(PLACED_ELSE)).collect(),
        }
    }

    /// The position of a random category for this moment.
    pub(super) fn pick(&self, moment: Moment, rng: &mut Pcg64) -> usize {
        match moment.storm {
            Some(_) => self.wet.pick(rng),
            None => self.dry[usize::from(moment.weekend) * 24 + moment.hour].pick(rng),
        }
    }

    /// How often a report of a category with an optional location has one.
    pub(super) fn placed(&self, category: usize) -> f64 {
        self.placed[category]
    }
}

impl Hours {
    fn factor(self, weekend: bool, hour: usize) -> f64 {
        match (self, hour) {
            (Self::Peak, 7..=9 | 17..=19) if !weekend => 2.0,
            (Self::Office, 8..=16) if !weekend => 1.6,
            (Self::Dark, 18..=23 | 0..=4) => 2.2,
            (Self::Leisure, 19..=23 | 0) => 2.8,
            (Self::Leisure, 12..=18) if weekend => 1.8,
            (Self::Any, _) => 1.0,
            (Self::Peak | Self::Office | Self::Dark | Self::Leisure, _) => 0.6,
        }
    }
}
