//! The codes of a vocabulary: reading a name, saying what would be right, and writing it in one way.

use std::sync::Arc;

use crate::domain::field::Vocabulary;
use crate::domain::{BodyId, CodeBook, Violation, WardName, nearest};

/// Why a name is no code here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What would be right.
    detail: String,
    /// The bare code of a ward that only former generations know.
    former_ward: Option<Arc<str>>,
}

impl From<String> for Refusal {
    fn from(detail: String) -> Self {
        Self { detail, former_ward: None }
    }
}

impl Refusal {
    /// The refusal of the value of a property inside an expression.
    pub(super) fn of_property(self, name: &str) -> Self {
        Self { detail: format!("“{name}” {}", self.detail), ..self }
    }

    /// The violation of a parameter.
    pub(super) fn of_parameter(self, name: &str) -> Violation {
        Violation { former_ward: self.former_ward, ..Violation::new(name, self.detail) }
    }
}

/// Shown back only when short: an input's full text has no place in an answer.
pub(super) fn quoted(value: &str) -> String {
    format!("“{}”", value.chars().take(40).collect::<String>())
}

impl Vocabulary<'_> {
    /// How many codes there are, where rows hold a code by its position.
    pub(super) fn count(self, codebook: &CodeBook) -> Option<usize> {
        match self {
            Self::Free | Self::Choices(_) => None,
            Self::Terms(terms) => Some(terms.len()),
            Self::Categories => Some(codebook.categories.len()),
            Self::Wards => Some(codebook.wards.len()),
            Self::Bodies => Some(codebook.body_count()),
            Self::Clocks => Some(codebook.clocks().len()),
        }
    }

    /// The one name of the code at a position.
    pub(super) fn name(self, position: usize, codebook: &CodeBook) -> Option<String> {
        match self {
            Self::Free => None,
            Self::Choices(choices) => choices.get(position).map(|c| c.code.clone()),
            Self::Terms(terms) => terms.get(position).map(|t| t.name.to_owned()),
            Self::Categories => codebook.categories.get(position).map(ToString::to_string),
            Self::Wards => codebook.wards.get(position).map(ToString::to_string),
            Self::Bodies => codebook.body_id(position).map(|b| b.to_string()),
            Self::Clocks => codebook.clocks().get(position).map(|c| c.code.to_string()),
        }
    }

    /// The code at a position as people write it, which patterns are about.
    pub(super) fn word(self, position: usize, codebook: &CodeBook) -> Option<String> {
        if self == Self::Wards { codebook.ward_word(position) } else { self.name(position, codebook) }
    }

    /// The position of a name.
    ///
    /// # Errors
    /// What would be right.
    pub(super) fn read(self, name: &str, codebook: &CodeBook) -> Result<u16, Refusal> {
        match self {
            Self::Free => Err(has_no(name, "any text is right".to_owned())),
            Self::Choices(choices) => {
                let all = || choices.iter().map(|c| c.code.as_str());
                all()
                    .position(|c| c == name)
                    .map(|i| i as u16)
                    .ok_or_else(|| has_no(name, meant(name, all, || format!("valid: {}", listed(all())))))
            }
            Self::Terms(terms) => {
                let all = || terms.iter().map(|t| t.name);
                let found = all().position(|t| t == name).map(|i| i as u16);
                found.ok_or_else(|| has_no(name, format!("valid: {}", listed(all()))))
            }
            Self::Categories => codebook.category(name).map(u16::from).ok_or_else(|| {
                let all = || codebook.categories.iter().map(|c| &**c);
                has_no(name, meant(name, all, || "see /categories".to_owned()))
            }),
            Self::Wards => ward(name, codebook),
            Self::Bodies => body(name, codebook),
            Self::Clocks => {
                let all = || codebook.clocks().iter().map(|c| &*c.code);
                let found = all().position(|c| c == name).map(|i| i as u16);
                found.ok_or_else(|| has_no(name, format!("valid: {}", listed(all()))))
            }
        }
    }

    /// A name as it is written, in one way for all ways of writing it.
    ///
    /// # Errors
    /// What would be right.
    pub(super) fn canonical(self, name: &str, codebook: &CodeBook) -> Result<String, Refusal> {
        if self == Self::Free {
            return Ok(name.to_owned());
        }
        let position = self.read(name, codebook)?;
        Ok(self.name(position.into(), codebook).unwrap_or_else(|| name.to_owned()))
    }
}

fn has_no(name: &str, hint: String) -> Refusal {
    format!("has no value {}; {hint}", quoted(name)).into()
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The name that may be meant, or what to do otherwise.
fn meant<'a, I: Iterator<Item = &'a str>>(
    name: &str,
    all: impl Fn() -> I,
    otherwise: impl FnOnce() -> String,
) -> String {
    nearest(name, all()).map_or_else(otherwise, |n| format!("did you mean {n}?"))
}

/// A body of the city by its id, or a ward's by the kind of body, a colon and the ward's name: `ward:26740`.
fn body(name: &str, codebook: &CodeBook) -> Result<u16, Refusal> {
    let of_ward = name.split_once(':').filter(|(kind, _)| codebook.kinds().any(|k| k == *kind));
    let position = match of_ward {
        Some((kind, name)) => codebook.body_of_ward(kind, ward(name, codebook)?),
        None => codebook.body(&BodyId::new(name)),
    };
    position.ok_or_else(|| {
        let all = || codebook.bodies.iter().map(BodyId::as_str);
        let kinds = || codebook.kinds().map(|kind| format!("{kind}:")).collect::<Vec<_>>().join(" or ");
        let valid = || format!("valid: {}, or {} and a ward's code", listed(all()), kinds());
        has_no(name, meant(name, all, valid))
    })
}

fn ward(name: &str, codebook: &CodeBook) -> Result<u16, Refusal> {
    match codebook.ward(name) {
        WardName::Known(i) => Ok(i),
        WardName::Former(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let detail = format!(
                "code {} is not in force since {}; ask for {}",
                quoted(name),
                codebook.active,
                ids.join(" or ")
            );
            Err(Refusal { detail, former_ward: Some(name.into()) })
        }
        WardName::Unknown => {
            let like = codebook.wards.last().map_or_else(
                || "there are none".to_owned(),
                |w| format!("a code like {} is right, or {{generation}}.{{code}} like {w}", w.code),
            );
            Err(has_no(name, like))
        }
    }
}
