//! The bodies that answer for reports, and how their ids are written. Not here: which of them answers for what
//! (routing), the city's list (data/bodies.toml, read by pack).

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::routing::Target;
use crate::domain::{Lang, Text, UnitKind, WardId};

/// The id of a body: a code of the city pack (`water`), or a kind of body that every ward has, a colon and a
/// canonical ward id (`ward:2025-07-01.26740` for the ward's own office). Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyId(Arc<str>);

impl BodyId {
    /// What the ids of wards' own offices begin with.
    pub const OFFICE: &'static str = "ward";

    /// A body id; nothing is checked.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id of a ward's own office.
    pub fn ward_office(ward: &WardId) -> Self {
        Self::of_ward(Self::OFFICE, ward)
    }

    /// The id of a ward's body of that kind.
    pub fn of_ward(kind: &str, ward: &WardId) -> Self {
        Self(format!("{kind}:{ward}").into())
    }

    /// The kind of body and the ward whose body this is; `None` for a body of the city.
    pub fn parts(&self) -> Option<(&str, WardId)> {
        let (kind, ward) = self.0.split_once(':')?;
        Some((kind, WardId::parse(ward)?))
    }

    /// The ward whose body this is; `None` for a body of the city.
    pub fn ward(&self) -> Option<WardId> {
        self.parts().map(|(_, ward)| ward)
    }

    /// Whether this is a ward's own office, and no other body of a ward.
    pub fn is_ward_office(&self) -> bool {
        self.parts().is_some_and(|(kind, _)| kind == Self::OFFICE)
    }

    /// The body of the same kind in another ward; `None` for a body of the city.
    pub fn in_ward(&self, ward: &WardId) -> Option<Self> {
        self.parts().map(|(kind, _)| Self::of_ward(kind, ward))
    }

    /// The kind of body, and how its ward is named: by code or canonical id; `None` for a body of the city.
    pub fn named_parts(&self) -> Option<(&str, &str)> {
        self.0.split_once(':')
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BodyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A body that is responsible for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its id.
    pub id: BodyId,
    /// Its name.
    pub name: Text,
}

/// A kind of body that every ward has one of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WardBody {
    /// The kind: what the ids of these bodies begin with.
    pub kind: Arc<str>,
    /// The name, with `{name}` for the ward's full name, or `{unit}` for its name inside a sentence.
    pub name: Text,
}

/// The city's bodies, and the kinds of bodies that every ward has.
#[derive(Clone, Debug)]
pub struct Bodies {
    list: Vec<Body>,
    /// The own offices first.
    of_wards: Vec<WardBody>,
}

/// Why a list of bodies is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Two bodies with the same id.
    #[error("body `{0}` is listed twice")]
    Duplicate(String),
    /// An id that is reserved for the wards' own offices or is not a plain code.
    #[error("body `{0}`: an id is made of a to z, 0 to 9 and _; `ward` and `ward_office` are reserved")]
    Id(String),
    /// The name of a kind of body does not say which ward's.
    #[error("the name of `{0}` must hold {{name}} or {{unit}} in both languages")]
    NoName(String),
    /// More kinds than positions of bodies can tell apart.
    #[error("{0} kinds of bodies that every ward has; at most {max} are possible", max = Bodies::MOST_KINDS)]
    TooManyKinds(usize),
}

impl Bodies {
    /// The most kinds of bodies that every ward has, the own office among them.
    pub const MOST_KINDS: usize = 8;

    /// Checks the ids. `ward_office` is the name of a ward's own office, as [`WardBody::name`]; `more` are the other
    /// bodies that every ward has.
    ///
    /// # Errors
    /// See [`BodyError`].
    pub fn new(list: Vec<Body>, ward_office: Text, more: Vec<WardBody>) -> Result<Self, BodyError> {
        let ids = list.iter().map(|b| b.id.as_str()).chain(more.iter().map(|k| &*k.kind));
        let mut seen = HashSet::new();
        for id in ids {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            if id.is_empty() || [BodyId::OFFICE, Target::WARD_OFFICE].contains(&id) || !id.bytes().all(plain)
            {
                return Err(BodyError::Id(id.into()));
            }
            if !seen.insert(id) {
                return Err(BodyError::Duplicate(id.into()));
            }
        }
        let mut of_wards = vec![WardBody { kind: BodyId::OFFICE.into(), name: ward_office }];
        of_wards.extend(more);
        if of_wards.len() > Self::MOST_KINDS {
            return Err(BodyError::TooManyKinds(of_wards.len()));
        }
        for WardBody { kind, name } in &of_wards {
            if ![&name.vi, &name.en].iter().all(|t| t.contains("{name}") || t.contains("{unit}")) {
                let kind = if **kind == *BodyId::OFFICE { Target::WARD_OFFICE } else { kind };
                return Err(BodyError::NoName(kind.into()));
            }
        }
        Ok(Self { list, of_wards })
    }

