//! All generations that a process has loaded, and one number for each ward of all of them. Not
//! here: how a generation becomes active (`action::activate_areas`), the look-up (locate).

use std::sync::Arc;

use jiff::civil::Date;

use super::generation::Generation;
use super::unit::Unit;
use crate::domain::WardId;

/// The generations in order of validity, including the active one. Immutable: a change makes a new
/// book. Cloning is cheap, everything is shared.
#[derive(Clone, Debug)]
pub struct AreaBook {
    generations: Arc<[Arc<Generation>]>,
    active: usize,
    /// All wards: one generation after the other, by code inside each.
    wards: Arc<[WardId]>,
    /// Index in `wards` of the first ward of each generation.
    starts: Arc<[usize]>,
}

/// Why generations do not form a book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// The generation named as active is not loaded.
    #[error("the active generation {0:?} is not loaded")]
    NoActive(String),
    /// Two generations with the same id.
    #[error("the generation {0} is loaded twice")]
    Duplicate(Arc<str>),
    /// More than 65,535 wards over all generations.
    #[error("{0} wards over all generations; at most 65535 are possible")]
    TooManyWards(usize),
}

impl AreaBook {
    /// Sorts the generations. Those later than `active` are loaded but not yet in force.
    ///
    /// # Errors
    /// See [`BookError`].
    pub fn new(mut generations: Vec<Arc<Generation>>, active: &str) -> Result<Self, BookError> {
        generations.sort_by_key(|g| g.valid_from());
        if let Some(pair) = generations.windows(2).find(|w| w[0].valid_from() == w[1].valid_from()) {
            return Err(BookError::Duplicate(pair[1].id().clone()));
        }
        let active = generations
            .iter()
            .position(|g| **g.id() == *active)
            .ok_or_else(|| BookError::NoActive(active.to_owned()))?;
        let mut starts = Vec::with_capacity(generations.len());
        let mut wards = Vec::new();
        for g in &generations {
            starts.push(wards.len());
            wards.extend(
                g.units().iter().map(|u| WardId { generation: g.id().clone(), code: u.code.clone() }),
            );
        }
        if wards.len() > usize::from(u16::MAX) {
            return Err(BookError::TooManyWards(wards.len()));
        }
        Ok(Self { generations: generations.into(), active, wards: wards.into(), starts: starts.into() })
    }

    /// The generation in force.
    pub fn active(&self) -> &Arc<Generation> {
        &self.generations[self.active]
    }

    /// The generation in force on a day of the city's calendar: the last one valid by then, but
    /// never one later than the active one. `None` before the first.
    pub fn at(&self, day: Date) -> Option<&Arc<Generation>> {
        self.generations[..=self.active].iter().rev().find(|g| g.valid_from() <= day)
    }

    /// All generations in order of validity, including those not yet active.
    pub fn generations(&self) -> &[Arc<Generation>] {
        &self.generations
    }

    /// A generation by its id.
    pub fn generation(&self, id: &str) -> Option<&Arc<Generation>> {
        self.position(id).map(|i| &self.generations[i])
    }

    /// A ward's unit.
    pub fn unit(&self, ward: &WardId) -> Option<&Unit> {
        let g = self.generation(&ward.generation)?;
        g.index_of(&ward.code).map(|i| &g.units()[i])
    }

    /// The number of a ward over all generations of this book. It is stable as long as the same
    /// generations are loaded. It is never stored, because another book may number wards
    /// differently.
    pub fn ward_index(&self, ward: &WardId) -> Option<u16> {
        let i = self.position(&ward.generation)?;
        self.generations[i].index_of(&ward.code).map(|unit| (self.starts[i] + unit) as u16)
    }

    /// The number of a unit of a generation, for a unit index from the look-up; `None` if the
    /// generation is not in this book.
    pub fn ward_index_of(&self, generation: &Generation, unit: usize) -> Option<u16> {
        let i = self.position(generation.id())?;
        (unit < self.generations[i].units().len()).then(|| (self.starts[i] + unit) as u16)
    }

    /// The ward with a number.
    ///
    /// # Panics
    /// When the number is not one of this book's, see [`AreaBook::wards`].
    pub fn ward(&self, index: u16) -> &WardId {
        &self.wards[usize::from(index)]
    }

    /// All wards in the order of their numbers.
    pub fn wards(&self) -> &[WardId] {
        &self.wards
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.generations.iter().position(|g| **g.id() == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{MultiPolygon, polygon};

    fn generation(id: &str, codes: &[&str]) -> Arc<Generation> {
        let units = codes.iter().enumerate().map(|(i, code)| {
            let x = 106.0 + i as f64 * 0.1;
            let p = polygon![(x: x, y: 10.0), (x: x + 0.1, y: 10.0), (x: x + 0.1, y: 10.1), (x: x, y: 10.0)];
            Unit::new(code, Arc::default(), code, MultiPolygon(vec![p])).unwrap()
        });
        Arc::new(Generation::build(id, false, units.collect(), None).unwrap())
    }

    #[test]
    fn wards_are_numbered_by_generation_and_code() {
        let book = AreaBook::new(
            vec![generation("2025-07-01", &["9", "2"]), generation("1976-07-02", &["2", "1", "7"])],
            "2025-07-01",
        )
        .unwrap();
        let names: Vec<_> = book.wards().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["1976-07-02.1", "1976-07-02.2", "1976-07-02.7", "2025-07-01.2", "2025-07-01.9"]);
        for (i, ward) in book.wards().iter().enumerate() {
            assert_eq!(book.ward_index(ward), Some(i as u16));
            assert_eq!(book.ward(i as u16), ward);
            assert_eq!(book.unit(ward).unwrap().code, ward.code);
        }
        assert_eq!(book.ward_index_of(book.active(), 1), Some(4));
        assert_eq!(book.ward_index(&WardId::new("2025-07-01", "7")), None);
    }

    #[test]
    fn a_generation_not_yet_active_answers_for_no_day() {
        let all = vec![
            generation("1976-07-02", &["1"]),
            generation("2025-07-01", &["1"]),
            generation("2027-01-01", &["1"]),
        ];
        let book = AreaBook::new(all.clone(), "2025-07-01").unwrap();
        let at = |day: &str| book.at(day.parse().unwrap()).map(|g| g.id().to_string());
        assert_eq!(at("1970-01-01"), None);
        assert_eq!(at("2025-06-30").as_deref(), Some("1976-07-02"));
        assert_eq!(at("2025-07-01").as_deref(), Some("2025-07-01"));
        assert_eq!(at("2028-01-01").as_deref(), Some("2025-07-01"));
        assert!(book.generation("2027-01-01").is_some());
        assert!(matches!(AreaBook::new(all, "2026-01-01"), Err(BookError::NoActive(_))));
    }
}
