//! One row to a feature, or to the reason why it is none. What is changed on the way is counted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use geo::{CoordsIter, Geometry, Point};

use super::clean::Letters;
use super::identity::Identity;
use super::mapping::Mapping;
use super::raw::Raw;
use super::{circle, recognise, shape};
use diaban_core::area::{Generation, lent_shape};
use diaban_core::domain::feature::{Membership, NewFeature};
use diaban_core::domain::{Collection, Shape};

/// A shape that is in no ward may lie so many metres outside.
const NEAR_M: f64 = 500.0;
/// Columns with a meaning of their own where the collection has areas.
pub(super) const AREA_COLUMNS: [&str; 3] = ["wards", "circle", "radius_m"];

/// What becomes of features outside the city.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// They are refused.
    #[default]
    Reject,
    /// They come in, without a ward.
    Keep,
}

/// A row that did not come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its number in the file.
    pub row: u64,
    /// What the source calls it, if that could be read.
    pub source_id: Option<String>,
    /// Why, naming the property.
    pub reason: String,
}

/// What was found and changed on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows with decomposed Unicode, which was composed.
    pub decomposed: u64,
    /// Rows with no-break spaces, which became spaces.
    pub no_break: u64,
    /// Rows with Ð (U+00D0) for Đ (U+0110), which were kept so.
    pub eth: u64,
    /// Repeated vertices that were dropped.
    pub repeated: u64,
    /// Features that had such.
    pub with_repeated: u64,
    /// Circles that became areas.
    pub circles: u64,
    /// Features that took the shape of the wards they name.
    pub of_wards: u64,
    /// Features in no ward that came in: just outside, or kept on request.
    pub outside: u64,
    /// Reports whose state has no time, which was set at the time they were received.
    pub untimed: u64,
}

impl Counts {
    /// Counts what was found in the letters of a row.
    pub(super) fn see(&mut self, letters: Letters) {
        self.decomposed += u64::from(letters.decomposed);
        self.no_break += u64::from(letters.no_break);
        self.eth += u64::from(letters.eth);
    }
}

/// What a row became.
pub(super) enum Judged {
    Taken(NewFeature),
    Rejected(Rejected),
    LeftOut,
}

/// What all rows of an import are judged by.
pub(super) struct Judge<'a> {
    pub collection: &'a Collection,
    pub areas: &'a Generation,
    pub mapping: &'a Mapping,
    pub identity: &'a Identity,
    pub swap_axes: bool,
    pub outside: Outside,
    /// Source id to the row that had it first.
    pub seen: HashMap<String, u64>,
    pub counts: Counts,
}

impl Judge<'_> {
    pub(super) fn judge(&mut self, raw: Raw) -> Judged {
        if !self.mapping.wants(&raw) {
            return Judged::LeftOut;
        }
        let mut letters = Letters::default();
        let row = raw.row;
        let judged = match self.identity.of(&raw, &mut letters) {
            Err(reason) => Err((None, reason)),
            Ok(id) => self.feature(raw, id.clone(), &mut letters).map_err(|reason| (Some(id), reason)),
        };
        self.counts.see(letters);
        match judged {
            Ok(feature) => Judged::Taken(feature),
            Err((source_id, reason)) => Judged::Rejected(Rejected { row, source_id, reason }),
        }
    }

    fn feature(&mut self, raw: Raw, source_id: String, letters: &mut Letters) -> Result<NewFeature, String> {
        match self.seen.entry(source_id.clone()) {
            Entry::Vacant(free) => _ = free.insert(raw.row),
            Entry::Occupied(first) => {
                return Err(match self.identity {
                    Identity::Content => format!("is the same as row {}", first.get()),
                    _ => format!("has the same source id as row {}", first.get()),
                });
            }
        }
        let values = self
            .collection
            .read(&self.mapping.apply(&raw, letters))
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
        let (geometry, wards, membership) = self.place(raw)?;
        Ok(NewFeature { source_id, geometry: Some(geometry), values, wards, membership })
    }

    /// The shape and the wards of a row. New boundaries are applied to what is stored by the same rules
    /// (`action::reassign_features`).
    fn place(&mut self, raw: Raw) -> Result<(Geometry<f64>, Vec<String>, Membership), String> {
        let areal = self.collection.shapes.contains(&Shape::Area);
        let named = if self.collection.named_wards { raw.text("wards") } else { None };
        let named = named.map(|text| self.named(&text)).transpose()?;
        let special = |name: &str| if areal { raw.text(name) } else { None };
        let radius = special("radius_m");
        let round = special("circle");
        let geometry = match (raw.geometry?, round, &named) {
            (Some(Geometry::Point(p)), ..) if radius.is_some() => {
                let metres =
                    radius.and_then(|r| r.parse().ok()).ok_or("radius_m must be a number of metres")?;
                self.counts.circles += 1;
                circle::polygon(self.oriented(p), metres)?.into()
            }
            (Some(geometry), ..) if self.swap_axes => shape::swapped(&geometry),
            (Some(geometry), ..) => geometry,
            (None, Some(text), _) => {
                self.counts.circles += 1;
                circle::cap(&text)?.into()
            }
            (None, None, Some(units)) => {
                self.counts.of_wards += 1;
                let shape = lent_shape(units.iter().map(|u| &self.areas.units()[*u]));
                return Ok((shape, self.areas.ward_names(units.iter().copied()), Membership::Lent));
            }
            (None, None, None) => return Err("has no place".to_owned()),
        };
        if let Some(reason) = geometry.coords_iter().next().and_then(|c| recognise::swapped(c, self.areas)) {
            return Err(reason);
        }
        self.collection.check_shape(&geometry)?;
        let (geometry, dropped) = shape::tidy(geometry)?;
        self.counts.repeated += dropped as u64;
        self.counts.with_repeated += u64::from(dropped > 0);
        let (wards, membership) = match named {
            Some(units) => (units, Membership::Named),
            None => (self.areas.wards_meeting(&geometry), Membership::Met),
        };
        if wards.is_empty() {
            let far = self.areas.outside_m(&geometry).filter(|(metres, _)| *metres > NEAR_M);
            if let Some((metres, nearest)) = far.filter(|_| self.outside == Outside::Reject) {
                let name = &self.areas.units()[nearest].name;
                return Err(format!("outside the city by {} km (nearest: {name})", kilometres(metres)));
            }
            self.counts.outside += 1;
        }
        Ok((geometry, self.areas.ward_names(wards), membership))
    }

    fn oriented(&self, p: Point<f64>) -> Point<f64> {
        if self.swap_axes { Point::new(p.y(), p.x()) } else { p }
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
