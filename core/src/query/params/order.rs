//! In which order a list stands: by a time or by the distance to a place, then by the internal sequence, so
//! that every order is total and a page can go on after any row.

use crate::domain::field::{CREATED, DUE, NEVER, Time, UPDATED};
use crate::domain::view::MapRow;
use crate::geo::{LonLat, Plane};

/// Where a row stands: the greater key comes first. What is missing comes last, in either direction.
pub type Key = (i64, u32);

/// What an order goes by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    /// When it was received.
    Created,
    /// When it last changed.
    Updated,
    /// When an answer is due.
    Due,
    /// How far it is from a place.
    Distance(LonLat),
}

/// An order of lists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// What it goes by.
    pub by: By,
    /// Whether the greatest stands first.
    pub descending: bool,
}

/// Newest first, by the time of receipt: what is imported stands where it belongs.
impl Default for Order {
    fn default() -> Self {
        Self { by: By::Created, descending: true }
    }
}

impl Order {
    /// The slot of the time that it goes by, if it goes by one.
    pub(crate) const fn time(&self) -> Option<Time> {
        match self.by {
            By::Created => Some(CREATED),
            By::Updated => Some(UPDATED),
            By::Due => Some(DUE),
            By::Distance(_) => None,
        }
    }

    /// Metres from the place that it goes by, in millimetres.
    pub(crate) fn metres(&self) -> impl Fn(LonLat) -> i64 + use<> {
        let plane = if let By::Distance(from) = self.by { Some(Plane::at(from)) } else { None };
        move |p| plane.map_or(NEVER, |plane| (plane.to_point(p) * 1e3).round() as i64)
    }

    /// A value as the first part of a key.
    pub(crate) fn rank(&self, value: Option<i64>) -> i64 {
        match value.filter(|v| *v != NEVER) {
            None => i64::MIN,
            Some(v) if self.descending => v,
            Some(v) => v.saturating_neg(),
        }
    }

    /// Where a report stands.
    pub fn key(&self, row: &MapRow) -> Key {
        let value = self.time().map_or_else(|| row.point.map(self.metres()), |slot| Some(row[slot]));
        (self.rank(value), row.seq)
    }
}

/// The names of orders, as `sortby` takes them.
pub const NAMES: [&str; 4] = ["created_at", "updated_at", "due_at", "distance"];

/// An order as it was asked for; the place of a distance comes in a parameter of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sort {
    /// Position in [`NAMES`].
    by: usize,
    descending: bool,
}

impl Sort {
    /// Reads `sortby`: a name, with `-` before it for the greatest first (OGC API Records, 8.5). A `+` may have
    /// arrived as a space.
    ///
    /// # Errors
    /// What would be right.
    pub(in crate::query) fn parse(text: &str) -> Result<Self, String> {
        let plain = text.trim();
        let (descending, name) = match plain.strip_prefix('-') {
            Some(name) => (true, name),
            None => (false, plain.strip_prefix('+').unwrap_or(plain)),
        };
        if name.contains(',') {
            return Err("takes one name; rows that are equal by it stand newest first".to_owned());
        }
        let by = NAMES.iter().position(|n| *n == name || n.strip_suffix("_at") == Some(name));
        by.map(|by| Self { by, descending }).ok_or_else(|| {
            format!("must be one of {}, with - before it for the last first", NAMES.join(", "))
        })
    }

    /// The order, from the place that `near` names.
    ///
    /// # Errors
    /// Without a place for a distance.
    pub(in crate::query) fn order(self, near: Option<LonLat>) -> Result<Order, String> {
        let by = match (self.by, near) {
            (0, _) => By::Created,
            (1, _) => By::Updated,
            (2, _) => By::Due,
            (_, Some(near)) => By::Distance(near),
            (_, None) => return Err("by distance needs near=lon,lat".to_owned()),
        };
        Ok(Order { by, descending: self.descending })
    }
}

impl std::fmt::Display for Sort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", if self.descending { "-" } else { "" }, NAMES[self.by])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_signs_are_read() {
        let near = LonLat::new(106.7, 10.8).ok();
        let read = |t: &str| Sort::parse(t).and_then(|s| s.order(near).map(|o| (s.to_string(), o)));
        assert_eq!(read("-created").unwrap(), ("-created_at".to_owned(), Order::default()));
        for same in ["due", "+due_at", " due_at"] {
            assert_eq!(read(same).unwrap().1, Order { by: By::Due, descending: false });
        }
        assert!(read("title").unwrap_err().starts_with("must be one of created_at, "));
        assert!(read("created,-due").unwrap_err().contains("one name"));
        assert!(Sort::parse("distance").unwrap().order(None).is_err());
    }

    #[test]
    fn what_is_missing_comes_last_either_way() {
        let row = |seq, due| MapRow::new(seq, 1, None).with(DUE, due);
        for descending in [true, false] {
            let order = Order { by: By::Due, descending };
            assert!(order.key(&row(9, NEVER)) < order.key(&row(1, 5)));
            assert_eq!(order.key(&row(1, 5)) < order.key(&row(1, 6)), descending);
        }
    }
}
