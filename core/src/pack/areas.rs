//! Reads `data/areas/`: unit facts, successors, and the boundary files as bytes.
//! Not here: geometry. Boundaries are parsed and checked where they are imported (area).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use unicode_normalization::UnicodeNormalization;

use super::PackError;
use super::source::Source;
use crate::domain::{Successor, UnitFacts, UnitScheme, WardId};
use crate::format::successors::Written;
use crate::geo::LonLat;

const FOLDER: &str = "data/areas/";
pub(super) const UNITS: &str = "data/areas/units.csv";
const SUCCESSORS: &str = "data/areas/successors.csv";
const BOUNDARIES: &str = "/boundaries.geojson";

/// Which wards have the ground of which former ones, over any number of generations.
#[derive(Clone, Debug, Default)]
pub struct Successors(Vec<Successor>);

impl Successors {
    /// Of any order.
    pub fn new(all: Vec<Successor>) -> Self {
        Self(all)
    }

    /// All of them.
    pub fn all(&self) -> &[Successor] {
        &self.0
    }

    /// The successors of one former unit, the main one first.
    pub fn of<'a>(&'a self, from: &'a WardId) -> impl Iterator<Item = &'a Successor> {
        let first = self.0.iter().filter(move |s| s.from == *from && s.main);
        first.chain(self.0.iter().filter(move |s| s.from == *from && !s.main))
    }

    /// The wards that stand for one now: itself while it is in force, else its successors or theirs.
    /// A ward that nobody took over stands for itself.
    pub fn standing_for(&self, ward: &WardId, in_force: impl Copy + Fn(&WardId) -> bool) -> Vec<WardId> {
        if in_force(ward) {
            return vec![ward.clone()];
        }
        // Only forward in time, so that this ends whatever the table says; ids are dates.
        let later = self.of(ward).filter(|s| s.to.generation > ward.generation);
        let mut found: Vec<WardId> = Vec::new();
        for ward in later.flat_map(|s| self.standing_for(&s.to, in_force)) {
            if !found.contains(&ward) {
                found.push(ward);
            }
        }
        if found.is_empty() { vec![ward.clone()] } else { found }
    }

    /// The wards of an earlier generation whose ground a ward has, directly or over generations between.
    pub fn predecessors(&self, ward: &WardId, generation: &str) -> Vec<WardId> {
        let mut found: Vec<WardId> = Vec::new();
        let earlier = self.0.iter().filter(|s| s.to == *ward && s.from.generation < ward.generation);
        for s in earlier {
            let all = if *s.from.generation == *generation {
                vec![s.from.clone()]
            } else {
                self.predecessors(&s.from, generation)
            };
            for ward in all {
                if !found.contains(&ward) {
                    found.push(ward);
                }
            }
        }
        found
    }
}

/// The generations of units. Codes are reused between them with other shapes.
#[derive(Clone, Debug)]
pub struct Areas {
    units: Vec<UnitFacts>,
    by_id: HashMap<WardId, usize>,
    successors: Successors,
    files: BTreeMap<String, Cow<'static, [u8]>>,
    sea: Option<Cow<'static, [u8]>>,
}

impl Areas {
    /// The facts of all units of all generations, by generation and code.
    pub fn units(&self) -> &[UnitFacts] {
        &self.units
    }

    /// The facts of one unit.
    pub fn unit(&self, id: &WardId) -> Option<&UnitFacts> {
        self.by_id.get(id).map(|&i| &self.units[i])
    }

    /// All successors, by former unit.
    pub fn successors(&self) -> &[Successor] {
        &self.successors.0
    }

