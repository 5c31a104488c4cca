//! A row to a city feature: values, shape and wards.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use geo::{CoordsIter, Geometry};

use super::Judge;
use super::times::{Reading, TimeReader};
use crate::import::findings::Counts;
use crate::import::numbers::numeral;
use crate::import::place::{cap, circle, is_swapped, tidy, to_point};
use crate::import::profile::Profile;
use crate::import::raw::{Raw, written};
use diaban_core::area::{Generation, lent_shape};
use diaban_core::domain::feature::{Membership, NewFeature};
use diaban_core::domain::field::Value;
use diaban_core::domain::{Collection, Property, PropertyKind, Shape, Violation};
use diaban_core::format::geometry;

/// A shape that is in no ward may lie so many metres outside.
const NEAR_M: f64 = 500.0;

/// Areas that were made valid are told one by one up to this many.
const TOLD: usize = 8;

/// What becomes of features outside the city.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// They are refused.
    #[default]
    Reject,
    /// They come in, without a ward.
    Keep,
}

/// A property whose value is left out, and why.
type Unfit<'a> = (&'a str, String);

/// Columns that together only our own exports have.
const OURS: [&str; 4] = ["source", "source_id", "revision", "updated_at"];
/// Areas that were made valid.
#[derive(Debug, Default)]
struct Mended {
    count: u64,
    /// Square metres before and after.
    m2: (f64, f64),
    /// Some of them.
    some: Vec<String>,
}

/// What all rows of a collection are judged by.
pub(in crate::import) struct FeatureJudge<'a> {
    collection: &'a Collection,
    /// Whether shapes that the collection does not hold become points.
    to_points: bool,
    make_valid: bool,
    /// Points that were made, by their rule.
    rules: BTreeMap<&'static str, u64>,
    mended: Mended,
    times: TimeReader,
    areas: &'a Generation,
    outside: Outside,
    ids_are_hashes: bool,
    /// Source id to the row that had it first.
    seen: HashMap<String, u64>,
}

impl Judge for FeatureJudge<'_> {
    type Taken = NewFeature;

    fn judge(
        &mut self,
        raw: Raw,
        source_id: &str,
        values: BTreeMap<String, Value>,
        counts: &mut Counts,
    ) -> Result<NewFeature, Vec<String>> {
        match self.seen.entry(source_id.to_owned()) {
            Entry::Vacant(free) => _ = free.insert(raw.row),
            Entry::Occupied(first) => {
                let what = if self.ids_are_hashes { "is the same as" } else { "has the same source id as" };
                return Err(vec![format!("{what} row {}", first.get())]);
            }
        }
        let row = raw.row;
        let (values, unfit) = self.values(values)?;
        let (geometry, wards, membership) = self.place(raw, counts).map_err(|reason| vec![reason])?;
        for (name, fault) in unfit {
            counts.leave_out(row, name, &fault);
        }
        let source_id = source_id.to_owned();
        Ok(NewFeature { source_id, geometry: Some(geometry), values, wards, membership })
    }

    fn told(&self) -> Vec<String> {
        let points = self.rules.iter().map(|(rule, n)| format!("{n} {rule}"));
        points.chain(self.mended.told()).collect()
    }
}

impl Mended {
    fn see(&mut self, row: u64, before: f64, after: f64) {
        self.count += 1;
        self.m2 = (self.m2.0 + before, self.m2.1 + after);
        if self.some.len() < TOLD {
            self.some.push(format!("  row {row}: its rings {before:.0} m², valid {after:.0} m²"));
        }
    }

    fn told(&self) -> Vec<String> {
        if self.count == 0 {
            return Vec::new();
        }
        let (before, after) = self.m2;
        let mut lines = vec![format!(
            "{} areas made valid: {before:.0} m² by their rings before, {after:.0} m² after ({:+.0} m²)",
            self.count,
            after - before
        )];
        lines.extend(self.some.iter().cloned());
        lines
    }
}

