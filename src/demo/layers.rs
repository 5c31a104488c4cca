//! Generates city features: facilities in each ward, slow and closed roads, alerts over wards and
//! circles. Names and places are invented.

use std::collections::BTreeMap;
use std::sync::Arc;

use geo::{Geometry, LineString, Point};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::places::Places;
use super::table::Table;
use super::texts;
use crate::action::City;
use crate::import;
use crate::store::FeatureWrite;
use diaban_core::area::Generation;
use diaban_core::domain::feature::{Membership, NewFeature};
use diaban_core::domain::field::Value;
use diaban_core::domain::{Collection, Instant};
use diaban_core::geo::{LonLat, Plane};

/// The source id of all demo features.
const SOURCE: &str = "demo";
const MINUTE_MS: i64 = 60_000;
/// Number of roads with an event, and of single places with one.
const ROADS: usize = 260;
const SPOTS: usize = 140;
/// Number of points of a road's line, and their distance in metres.
const STEPS: std::ops::Range<usize> = 8..40;
const STEP_M: f64 = 55.0;

/// Facilities in each ward: kind, number, rank, Vietnamese and English name, opening hours.
const EACH_WARD: &[(&str, usize, i64, &str, &str, &str)] = &[
    ("public_office", 1, 2, "Ủy ban nhân dân", "People's Committee of", "Mo-Fr 07:30-11:30,13:00-17:00"),
    ("police", 1, 3, "Công an", "Police of", "24/7"),
    ("health_station", 1, 3, "Trạm y tế", "Health station of", "Mo-Sa 07:00-17:00"),
    ("school", 4, 4, "Trường Tiểu học", "Primary school,", "Mo-Fr 06:45-17:00"),
    ("market", 2, 4, "Chợ", "Market,", "Mo-Su 05:00-19:00"),
    ("park", 1, 4, "Công viên", "Park,", "Mo-Su 05:00-22:00"),
    ("pharmacy", 3, 5, "Nhà thuốc", "Pharmacy,", "Mo-Su 07:00-22:00"),
    ("bank", 2, 5, "Ngân hàng", "Bank,", "Mo-Fr 08:00-16:30; Sa 08:00-12:00"),
    ("fuel", 2, 5, "Cửa hàng xăng dầu", "Fuel,", "Mo-Su 05:00-23:00"),
    ("toilet", 2, 5, "Nhà vệ sinh công cộng", "Public toilet,", "Mo-Su 06:00-22:00"),
    ("parking", 2, 5, "Bãi giữ xe", "Parking,", "24/7"),
    ("camera", 3, 5, "Camera", "Traffic camera,", ""),
    ("bus_stop", 12, 5, "Trạm xe buýt", "Bus stop,", ""),
];
/// Facilities in some wards: one in this many wards.
const SOME_WARDS: &[(&str, usize, i64, &str, &str, &str)] = &[
    ("hospital", 3, 1, "Bệnh viện", "Hospital,", "24/7"),
    ("fire", 4, 2, "Đội Cảnh sát PCCC", "Fire station,", "24/7"),
    ("metro", 9, 1, "Ga metro", "Metro station,", "Mo-Su 05:00-22:00"),
];

/// All features of the demo. The same city, seed and instant give the same features.
pub fn features(city: &City, seed: u64, now: Instant) -> Vec<FeatureWrite> {
    let areas = city.areas();
    let maker = Maker { city, generation: areas.active(), now };
    let mut rng = Pcg64::seed_from_u64(seed ^ 0x6c61_7965_7273);
    let mut places = Places::new(areas.active(), seed);
    let mut made = Vec::new();
    let mut add = |id: &str, upserts: Vec<NewFeature>| {
        if let Some(collection) = city.pack.collection(id) {
            let (source, gone) = (SOURCE.to_owned(), Vec::new());
            made.push(FeatureWrite {
                collection: collection.clone(),
                source,
                upserts,
                gone,
                edition: areas.codebook.edition,
            });
        }
    };
    add("facilities", maker.facilities(&mut places, &mut rng));
    add("traffic", maker.traffic(&mut places, &mut rng));
    add("alerts", maker.alerts(&places, &mut rng));
    made
}

struct Maker<'a> {
    city: &'a City,
    generation: &'a Arc<Generation>,
    now: Instant,
}

