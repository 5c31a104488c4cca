//! A report goes to the own office of another ward: borders run along streets, and phones err.

use super::city::City;
use super::verb::{Actor, Decision, VerbError, decide, precision, public_words, words};
use crate::clock::Clock;
use crate::store::{Step, Store};
use diaban_core::domain::caller::Act;
use diaban_core::domain::{BodyId, Precision, WardName};

/// The rule of a report that people sent where it is; re-assignment inside one generation leaves it there.
pub(super) const TRANSFERRED: &str = "transfer";

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Code or canonical id of a ward in force.
    pub ward: String,
    /// What everybody may read.
    pub note: Option<String>,
    /// What offices read.
    pub internal: Option<String>,
}

/// Sends a report to a ward in force, by its code or canonical id.
///
/// # Errors
/// See [`VerbError`].
pub async fn transfer(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    id: u64,
    asked: &Transfer,
    actor: &Actor,
) -> Result<(), VerbError> {
    let areas = city.areas();
    let known = match areas.codebook.ward(&asked.ward) {
        WardName::Known(i) => {
            areas.codebook.wards.get(usize::from(i)).filter(|w| w.generation == areas.codebook.active)
        }
        _ => None,
    };
    let to = known.ok_or_else(|| VerbError::refused("ward", "is not a ward in force"))?;
    let note = public_words(asked.note.as_deref(), "note")?;
    let internal = words(asked.internal.as_deref(), "internal_note")?;
    decide(city, store, clock, id, (actor, Act::Transfer), |was| {
        // The ward that is meant may be in force no more.
        if was.edition != areas.codebook.edition {
            return Err(VerbError::refused("ward", "is of boundaries that changed just now; send it again"));
        }
        if was.ward.as_ref() == Some(to) {
            return Err(VerbError::refused("ward", "has the report already"));
        }
        // The public point of such a category is the ward's own.
        let label = || areas.book.unit(to).map(|u| u.label);
        let point = if precision(city, was) == Precision::Ward && was.placed { label() } else { was.point };
        let body = BodyId::ward_office(to).to_string();
        let step = Step::Transfer { ward: to.clone(), body, rule: TRANSFERRED.to_owned(), point };
        Ok(Decision { step, role: "office", reason: None, note: note.clone(), internal: internal.clone() })
    })
    .await
}