    /// The generations that have a boundary file, oldest first.
    pub fn generations(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The boundaries of a generation as they stand in the file (GeoJSON).
    pub fn area_file(&self, generation: &str) -> Option<&[u8]> {
        self.files.get(generation).map(|b| &**b)
    }

    /// The coarse seaward polygon as it stands in the file (GeoJSON); none for a city without a sea.
    pub fn sea(&self) -> Option<&[u8]> {
        self.sea.as_deref()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitWire {
    generation: String,
    code: String,
    name: String,
    kind: String,
    district: Option<String>,
    province_former: String,
    lon: f64,
    lat: f64,
    area_km2: Option<f64>,
}

pub(super) fn read(source: Source<'_>, scheme: &UnitScheme, sea: Option<&str>) -> Result<Areas, PackError> {
    let mut files = BTreeMap::new();
    for path in source.list(FOLDER)? {
        let generation = &path[FOLDER.len()..];
        if generation.parse::<jiff::civil::Date>().is_ok() {
            files.insert(generation.to_owned(), source.bytes(&format!("{path}{BOUNDARIES}"))?);
        }
    }
    let units = rows(source, UNITS)?.into_iter().map(|u| unit(u, scheme)).collect::<Result<Vec<_>, _>>()?;
    let mut by_id = HashMap::new();
    for (i, unit) in units.iter().enumerate() {
        let wrong = |reason: &str| Err(PackError::value(UNITS, format!("unit `{}`", unit.id), reason));
        if !files.contains_key(&*unit.id.generation) {
            return wrong("its generation has no boundaries");
        }
        if by_id.insert(unit.id.clone(), i).is_some() {
            return wrong("stands there twice");
        }
    }
    let successors: Vec<Successor> = rows(source, SUCCESSORS)?.into_iter().map(|Written(s)| s).collect();
    check_successors(&successors, &by_id)?;
    let sea = sea.map(|file| source.bytes(&format!("{FOLDER}{file}"))).transpose()?;
    Ok(Areas { units, by_id, successors: Successors::new(successors), files, sea })
}

fn rows<T: DeserializeOwned>(source: Source<'_>, file: &str) -> Result<Vec<T>, PackError> {
    let bytes = source.bytes(file)?;
    csv::Reader::from_reader(&*bytes)
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|source| PackError::Csv { file: file.into(), source })
}

fn unit(wire: UnitWire, scheme: &UnitScheme) -> Result<UnitFacts, PackError> {
    let id = WardId::new(&wire.generation, &wire.code);
    let wrong = |key: &str, reason: String| PackError::value(UNITS, format!("unit `{id}`, {key}"), reason);
    if !scheme.code().fits(&wire.code) {
        return Err(wrong("code", format!("must have the form {}", scheme.code())));
    }
    let kind = scheme.kind(&wire.kind).cloned();
    let kind = kind
        .ok_or_else(|| wrong("kind", format!("`{}` is unknown; known are {}", wire.kind, scheme.known())))?;
    let centre = LonLat::new(wire.lon, wire.lat).map_err(|e| wrong("lon, lat", e.to_string()))?;
    Ok(UnitFacts {
        name: wire.name.nfc().collect(),
        kind,
        district: wire.district.map(|d| d.nfc().collect()),
        province_former: wire.province_former.nfc().collect(),
        centre,
        area_km2: wire.area_km2,
        id,
    })
}

/// Both ends exist, and each former unit has one main successor, or went whole to just one.
fn check_successors(successors: &[Successor], units: &HashMap<WardId, usize>) -> Result<(), PackError> {
    let (mut all, mut mains, mut pairs) = (HashMap::new(), HashSet::new(), HashSet::new());
    let wrong = |s: &Successor, reason: &str| {
        Err(PackError::value(SUCCESSORS, format!("`{}` to `{}`", s.from, s.to), reason))
    };
    for s in successors {
        if !units.contains_key(&s.from) || !units.contains_key(&s.to) {
            return wrong(s, "one of them is no unit of units.csv");
        }
        if !pairs.insert((&s.from, &s.to)) {
            return wrong(s, "stands there twice");
        }
        if s.main && !mains.insert(&s.from) {
            return wrong(s, "the former unit has two main successors");
        }
        *all.entry(&s.from).or_insert(0) += 1;
    }
    for s in successors {
        if !mains.contains(&s.from) {
            return wrong(s, "the former unit has no main successor");
        }
        if !s.part && all[&s.from] > 1 {
            return wrong(s, "a unit that went whole has one successor only");
        }
    }
    Ok(())
}
