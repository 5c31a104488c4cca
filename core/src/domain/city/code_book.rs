//! The names behind the small integer codes in columns and filters, shared by queries, SQL and
//! tiles: categories by position in the pack; wards by position in the area book; bodies by
//! position in the pack, followed by the wards' own offices in ward order, then by those of each other kind of
//! body that every ward has.

use std::sync::Arc;

use crate::domain::clocks::{Clock, Clocks};
use crate::domain::{BodyId, WardId};

/// The names at one moment; replaced as a whole when areas change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeBook {
    /// Category codes in pack order.
    pub categories: Vec<Arc<str>>,
    /// Wards of all generations, ascending.
    pub wards: Vec<WardId>,
    /// The generation that a bare ward code refers to.
    pub active: Arc<str>,
    /// The edition of the boundaries in force, as the store numbers them: under it assignments are read. 0: none is
    /// stored.
    pub edition: i64,
    /// The bodies of the city in pack order, without those of wards.
    pub bodies: Vec<BodyId>,
    /// The kinds of bodies that every ward has besides its own office, in pack order.
    pub ward_bodies: Vec<Arc<str>>,
    /// The city's promises, by which something is late.
    pub clocks: Option<Arc<Clocks>>,
}

/// The meaning of a ward name in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WardName {
    /// Position in [`CodeBook::wards`].
    Known(u16),
    /// A code that exists only in former generations, with the wards that have it.
    Former(Vec<WardId>),
    /// No generation has it.
    Unknown,
}

impl CodeBook {
    /// The city's clocks, in pack order.
    pub fn clocks(&self) -> &[Clock] {
        self.clocks.as_ref().map_or(&[], |clocks| &clocks.list)
    }

    /// Position of a category.
    pub fn category(&self, code: &str) -> Option<u8> {
        self.categories.iter().position(|c| **c == *code).map(|i| i as u8)
    }

    /// Position of a ward.
    pub fn ward_index(&self, ward: &WardId) -> Option<u16> {
        self.wards.binary_search(ward).ok().map(|i| i as u16)
    }

    /// The canonical ids of wards by their positions.
    pub fn ward_names(&self, positions: &[u16]) -> impl Iterator<Item = String> {
        positions.iter().filter_map(|w| self.wards.get(usize::from(*w))).map(ToString::to_string)
    }

    /// Position of a body.
    pub fn body(&self, id: &BodyId) -> Option<u16> {
        let of_ward = || {
            let (kind, ward) = id.parts()?;
            self.body_of_ward(kind, self.ward_index(&ward)?)
        };
        self.bodies.iter().position(|b| b == id).map(|i| i as u16).or_else(of_ward)
    }

    /// Position of the body of a kind, of the ward at a position.
    pub fn body_of_ward(&self, kind: &str, ward: u16) -> Option<u16> {
        let round = self.kinds().position(|k| k == kind)?;
        let position = self.bodies.len() + round * self.wards.len() + usize::from(ward);
        // The last number stands for no body.
        u16::try_from(position).ok().filter(|p| *p != u16::MAX)
    }