impl Maker<'_> {
    /// A feature of the ward that it names and whose shape it uses, otherwise of the wards it
    /// meets. `None` if the pack declares the collection differently than the demo expects.
    fn feature(
        &self,
        collection: &str,
        id: String,
        geometry: Geometry<f64>,
        named: Option<usize>,
        properties: &[(&str, String)],
    ) -> Option<NewFeature> {
        let collection: &Collection = self.city.pack.collection(collection)?;
        let raw: BTreeMap<String, Value> =
            properties.iter().map(|(k, v)| ((*k).to_owned(), Value::Text(v.clone()))).collect();
        let values = collection.read(&raw).ok()?;
        let (units, membership) = match named {
            Some(unit) => (vec![unit], Membership::Lent),
            None => (self.generation.wards_meeting(&geometry), Membership::Met),
        };
        let wards = self.generation.ward_names(units);
        Some(NewFeature { source_id: id, geometry: Some(geometry), values, wards, membership })
    }

    fn facilities(&self, places: &mut Places, rng: &mut Pcg64) -> Vec<NewFeature> {
        let mut out = Vec::new();
        for (unit, ward) in self.generation.units().iter().enumerate() {
            let some = SOME_WARDS.iter().filter(|(_, in_so_many, ..)| unit % in_so_many == 0);
            let all = EACH_WARD.iter().flat_map(|f| std::iter::repeat_n(f, f.1)).chain(some);
            for (n, (kind, _, rank, vi, en, hours)) in all.enumerate() {
                let at = if *kind == "public_office" {
                    ward.label
                } else {
                    places.in_ward(self.generation, unit, rng)
                };
                let name = &ward.name;
                let street = texts::street(rng);
                let (name_vi, name_en) = match *kind {
                    "public_office" | "police" | "health_station" => (
                        format!("{vi} {}", lower_kind(ward.kind.prefix.as_deref(), name)),
                        format!("{en} {name}"),
                    ),
                    _ => (format!("{vi} {street}"), format!("{en} {street}")),
                };
                let properties = [
                    ("kind", (*kind).to_owned()),
                    ("name_vi", name_vi),
                    ("name_en", name_en),
                    ("address", format!("{} {street}, {name}", rng.random_range(1..400))),
                    ("opening_hours", (*hours).to_owned()),
                    ("rank", rank.to_string()),
                ];
                let id = format!("{}-{n}", ward.code);
                let point = Point::new(at.lon(), at.lat());
                out.extend(self.feature("facilities", id, point.into(), None, &properties));
            }
        }
        out
    }

    fn traffic(&self, places: &mut Places, rng: &mut Pcg64) -> Vec<NewFeature> {
        const LINES: [(&str, f64); 5] =
            [("congestion", 0.5), ("roadworks", 0.2), ("flood", 0.14), ("closure", 0.1), ("event", 0.06)];
        const POINTS: [(&str, f64); 3] = [("crash", 0.5), ("hazard", 0.4), ("flood", 0.1)];
        let lines = Table::new(LINES.iter().map(|(_, share)| *share));
        let points = Table::new(POINTS.iter().map(|(_, share)| *share));
        let severities = Table::new([0.3, 0.4, 0.2, 0.1]);
        let mut out = Vec::new();
        for n in 0..ROADS + SPOTS {
            let start = places.draw(self.generation, None, rng).0;
            let (kind, geometry) = if n < ROADS {
                let way = self.way(start, rng);
                let line: LineString<f64> = way.iter().map(|p| (p.lon(), p.lat())).collect();
                (LINES[lines.pick(rng)].0, Geometry::from(line))
            } else {
                (POINTS[points.pick(rng)].0, Point::new(start.lon(), start.lat()).into())
            };
            let street = texts::street(rng);
            let (what_vi, what_en) = wording(kind);
            let (from, to) = self.window(kind, rng);
            let properties = [
                ("kind", kind.to_owned()),
                ("severity", ["low", "moderate", "high", "severe"][severities.pick(rng)].to_owned()),
                ("direction", ["both", "forward", "backward"][rng.random_range(0..3)].to_owned()),
                ("name_vi", format!("{what_vi} đường {}", street.trim_start_matches("đường "))),
                ("name_en", format!("{what_en} {street}")),
                ("valid_from", from.to_string()),
                ("valid_to", to.to_string()),
            ];
            out.extend(self.feature("traffic", n.to_string(), geometry, None, &properties));
        }
        out
    }

    /// A slightly bending road, clipped to the city.
    fn way(&self, start: LonLat, rng: &mut Pcg64) -> Vec<LonLat> {
        let mut angle: f64 = rng.random_range(0.0..std::f64::consts::TAU);
        let mut way = vec![start];
        for _ in 0..rng.random_range(STEPS) {
            angle += rng.random_range(-0.25..0.25);
            let plane = Plane::at(way[way.len() - 1]);
            let next = plane.position(STEP_M * angle.cos(), STEP_M * angle.sin());
            match next.filter(|p| self.generation.owner(*p).is_some()) {
                Some(next) => way.push(next),
                None => break,
            }
        }
        if way.len() == 1 {
            way.push(Plane::at(start).position(STEP_M, 0.0).unwrap_or(start));
        }
        way
    }

    /// Most are active now, some begin soon, some have just ended.
    fn window(&self, kind: &str, rng: &mut Pcg64) -> (Instant, Instant) {
        let (longest_ago, longest) = match kind {
            "roadworks" | "closure" => (20_000, 40_000),
            "event" => (300, 2_000),
            _ => (90, 240),
        };
        let from = rng.random_range(-longest_ago..longest_ago / 5);
        let to = from + rng.random_range(longest / 4..longest);
        let at = |minutes: i64| Instant::from_ms(self.now.ms() + minutes * MINUTE_MS);
        (at(from), at(to))
    }

    /// Alerts: one over a circle and one over wards now, one that begins soon, one that has ended.
    fn alerts(&self, places: &Places, rng: &mut Pcg64) -> Vec<NewFeature> {
        let busiest = places.busiest();
        let centre = self.generation.units()[busiest].label;
        let centre = Point::new(centre.lon(), centre.lat());
        let circle = |metres: f64| import::circle(centre, metres).ok().map(Geometry::from);
        let ward = |unit: usize| Some(Geometry::from(self.generation.units()[unit].shape.clone()));
        let low = self.generation.units().len() - 1 - rng.random_range(0..10);
        let at = |minutes: i64| Instant::from_ms(self.now.ms() + minutes * MINUTE_MS).to_string();
        let one =
            |id: &str, shape, named, severity: &str, urgency: &str, texts: [&str; 5], from: i64, to: i64| {
                let properties = [
                    ("event", texts[0].to_owned()),
                    ("severity", severity.to_owned()),
                    ("urgency", urgency.to_owned()),
                    ("certainty", "likely".to_owned()),
                    ("headline_vi", texts[1].to_owned()),
                    ("headline_en", texts[2].to_owned()),
                    ("text_vi", texts[3].to_owned()),
                    ("text_en", texts[4].to_owned()),
                    ("sender", "demo".to_owned()),
                    ("onset", at(from)),
                    ("expires", at(to)),
                ];
                self.feature("alerts", id.to_owned(), shape?, named, &properties)
            };
        let flood = [
            "Ngập nước",
            "Triều cường: ngập sâu 30 đến 50 cm",
            "High tide: water 30 to 50 cm deep",
            "Tránh các tuyến đường thấp, không đi vào hầm để xe.",
            "Avoid low streets, stay out of underground car parks.",
        ];
        let rain = [
            "Mưa dông",
            "Mưa dông mạnh trong ba giờ tới",
            "Heavy thunderstorms within three hours",
            "Đề phòng gió giật, cây đổ và ngập cục bộ.",
            "Beware of gusts, falling trees and local flooding.",
        ];
        let soon = [
            "Cúp nước",
            "Ngừng cấp nước để sửa ống chính",
            "Water cut for repairs of a main",
            "Trữ nước trước 30 phút.",
            "Store water half an hour before.",
        ];
        let over = [
            "Cháy, nổ",
            "Đám cháy đã được dập tắt",
            "The fire has been put out",
            "Khu vực đã an toàn.",
            "The area is safe.",
        ];
        [
            one("flood", circle(1_800.0), None, "severe", "immediate", flood, -60, 240),
            one("rain", ward(low), Some(low), "moderate", "expected", rain, -30, 180),
            one("water", ward(busiest), Some(busiest), "minor", "future", soon, 20, 140),
            one("fire", circle(300.0), None, "extreme", "past", over, -600, -120),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// `Phường Sài Gòn` inside a longer name: `phường Sài Gòn`.
fn lower_kind(prefix: Option<&str>, name: &str) -> String {
    let lower = prefix.and_then(|p| Some(p.to_lowercase() + name.strip_prefix(p)?));
    lower.unwrap_or_else(|| name.to_owned())
}

fn wording(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "congestion" => ("Ùn tắc", "Congestion on"),
        "roadworks" => ("Thi công", "Road works on"),
        "flood" => ("Ngập nước", "Water on"),
        "closure" => ("Cấm", "Closed:"),
        "event" => ("Sự kiện trên", "Event on"),
        "crash" => ("Tai nạn trên", "Crash on"),
        _ => ("Chướng ngại trên", "Hazard on"),
    }
}
