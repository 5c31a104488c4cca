//! Wards that the text of a row names: they help to tell the coordinate system of a file. They never decide
//! where a row belongs.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use crate::import::raw::Raw;
use diaban_core::area::Generation;
use diaban_core::domain::field::Value;

/// Parts of names of columns in which a ward may be called without its kind.
const WARD_COLUMNS: [&str; 7] = ["ward", "phuong", "phường", "xa", "xã", "commune", "px"];

/// The wards by what they are called.
#[derive(Debug)]
pub(super) struct WardNames {
    full: HashMap<String, Vec<u16>>,
    short: HashMap<String, Vec<u16>>,
}

impl WardNames {
    pub(super) fn of(areas: &Generation) -> Self {
        let mut names = Self { full: HashMap::new(), short: HashMap::new() };
        for (unit, i) in areas.units().iter().zip(0_u16..) {
            names.full.entry(folded(&unit.name)).or_default().push(i);
            for name in [unit.short_name(), &*unit.code] {
                names.short.entry(folded(name)).or_default().push(i);
            }
        }
        names
    }

    /// The wards that a row names in any column, ascending; none when it names none of today's.
    pub(super) fn named_by(&self, raw: &Raw) -> Vec<u16> {
        let mut found: Vec<u16> = Vec::new();
        for (column, value) in &raw.properties {
            let Value::Text(text) = value else { continue };
            let text = folded(text);
            let column = column.to_lowercase();
            let of_wards = column.split(|c: char| !c.is_alphanumeric()).any(|w| WARD_COLUMNS.contains(&w));
            let named = self.full.get(&text).or_else(|| self.short.get(&text).filter(|_| of_wards));
            found.extend(named.into_iter().flatten());
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn folded(text: &str) -> String {
    text.trim().nfc().collect::<String>().to_lowercase()
}