    /// What the ids of wards' bodies begin with: `ward` for their own offices, then the other kinds.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        std::iter::once(BodyId::OFFICE).chain(self.ward_bodies.iter().map(|k| &**k))
    }

    /// How many bodies there are.
    pub fn body_count(&self) -> usize {
        self.bodies.len() + (1 + self.ward_bodies.len()) * self.wards.len()
    }

    /// The id of the body at a position.
    pub fn body_id(&self, position: usize) -> Option<BodyId> {
        let of_ward = |i: usize| {
            let kind = self.kinds().nth(i.checked_div(self.wards.len())?)?;
            self.wards.get(i % self.wards.len()).map(|ward| BodyId::of_ward(kind, ward))
        };
        self.bodies.get(position).cloned().or_else(|| of_ward(position.checked_sub(self.bodies.len())?))
    }

    /// The wards that have a code, one after the other in time: what the bare code meant and means.
    pub fn lineage(&self, code: &str) -> impl Iterator<Item = u16> {
        (0..).zip(&self.wards).filter(move |(_, w)| *w.code == *code).map(|(i, _)| i)
    }

    /// The generation that was in force on a day like 2025-06-30, in the city's own time.
    ///
    /// # Errors
    /// What is wrong with the day, for people.
    pub fn generation_at(&self, day: &str) -> Result<Arc<str>, String> {
        let known = || self.wards.iter().map(|w| &w.generation).filter(|g| **g <= self.active);
        let first = known().next().unwrap_or(&self.active);
        let fault = || format!("must be a date like 2025-06-30, from {first}");
        let day = day.parse::<jiff::civil::Date>().map_err(|_| fault())?.to_string();
        known().rfind(|generation| ***generation <= *day).cloned().ok_or_else(fault)
    }

    /// The name of a ward for people: its bare code if that refers to this ward, otherwise its
    /// canonical id.
    pub fn ward_word(&self, position: usize) -> Option<String> {
        self.wards.get(position).map(|ward| self.word_of(ward))
    }

    /// The same of a ward. Who follows a bare code goes on with whoever has its ground later.
    pub fn word_of(&self, ward: &WardId) -> String {
        if ward.generation == self.active { ward.code.to_string() } else { ward.to_string() }
    }

    /// Resolves a ward name: `{generation}.{code}`, or a bare code of the active generation.
    pub fn ward(&self, name: &str) -> WardName {
        if let Some((generation, code)) = name.split_once('.') {
            return self
                .ward_index(&WardId::new(generation, code))
                .map_or(WardName::Unknown, WardName::Known);
        }
        if let Some(i) = self.ward_index(&WardId::new(&self.active, name)) {
            return WardName::Known(i);
        }
        let former: Vec<WardId> = self.wards.iter().filter(|w| *w.code == *name).cloned().collect();
        if former.is_empty() { WardName::Unknown } else { WardName::Former(former) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_code_means_the_active_generation() {
        let wards = vec![
            WardId::new("2025-01-01", "26740"),
            WardId::new("2025-01-01", "26743"),
            WardId::new("2025-07-01", "26740"),
        ];
        let v = CodeBook {
            categories: vec!["drainage".into()],
            wards,
            active: "2025-07-01".into(),
            edition: 0,
            bodies: vec![BodyId::new("traffic")],
            ward_bodies: vec!["watch".into()],
            clocks: None,
        };
        assert_eq!(v.ward("26740"), WardName::Known(2));
        assert_eq!(v.ward("2025-01-01.26740"), WardName::Known(0));
        assert_eq!(v.ward("26743"), WardName::Former(vec![WardId::new("2025-01-01", "26743")]));
        assert_eq!(v.ward("1"), WardName::Unknown);
        assert_eq!(v.lineage("26740").collect::<Vec<_>>(), [0, 2]);
        assert_eq!(v.generation_at("2025-07-01").as_deref(), Ok("2025-07-01"));
        assert_eq!(v.generation_at("2025-06-30").as_deref(), Ok("2025-01-01"));
        for day in ["2024-12-31", "2025-6-30", "today", ""] {
            assert_eq!(
                v.generation_at(day),
                Err("must be a date like 2025-06-30, from 2025-01-01".to_owned())
            );
        }
        let back = CodeBook { active: "2025-01-01".into(), ..v.clone() };
        assert_eq!(back.generation_at("2026-01-01").as_deref(), Ok("2025-01-01"), "not in force any more");
        assert_eq!(v.category("drainage"), Some(0));
        let ids = ["traffic"].map(str::to_owned).into_iter();
        let ids = ids.chain(
            ["ward", "watch"].iter().flat_map(|kind| v.wards.iter().map(move |w| format!("{kind}:{w}"))),
        );
        for (i, id) in ids.enumerate() {
            assert_eq!(v.body(&BodyId::new(&id)), Some(i as u16), "{id}");
            assert_eq!(v.body_id(i), Some(BodyId::new(&id)));
        }
        assert_eq!((v.body_id(7), v.body_count()), (None, 7));
        for unknown in ["ward:1", "watch", "guard:2025-01-01.26740"] {
            assert_eq!(v.body(&BodyId::new(unknown)), None, "{unknown}");
        }
        assert_eq!(CodeBook::default().body_id(0), None);
        assert_eq!(
            (v.ward_word(0).unwrap(), v.ward_word(2).unwrap()),
            ("2025-01-01.26740".into(), "26740".into())
        );
    }
}