    /// The bodies of the city in the order of the pack, without those of wards.
    pub fn iter(&self) -> std::slice::Iter<'_, Body> {
        self.list.iter()
    }

    /// The city body with that id.
    pub fn get(&self, id: &BodyId) -> Option<&Body> {
        self.list.iter().find(|b| b.id == *id)
    }

    /// The kinds of bodies that every ward has besides its own office.
    pub fn kinds(&self) -> impl Iterator<Item = &Arc<str>> {
        self.of_wards[1..].iter().map(|k| &k.kind)
    }

    /// What a name stands for where a body is expected: `ward_office`, a kind of body that every ward has, or else
    /// the id of a body of the city.
    pub fn target(&self, name: &str) -> Target {
        let kind = if name == Target::WARD_OFFICE { BodyId::OFFICE } else { name };
        match self.of_wards.iter().find(|k| *k.kind == *kind && name != BodyId::OFFICE) {
            Some(known) => Target::OfWard(known.kind.clone()),
            None => Target::Body(BodyId::new(name)),
        }
    }

    /// The name of a ward's body, where the ward has that full name (`Phường Sài Gòn`) and kind; `None` for a body
    /// of the city, or of a kind that left the pack.
    pub fn name_in(&self, id: &BodyId, ward_name: &str, ward_kind: &UnitKind) -> Option<Text> {
        let (kind, _) = id.parts()?;
        let WardBody { name, .. } = self.of_wards.iter().find(|k| *k.kind == *kind)?;
        let fill = |lang: Lang| {
            let unit = ward_kind.in_sentence(ward_name, lang);
            name.get(lang).replace("{name}", ward_name).replace("{unit}", &unit)
        };
        Some(Text { vi: fill(Lang::Vi), en: fill(Lang::En) })
    }
}

impl<'a> IntoIterator for &'a Bodies {
    type Item = &'a Body;
    type IntoIter = std::slice::Iter<'a, Body>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::category::tests::text;
    use super::*;
    use crate::domain::UnitScheme;

    pub(in crate::domain::city) fn ward(code: &str) -> WardId {
        WardId::new("2025-07-01", code)
    }

    pub(in crate::domain::city) fn bodies() -> Bodies {
        let list = ["roads", "power", "island", "centre"];
        let list = list.map(|id| Body { id: BodyId::new(id), name: text(id) }).to_vec();
        let watch = WardBody { kind: "watch".into(), name: text("Watch of {unit}") };
        Bodies::new(list, text("UBND {name}"), vec![watch]).unwrap()
    }

    #[test]
    fn the_body_of_a_ward_is_found_back_from_its_id() {
        let bodies = bodies();
        let scheme = UnitScheme::vietnamese();
        let kind = scheme.kind("phuong").unwrap();
        let office = BodyId::ward_office(&ward("26740"));
        let watch = office.in_ward(&ward("1")).and_then(|id| match bodies.target("watch") {
            Target::OfWard(kind) => Some(BodyId::of_ward(&kind, &id.ward()?)),
            Target::Body(_) => None,
        });
        let watch = watch.unwrap();
        assert_eq!((office.as_str(), watch.as_str()), ("ward:2025-07-01.26740", "watch:2025-07-01.1"));
        assert_eq!((office.ward(), watch.ward()), (Some(ward("26740")), Some(ward("1"))));
        assert_eq!((office.is_ward_office(), watch.is_ward_office()), (true, false));
        let name = |id: &BodyId| bodies.name_in(id, "Phường Sài Gòn", kind);
        assert_eq!(name(&office).unwrap().vi, "UBND Phường Sài Gòn");
        let watch = name(&watch).unwrap();
        assert_eq!((&*watch.vi, &*watch.en), ("Watch of phường Sài Gòn", "Watch of Sài Gòn Ward"));
        assert_eq!(BodyId::new("ward:26740").named_parts(), Some(("ward", "26740")));
        for other in ["water", "ward", "guard:2025-07-01.1"] {
            assert_eq!(name(&BodyId::new(other)), None, "{other}");
        }
        assert_eq!((BodyId::new("water").ward(), BodyId::new("water").in_ward(&ward("1"))), (None, None));
    }

    #[test]
    fn bodies_that_cannot_be_told_apart_are_refused() {
        let of = |list: &[&str], office: &str, kinds: &[&str]| {
            let list = list.iter().map(|id| Body { id: BodyId::new(id), name: text(id) }).collect();
            let kinds = kinds.iter().map(|k| WardBody { kind: (*k).into(), name: text("{unit}") }).collect();
            Bodies::new(list, text(office), kinds).map(|_| ())
        };
        assert_eq!(of(&["water"], "{name}", &["watch"]), Ok(()));
        assert_eq!(of(&["water"], "{name}", &["water"]), Err(BodyError::Duplicate("water".into())));
        for reserved in ["ward", "ward_office", "Watch", "a:b", ""] {
            assert_eq!(of(&[], "{name}", &[reserved]), Err(BodyError::Id(reserved.into())));
            assert_eq!(of(&[reserved], "{name}", &[]), Err(BodyError::Id(reserved.into())));
        }
        assert_eq!(of(&[], "Office", &[]), Err(BodyError::NoName("ward_office".into())));
        let many: Vec<String> = (0..Bodies::MOST_KINDS).map(|i| format!("k{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&[], "{name}", &many), Err(BodyError::TooManyKinds(many.len() + 1)));
    }
}
