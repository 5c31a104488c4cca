//! Where the live map holds a field: in a column of one of four widths, each field in its own slot, or only
//! whether there is a value.
//! A slot indexes a row and the columns of the map alike, so that loops over a column know its type.

use super::super::view::MapRow;
use super::super::{BodyId, CodeBook, Instant, WardId};
use super::reports::{NEVER, NO_BODY, NO_WARD};
use super::{Field, Raw, TABLE, Term, Vocabulary};

/// A slot of codes below 256, which have a bitset for each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code8(pub usize);

/// A slot of codes below 65,536.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Code16(pub usize);

/// A slot of whole numbers from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Count(pub usize);

/// A slot of milliseconds since 1970; `NEVER` for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time(pub usize);

/// Where the live map holds a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The public point.
    Point,
    /// The public id.
    Id,
    /// A small code, and the one that stands for what is missing or unknown.
    Code8(Code8, u8),
    /// A code; the highest stands for what is missing or unknown.
    Code16(Code16),
    /// A number.
    Count(Count),
    /// An instant.
    Time(Time),
    /// Whether there is a value: this bit of the row.
    Present(u8),
}

/// How many slots of [`Code8`] there are.
pub(crate) const CODES8: usize = slots(0);
/// How many slots of [`Code16`] there are.
pub(crate) const CODES16: usize = slots(1);
/// How many slots of [`Count`] there are.
pub(crate) const COUNTS: usize = slots(2);
/// How many slots of [`Time`] there are.
pub(crate) const TIMES: usize = slots(3);
/// How many bits of a row say whether a field has a value.
#[cfg(test)]
const PRESENT: usize = slots(4);

const fn slots(width: u8) -> usize {
    let (mut n, mut i) = (0, 0);
    while i < TABLE.len() {
        n += match (width, TABLE[i].column) {
            (0, Some(Column::Code8(..)))
            | (1, Some(Column::Code16(_)))
            | (2, Some(Column::Count(_)))
            | (3, Some(Column::Time(_)))
            | (4, Some(Column::Present(_))) => 1,
            _ => 0,
        };
        i += 1;
    }
    n
}

/// The small codes of a row of which nothing is known.
pub(in crate::domain) const UNKNOWN8: [u8; CODES8] = {
    let (mut out, mut i) = ([0; CODES8], 0);
    while i < TABLE.len() {
        if let Some(Column::Code8(slot, unknown)) = TABLE[i].column {
            out[slot.0] = unknown;
        }
        i += 1;
    }
    out
};

/// A value of a row as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown<'a> {
    /// A name.
    Text(&'a str),
    /// The canonical id of a ward.
    Ward(&'a WardId),
    /// The id of a body.
    Body(BodyId),
    /// A number.
    Integer(u64),
    /// An instant.
    Instant(Instant),
}

impl MapRow {
    /// Takes in what the record stores of a field. What has no name any more counts as unknown.
    pub fn put(&mut self, field: &Field, raw: &Raw<'_>, codebook: &CodeBook) {
        let name = || raw.text();
        let code = || raw.integer().and_then(|i| usize::try_from(i).ok());
        match field.column {
            Some(Column::Code8(slot, unknown)) => {
                let found = match field.vocabulary {
                    Vocabulary::Terms(terms) => code().filter(|i| *i < terms.len()).map(|i| i as u8),
                    _ => name().and_then(|n| codebook.category(n)),
                };
                self[slot] = found.unwrap_or(unknown);
            }
            Some(Column::Code16(slot)) => {
                self[slot] = match field.vocabulary {
                    Vocabulary::Wards => name()
                        .and_then(WardId::parse)
                        .and_then(|w| codebook.ward_index(&w))
                        .unwrap_or(NO_WARD),
                    _ => name().and_then(|n| codebook.body(&BodyId::new(n))).unwrap_or(NO_BODY),
                };
            }
            Some(Column::Count(slot)) => {
                self[slot] = raw.integer().map_or(0, |n| u32::try_from(n.max(0)).unwrap_or(u32::MAX));
            }
            Some(Column::Time(slot)) => {
                self[slot] = raw.integer().map_or(NEVER, |ms| Instant::from_ms(ms).ms());
            }
            Some(Column::Present(bit)) => {
                let there = u8::from(*raw != Raw::Null) << bit;
                self.present = self.present & !(1 << bit) | there;
            }
            Some(Column::Point | Column::Id) | None => {}
        }
    }

    /// The value of a field; none where it is missing or has no name.
    pub fn shown<'a>(&self, field: &Field, codebook: &'a CodeBook) -> Option<Shown<'a>> {
        if let Some(super::Derived::Groups { slot, group, .. }) = field.derived {
            return Some(Shown::Text(group(self[slot].into())));
        }
        Some(match (field.column?, field.vocabulary) {
            (Column::Code8(slot, _), Vocabulary::Terms(terms)) => Shown::Text(name(terms, self[slot])?),
            (Column::Code8(slot, _), _) => Shown::Text(codebook.categories.get(usize::from(self[slot]))?),
            (Column::Code16(slot), Vocabulary::Wards) => {
                Shown::Ward(codebook.wards.get(usize::from(self[slot]))?)
            }
            (Column::Code16(slot), _) => Shown::Body(codebook.body_id(self[slot].into())?),
            (Column::Count(slot), _) => Shown::Integer(self[slot].into()),
            (Column::Time(slot), _) => Shown::Instant(self.instant(slot)?),
            (Column::Id, _) => Shown::Integer(self.id),
            (Column::Point | Column::Present(_), _) => return None,
        })
    }
}

fn name(terms: &[Term], code: u8) -> Option<&'static str> {
    terms.get(usize::from(code)).map(|t| t.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_taken_once() {
        let mut taken: [Vec<usize>; 5] = Default::default();
        for f in TABLE {
            match f.column {
                Some(Column::Code8(s, _)) => taken[0].push(s.0),
                Some(Column::Code16(s)) => taken[1].push(s.0),
                Some(Column::Count(s)) => taken[2].push(s.0),
                Some(Column::Time(s)) => taken[3].push(s.0),
                Some(Column::Present(bit)) => taken[4].push(bit.into()),
                Some(Column::Point | Column::Id) | None => {}
            }
        }
        for (slots, n) in taken.iter_mut().zip([CODES8, CODES16, COUNTS, TIMES, PRESENT]) {
            slots.sort_unstable();
            assert_eq!(*slots, (0..n).collect::<Vec<_>>());
        }
        const { assert!(PRESENT <= 8, "a row has a byte of them") };
    }
}
