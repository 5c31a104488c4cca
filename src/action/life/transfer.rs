//! A report goes to another office: a body of the city, a body of a ward, or the body of another ward that its like
//! had before: borders run along streets, and phones err. What goes round between offices lands with the operator's
//! body.

use std::sync::atomic::{AtomicBool, Ordering};

use super::verb::{Actor, Decision, VerbError, decide, precision, public_words, words};
use crate::action::city::{Areas, City};
use crate::clock::Clock;
use crate::store::{Happening, Step, Store};
use diaban_core::domain::caller::{Act, Caller};
use diaban_core::domain::mask::Written;
use diaban_core::domain::report::EventKind;
use diaban_core::domain::report::holders::{Turn, holders, is_loop};
use diaban_core::domain::{BodyId, Precision, State, WardId, WardName};
use diaban_core::geo::LonLat;

/// The rule of a report that people sent where it is; re-assignment inside one generation leaves it there.
pub(in crate::action) const TRANSFERRED: &str = "transfer";

/// Who answers in another ward for what this body had: the body of the same kind there, or for what a body of the
/// city had the ward's own office.
pub(in crate::action) fn body_in(body: &str, ward: &WardId) -> String {
    BodyId::new(body).in_ward(ward).unwrap_or_else(|| BodyId::ward_office(ward)).to_string()
}

/// To whom a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// To a ward in force, by its code or canonical id: to the body of the kind that had it, or to its own office.
    Ward(String),
    /// To a body, by its id; `ward:` and a ward is that ward's own office, another kind its other body.
    Body(String),
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// To whom.
    pub to: To,
    /// What everybody may read.
    pub note: Option<String>,
    /// What offices read.
    pub internal: Option<String>,
}

/// Where a report went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transferred {
    /// Where it was sent.
    There,
    /// To the operator's body: it went round.
    Landed,
}

/// Gives a report to another office, or to the operator's body if that would be a loop
/// ([`diaban_core::domain::report::holders`]). The operator's own transfers go where they are sent.
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
) -> Result<Transferred, VerbError> {
    let areas = city.areas();
    let to = target(city, &areas, &asked.to)?;
    let note = public_words(asked.note.as_deref(), "note")?;
    let internal = words(asked.internal.as_deref(), "internal_note")?;
    let operator = city.pack.routing.without_ward().body;
    let landed = AtomicBool::new(false);
    decide(city, store, clock, id, (actor, Act::Transfer), |was, life| {
        // The ward that is meant may be in force no more.
        if was.edition != areas.codebook.edition {
            let detail = "is of boundaries that changed just now; send it again";
            return Err(VerbError::refused(to.field, detail));
        }
        let body = to.body(&was.body);
        if was.body == body.as_str() {
            return Err(VerbError::refused(to.field, "has the report already"));
        }
        let row = holders(turns(&areas, life), &BodyId::new(&was.body), &operator);
        let looped = actor.caller != Caller::Operator && is_loop(&row, &body);
        landed.store(looped, Ordering::Relaxed);
        let (step, reason) = if looped {
            let names = row.iter().chain([&body]).map(|b| city.body_name(&areas, b));
            let (vi, en): (Vec<_>, Vec<_>) = names.map(|name| (name.vi, name.en)).unzip();
            let reason = format!(
                "Chuyển lòng vòng ({}): về đơn vị điều phối / Sent round ({}): to the coordinating body",
                vi.join(" → "),
                en.join(" → ")
            );
            (step(was.ward.clone(), &operator, was.point), Some(Written::by_us(reason)))
        } else {
            let ward = to.ward.clone().or_else(|| was.ward.clone());
            // The public point of such a category is the ward's own.
            let label = |ward: &WardId| areas.book.unit(ward).map(|u| u.label);
            let point = match &to.ward {
                Some(ward) if precision(city, was) == Precision::Ward && was.placed => label(ward),
                _ => was.point,
            };
            (step(ward, &body, point), None)
        };
        let (note, internal) = (note.clone(), internal.clone());
        Ok(Decision { reason, note, internal, ..Decision::new(step, "office") })
    })
    .await?;
    Ok(if landed.into_inner() { Transferred::Landed } else { Transferred::There })
}

/// Who is meant.
pub(super) struct Target {
    /// The field that names it.
    pub(super) field: &'static str,
    body: Named,
    /// The ward, if it is a ward's body.
    ward: Option<WardId>,
}

enum Named {
    One(BodyId),
    /// The body of a ward that is like the one that had the report.
    LikeIn(WardId),
}

impl Target {
    pub(super) fn body(&self, was: &str) -> BodyId {
        match &self.body {
            Named::One(body) => body.clone(),
            Named::LikeIn(ward) => BodyId::new(&body_in(was, ward)),
        }
    }
}

pub(super) fn target(city: &City, areas: &Areas, to: &To) -> Result<Target, VerbError> {
    let ward = |field: &'static str, name: &str| {
        let known = match areas.codebook.ward(name) {
            WardName::Known(i) => areas.codebook.wards.get(usize::from(i)),
            _ => None,
        };
        let ward = known.filter(|w| w.generation == areas.codebook.active);
        ward.cloned().ok_or_else(|| VerbError::refused(field, "is not a ward in force"))
    };
    match to {
        To::Ward(name) => {
            let ward = ward("ward", name)?;
            Ok(Target { field: "ward", body: Named::LikeIn(ward.clone()), ward: Some(ward) })
        }
        To::Body(id) => {
            let body = BodyId::new(id);
            let bodies = &city.pack.bodies;
            let kinds = || std::iter::once(BodyId::OFFICE).chain(bodies.kinds().map(|k| &**k));
            if let Some((kind, name)) = body.named_parts().filter(|(kind, _)| kinds().any(|k| k == *kind)) {
                let ward = ward("body", name)?;
                let body = Named::One(BodyId::of_ward(kind, &ward));
                return Ok(Target { field: "body", body, ward: Some(ward) });
            }
            if bodies.get(&body).is_none() {
                let all = bodies.iter().map(|b| b.id.to_string());
                let all: Vec<String> = all.chain(kinds().map(|kind| format!("{kind}:CODE"))).collect();
                let detail = format!("is not a body of the city; there are: {}", all.join(", "));
                return Err(VerbError::refused("body", detail));
            }
            Ok(Target { field: "body", body: Named::One(body), ward: None })
        }
    }
}

fn step(ward: Option<WardId>, body: &BodyId, point: Option<LonLat>) -> Step {
    Step::Transfer { ward, body: body.to_string(), rule: TRANSFERRED.to_owned(), point }
}

/// What of a life is about who has the report. Bodies of former wards are those of today.
fn turns(areas: &Areas, life: Vec<Happening>) -> impl Iterator<Item = Turn> {
    let today = |id: &str| {
        let body = BodyId::new(id);
        let standing = body.ward().map(|w| areas.standing_for(&w)).unwrap_or_default();
        if let [one] = &standing[..] { body.in_ward(one).unwrap_or(body) } else { body }
    };
    life.into_iter().filter_map(move |event| match event.kind {
        EventKind::State if event.to == State::Reopened => Some(Turn::Reopened),
        EventKind::Transfer => {
            // A release that did not note bodies knew offices of wards only.
            let to = event.body.or_else(|| Some(BodyId::ward_office(&event.ward?).to_string()))?;
            Some(Turn::Transfer { from: event.from_body.as_deref().map(today), to: today(&to) })
        }
        _ => None,
    })
}
