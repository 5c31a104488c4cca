//! The real wards pass the checks of boundaries, and files made wrong from them do not: over the approximate
//! wards of the pack, over themselves, and as a made-up third generation.

mod broken;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use geo::{
    BooleanOps, BoundingRect, Coord, Distance, Euclidean, MapCoords, MultiPolygon, Rect, coord, unary_union,
};

use self::broken::{BROKEN, Spoil};
use crate::area::{Finding, Generation, Known, Severity, Unit, check, read_units};
use crate::domain::{Successor, UnitFacts, UnitKind, WardId};
use crate::pack::testing;
use crate::real_data;

const BEFORE: &str = "2025-01-01";
const NOW: &str = "2025-07-01";
const NEXT: &str = "2027-01-01";

/// A ward of a file in the making.
#[derive(Clone)]
struct Raw {
    code: String,
    kind: Arc<UnitKind>,
    name: String,
    shape: MultiPolygon<f64>,
    /// What was made of it, and looked at, before anything was done to it.
    made: Option<Arc<Unit>>,
}

impl Raw {
    /// What was made of it, if nothing was done to it since.
    fn unchanged(&self) -> Option<&Unit> {
        let same = |u: &Unit| *u.code == *self.code && u.name == self.name && u.shape == self.shape;
        self.made.as_deref().filter(|u| same(u))
    }

    fn unit(&self) -> Result<Unit, String> {
        if let Some(unit) = self.unchanged() {
            return Ok(unit.clone());
        }
        let made = Unit::new(&self.code, self.kind.clone(), &self.name, self.shape.clone());
        made.map_err(|e| format!("error: {}: {e}", self.code))
    }
}

/// A file in the making, with the table and the facts that come with it.
#[derive(Clone)]
struct Draft {
    generation: &'static str,
    wards: Vec<Raw>,
    facts: Vec<UnitFacts>,
    successors: Vec<Successor>,
    loaded: Vec<Arc<Generation>>,
    /// Of the wards as they were made.
    built: Option<Arc<Generation>>,
}

impl Draft {
    fn at(&mut self, code: &str) -> &mut Raw {
        self.wards.iter_mut().find(|w| w.code == code).unwrap()
    }

    fn every(&mut self, change: impl Fn(Coord<f64>) -> Coord<f64>) {
        for ward in &mut self.wards {
            ward.shape = ward.shape.map_coords(&change);
        }
    }

    fn build(&self) -> Result<Generation, String> {
        let units = self.wards.iter().map(Raw::unit).collect::<Result<Vec<_>, _>>()?;
        Generation::build(self.generation, false, units, None).map_err(|e| format!("error: {e}"))
    }

    fn check(&self, built: &Generation) -> Vec<Finding> {
        check(built, &Known { facts: &self.facts, successors: &self.successors, loaded: &self.loaded })
    }

    /// Makes it and looks at it once, so that of a copy only what is changed there is made and looked at anew.
    fn made(mut self) -> Self {
        let built = self.build().unwrap();
        self.check(&built);
        for ward in &mut self.wards {
            let unit = built.units()[built.index_of(&ward.code).unwrap()].clone();
            // Wound and written as a unit has it.
            (ward.name, ward.shape) = (unit.name.clone(), unit.shape.clone());
            ward.made = Some(Arc::new(unit));
        }
        Self { built: Some(Arc::new(built)), ..self }
    }

    /// All findings, or why there is no generation to check.
    fn findings(&self) -> Result<Vec<Finding>, String> {
        match &self.built {
            Some(built)
                if built.units().len() == self.wards.len()
                    && self.wards.iter().all(|w| w.unchanged().is_some()) =>
            {
                Ok(self.check(built))
            }
            _ => Ok(self.check(&self.build()?)),
        }
    }

    fn errors(&self) -> Vec<String> {
        match self.findings() {
            Err(why) => vec![why],
            Ok(found) => {
                found.iter().filter(|f| f.severity == Severity::Error).map(ToString::to_string).collect()
            }
        }
    }
}

/// The real wards over the approximate ones, over themselves, and the third generation over them.
struct Drafts {
    approximate: Draft,
    exact: Draft,
    third: Draft,
}

fn drafts(test: &str) -> Option<&'static Drafts> {
    static DRAFTS: OnceLock<Drafts> = OnceLock::new();
    let folder = real_data::folder(test)?;
    Some(DRAFTS.get_or_init(|| {
        let pack = testing::pack();
        let read = |bytes: &[u8]| read_units(bytes, &pack.city.units).unwrap();
        let shipped = |id: &str| {
            Arc::new(Generation::build(id, true, read(pack.areas.area_file(id).unwrap()), None).unwrap())
        };
        let real = read(&std::fs::read(folder.join("wards-2025-07.geojson.gz")).unwrap());
        let raw = |u: &Unit| Raw {
            code: u.code.to_string(),
            kind: u.kind.clone(),
            name: u.name.clone(),
            shape: u.shape.clone(),
            made: None,
        };
        let approximate = Draft {
            generation: NOW,
            wards: real.iter().map(raw).collect(),
            facts: pack.areas.units().to_vec(),
            successors: pack.areas.successors().to_vec(),
            loaded: vec![shipped(BEFORE), shipped(NOW)],
            built: None,
        };
        let approximate = approximate.made();
        let mut exact = approximate.clone();
        exact.loaded[1] = Arc::new(Generation::build(NOW, false, real, None).unwrap());
        let third = third(&exact).made();
        Drafts { approximate, exact, third }
    }))
}