impl<'a> FeatureJudge<'a> {
    pub(in crate::import) fn new(
        collection: &'a Collection,
        profile: &Profile,
        times: TimeReader,
        areas: &'a Generation,
        outside: Outside,
        ids_are_hashes: bool,
    ) -> Self {
        let to_points = profile.shape.is_some();
        let make_valid = profile.make_valid;
        let (rules, mended, seen) = (BTreeMap::new(), Mended::default(), HashMap::new());
        Self { collection, to_points, make_valid, rules, mended, times, areas, outside, ids_are_hashes, seen }
    }

    /// The values of a row, and those that do not fit: they are left out unless the feature is none without
    /// them, or would be shown at another time.
    fn values(&self, mut raw: BTreeMap<String, Value>) -> Result<(Vec<Value>, Vec<Unfit<'a>>), Vec<String>> {
        let collection = self.collection;
        let (mut faults, mut unfit, mut times) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (i, property) in collection.properties.iter().enumerate() {
            let Some(value) = raw.get_mut(&property.name) else { continue };
            let bounds = collection.validity.is_some_and(|v| i == v.from || i == v.to);
            let fault = self.prepare(property, value).and_then(|time| {
                times.extend(time.map(|t| (i, t)));
                property.read(value)
            });
            match fault {
                Ok(_) => {}
                Err(fault) if property.required || bounds => {
                    faults.push(format!("{} {fault}", property.name));
                }
                Err(fault) => {
                    unfit.push((property.name.as_str(), format!("{} {fault}", property.name)));
                    *value = Value::Null;
                }
            }
        }
        if let Some(v) = collection.validity
            && let (Some(from), Some(to)) = (times.get(&v.from), times.get(&v.to))
        {
            let mut end = to.from(from.first());
            if end <= from.first() {
                end = to.last();
            }
            raw.insert(collection.properties[v.to].name.clone(), Value::Text(end.to_string()));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let values = collection.read(&raw);
        let faults = |all: Vec<Violation>| all.iter().map(ToString::to_string).collect::<Vec<_>>();
        Ok((values.map_err(faults)?, unfit))
    }

    /// Makes of a value what the collection reads: a time with its zone, a number with a decimal point.
    fn prepare(&self, property: &Property, value: &mut Value) -> Result<Option<Reading>, String> {
        let Some(text) = written(value) else { return Ok(None) };
        match property.kind {
            PropertyKind::Instant => {
                let read = self.times.read(&text).ok_or_else(|| {
                    let shown: String = text.chars().take(40).collect();
                    format!("is “{shown}”, no time that is read{}", TimeReader::advice(&text))
                })?;
                *value = Value::Text(read.first().to_string());
                return Ok(Some(read));
            }
            PropertyKind::Integer(..) | PropertyKind::Number if matches!(value, Value::Text(_)) => {
                *value = Value::Text(numeral(&text, property.kind != PropertyKind::Number)?);
            }
            _ => {}
        }
        Ok(None)
    }

    /// The shape and the wards of a row. New boundaries are applied to what is stored by the same rules
    /// (`action::reassign_features`).
    fn place(
        &mut self,
        raw: Raw,
        counts: &mut Counts,
    ) -> Result<(Geometry<f64>, Vec<String>, Membership), String> {
        let areal = self.collection.shapes.contains(&Shape::Area);
        let ours = OURS.iter().all(|name| raw.properties.contains_key(*name));
        let named = if self.collection.named_wards { raw.text("wards") } else { None };
        let named = named.map(|text| self.named(&text)).transpose();
        // Our exports name the wards that a feature meets, which after new boundaries are others.
        let named = if ours && named.is_err() && raw.geometry.as_ref().is_ok_and(Option::is_some) {
            None
        } else {
            named?
        };
        let special = |name: &str| if areal { raw.text(name) } else { None };
        let (row, radius) = (raw.row, special("radius_m"));
        let round = special("circle");
        let geometry = match (raw.geometry?, round, &named) {
            (Some(Geometry::Point(p)), ..) if radius.is_some() => {
                let metres =
                    radius.and_then(|r| r.parse().ok()).ok_or("radius_m must be a number of metres")?;
                counts.circles += 1;
                circle(p, metres)?.into()
            }
            (Some(geometry), ..) => geometry,
            (None, Some(text), _) => {
                counts.circles += 1;
                cap(&text)?.into()
            }
            (None, None, Some(units)) => {
                counts.of_wards += 1;
                let shape = lent_shape(units.iter().map(|u| &self.areas.units()[*u]));
                return Ok((shape, self.areas.ward_names(units.iter().copied()), Membership::Lent));
            }
            (None, None, None) => return Err("has no place".to_owned()),
        };
        if let Some(reason) = geometry.coords_iter().next().and_then(|c| is_swapped(c, self.areas)) {
            return Err(reason);
        }
        // A shape that was lent is as the wards have it, and comes back so.
        if let Some(units) = named.as_ref().filter(|units| ours && self.is_lent(&geometry, units)) {
            let shape = lent_shape(units.iter().map(|u| &self.areas.units()[*u]));
            return Ok((shape, self.areas.ward_names(units.iter().copied()), Membership::Lent));
        }
        let geometry = self.in_shape(geometry)?;
        let tidied = tidy(geometry, self.make_valid)?;
        counts.repeated += tidied.repeated as u64;
        counts.with_repeated += u64::from(tidied.repeated > 0);
        counts.rounded += u64::from(tidied.rounded);
        if let Some((before, after)) = tidied.made_valid {
            self.mended.see(row, before, after);
        }
        let geometry = tidied.shape;
        let met = || self.areas.wards_meeting(&geometry);
        let (wards, membership) = match named {
            Some(units) if ours && units == met() => (units, Membership::Met),
            Some(units) => (units, Membership::Named),
            None => (self.areas.wards_meeting(&geometry), Membership::Met),
        };
        if wards.is_empty() {
            let far = self.areas.outside_m(&geometry).filter(|(metres, _)| *metres > NEAR_M);
            if let Some((metres, nearest)) = far.filter(|_| self.outside == Outside::Reject) {
                let name = &self.areas.units()[nearest].name;
                return Err(format!("outside the city by {} km (nearest: {name})", kilometres(metres)));
            }
            counts.outside += 1;
        }
        Ok((geometry, self.areas.ward_names(wards), membership))
    }

    /// Whether a shape is that of these wards together.
    fn is_lent(&self, shape: &Geometry<f64>, units: &[usize]) -> bool {
        let lent = lent_shape(units.iter().map(|u| &self.areas.units()[*u]));
        // As both are written: rounded and wound alike.
        geometry::to_wkt(shape) == geometry::to_wkt(&lent)
    }

    /// A shape that the collection holds.
    fn in_shape(&mut self, geometry: Geometry<f64>) -> Result<Geometry<f64>, String> {
        let Err(reason) = self.collection.check_shape(&geometry) else { return Ok(geometry) };
        if !self.collection.shapes.contains(&Shape::Point) {
            return Err(reason);
        }
        match to_point(&geometry) {
            Some((point, rule)) if self.to_points => {
                *self.rules.entry(rule).or_default() += 1;
                Ok(point.into())
            }
            Some(_) => Err(format!("{reason} (--shape point makes points of areas and lines)")),
            None => Err(reason),
        }
    }

    /// The units that a list of codes names, ascending.
    fn named(&self, text: &str) -> Result<Vec<usize>, String> {
        let generation = self.areas.id();
        let mut units = Vec::new();
        for code in text.split([',', ';', ' ']).filter(|c| !c.is_empty()) {
            let bare = code.strip_prefix(&**generation).and_then(|c| c.strip_prefix('.')).unwrap_or(code);
            let unit = self.areas.index_of(bare).ok_or_else(|| {
                let shown: String = code.chars().take(40).collect();
                format!("wards names “{shown}”, which is no ward of generation {generation}")
            })?;
            units.push(unit);
        }
        if units.is_empty() {
            return Err("wards names no ward".to_owned());
        }
        units.sort_unstable();
        units.dedup();
        Ok(units)
    }
}

fn kilometres(metres: f64) -> String {
    if metres < 10_000.0 { format!("{:.1}", metres / 1000.0) } else { format!("{:.0}", metres / 1000.0) }
}