/// Of 168 wards 20 are merged into 10 and 20 are cut in two; the rest stays.
fn third(now: &Draft) -> Draft {
    let mut next = Draft { generation: NEXT, wards: Vec::new(), built: None, ..now.clone() };
    let mut left = now.wards.clone();
    left.sort_by(|a, b| a.code.cmp(&b.code));
    let row = |from: &str, to: &str, part: bool, main: bool| Successor {
        from: WardId::new(NOW, from),
        to: WardId::new(NEXT, to),
        part,
        main,
    };
    while next.wards.len() < 10 {
        let mut one = left.remove(0);
        let touching = left.iter().position(|w| Euclidean.distance(&w.shape, &one.shape) < 1e-9);
        let other = left.remove(touching.unwrap());
        next.successors
            .extend([row(&one.code, &one.code, false, true), row(&other.code, &one.code, false, true)]);
        one.shape = unary_union([&one.shape, &other.shape]);
        next.wards.push(one);
    }
    for (i, ward) in left.into_iter().enumerate() {
        if i >= 20 {
            next.successors.push(row(&ward.code, &ward.code, false, true));
            next.wards.push(ward);
            continue;
        }
        let (west, east) = halves(&ward.shape);
        let code = format!("{}", 99_900 + i);
        next.successors
            .extend([row(&ward.code, &ward.code, true, true), row(&ward.code, &code, true, false)]);
        let name = format!("{} Đông", ward.name);
        next.wards.push(Raw { code, name, shape: east, ..ward.clone() });
        next.wards.push(Raw { shape: west, ..ward });
    }
    for ward in &next.wards {
        let unit = ward.unit().unwrap();
        next.facts.push(UnitFacts {
            id: WardId::new(NEXT, &ward.code),
            name: ward.name.clone(),
            kind: ward.kind.clone(),
            district: None,
            province_former: String::new(),
            centre: unit.label,
            area_km2: Some(unit.area_km2),
        });
    }
    next
}

/// The western and the eastern half of a shape's box, cut along the middle.
fn halves(shape: &MultiPolygon<f64>) -> (MultiPolygon<f64>, MultiPolygon<f64>) {
    let b = shape.bounding_rect().unwrap();
    let west = Rect::new(b.min(), coord! { x: b.center().x, y: b.max().y }).to_polygon();
    (shape.intersection(&west), shape.difference(&west))
}

#[test]
fn the_real_wards_pass_over_approximate_ones_over_themselves_and_as_a_third_generation() {
    let Some(drafts) = drafts("pack::the_real_wards_pass") else { return };
    assert_eq!(drafts.third.wards.len(), 178);
    for draft in [&drafts.approximate, &drafts.exact, &drafts.third] {
        assert_eq!(draft.errors(), [""; 0]);
    }
}

#[test]
fn twenty_broken_files_and_more_are_refused_each_with_its_reason() {
    let Some(drafts) = drafts("pack::twenty_broken_files") else { return };
    let cases: Vec<_> = BROKEN
        .iter()
        .flat_map(|(name, spoil, approximate, exact, third)| {
            let over =
                [(&drafts.approximate, *approximate), (&drafts.exact, Some(*exact)), (&drafts.third, *third)];
            over.into_iter()
                .zip(["approximate", "exact", "third"])
                .map(move |(o, kind)| (*name, *spoil, o, kind))
        })
        .filter_map(|(name, spoil, (draft, words), kind)| Some((name, spoil, draft, words?, kind)))
        .collect();
    let wrong = |(name, spoil, draft, words, kind): &(&str, Spoil, &Draft, &str, &str)| {
        let mut draft = (*draft).clone();
        spoil(&mut draft);
        let errors = draft.errors();
        let said = errors.iter().any(|e| e.contains(words));
        (!said).then(|| format!("{name}, {kind}: no {words:?} in\n  {}", errors.join("\n  ")))
    };
    let next = AtomicUsize::new(0);
    let work =
        || std::iter::from_fn(|| cases.get(next.fetch_add(1, Relaxed))).filter_map(wrong).collect::<Vec<_>>();
    let wrong: Vec<String> = std::thread::scope(|s| {
        let threads: Vec<_> = (0..2).map(|_| s.spawn(work)).collect();
        threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
