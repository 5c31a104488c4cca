//! Where a report belongs under other boundaries than those in force. Its true place decides; one without a place
//! follows its ward's successor. What that does not decide belongs to nobody's ward and is said to be homeless.

use crate::action::city::{Areas, City};
use crate::action::life::transfer::{TRANSFERRED, body_in};
use crate::action::public::public_point;
use crate::action::submit::Place;
use crate::store::{Assignment, Placed, PlacedRecord};
use diaban_core::domain::{Assigned, BodyId, Category, Precision, WardId};

/// The rule of a report whose ward is no more and has several successors.
pub(super) const HOMELESS: &str = "homeless";

/// What becomes of a report under the boundaries of `next`.
pub(super) fn place(city: &City, next: &Areas, record: &PlacedRecord) -> Placed {
    let was = &record.assigned;
    let to = target(city, next, record);
    let code = |a: &Assignment| a.ward.as_ref().map(|w| w.code.clone());
    let told = to != *was && code(&to) != code(was);
    let from_ward = was.ward.as_ref().filter(|_| told).map(|from| {
        // Who reads the news of a bare code reads those of the ward that has it now, and must learn of it.
        let same_code = WardId::new(&next.codebook.active, &from.code);
        if next.is_in_force(&same_code) { same_code } else { from.clone() }
    });
    let note = told.then(|| note(city, next, was, &to));
    // What waits has a row whether it changes or not: no log tells when it came.
    let to = (to != *was || record.waits || record.held.is_some()).then_some(to);
    // Kept, so that a preparation that is broken off can be repeated.
    let events = record.held.as_ref().map(|(_, events)| *events);
    Placed { seq: record.seq, to, told, from_ward, note, events }
}

fn target(city: &City, next: &Areas, record: &PlacedRecord) -> Assignment {
    if let Some((held, _)) = &record.held {
        return held.clone();
    }
    let was = &record.assigned;
    let category = city.pack.categories.by_code(&record.category);
    let standing = was.ward.as_ref().map(|w| next.standing_for(w)).unwrap_or_default();
    let one = match &standing[..] {
        [one] if next.is_in_force(one) => Some(one),
        _ => None,
    };
    let precision = record.decided.with(category.map(|c| c.precision));
    if was.rule == TRANSFERRED
        && BodyId::new(&was.body).ward().is_some()
        && let Some(ward) = one
    {
        // People sent it there: that stays as long as there is one ward that has the ground.
        return if was.ward.as_ref() == Some(ward) {
            was.clone()
        } else {
            let label = next.book.unit(ward).map(|u| u.label);
            let point = if precision == Precision::Ward && was.point.is_some() { label } else { was.point };
            let body = body_in(&was.body, ward);
            Assignment { ward: Some(ward.clone()), body, point, border_m: None, ..was.clone() }
        };
    }
    if let Some(point) = record.point
        && let Ok(located) = next.active().locate(point)
    {
        let place = Place::at(next, point, located);
        let (body, rule) = body(city, category, place.ward.as_ref(), was);
        let exactly = |m: Option<f64>| m.filter(|_| precision == Precision::Exact);
        return Assignment {
            body,
            rule,
            point: public_point(next, precision, point, place.unit),
            border_m: exactly(place.border_m),
            offshore_m: exactly(place.offshore_m),
            ward: place.ward,
        };
    }
    match (&was.ward, one) {
        (None, _) => was.clone(),
        (Some(ward), Some(one)) if ward == one => was.clone(),
        (Some(_), Some(one)) => routed(city, category, Some(one), was),
        // A ward that is in no generation any more stays where it stands in its own.
        (Some(ward), None) if ward.generation == next.codebook.active => was.clone(),
        (Some(_), None) => Assignment { rule: HOMELESS.to_owned(), ..routed(city, category, None, was) },
    }
}

/// Who answers in a ward, and by which rule. For a category that left the pack there are no rules: a ward's body
/// gives way to the ward's of its kind, another body keeps it.
fn body(
    city: &City,
    category: Option<&Category>,
    ward: Option<&WardId>,
    was: &Assignment,
) -> (String, String) {
    // People sent it there, and no boundary has to do with that.
    if was.rule == TRANSFERRED && BodyId::new(&was.body).ward().is_none() {
        return (was.body.clone(), was.rule.clone());
    }
    let assigned = match (category, ward) {
        (Some(category), _) => city.pack.routing.body_for(category, ward),
        (None, Some(ward)) if BodyId::new(&was.body).ward().is_some() => {
            Assigned { body: BodyId::new(&body_in(&was.body, ward)), rule: was.rule.clone() }
        }
        (None, None) if BodyId::new(&was.body).ward().is_some() => city.pack.routing.without_ward(),
        (None, _) => return (was.body.clone(), was.rule.clone()),
    };
    (assigned.body.to_string(), assigned.rule)
}

/// The same place in another ward, by its successor.
fn routed(city: &City, category: Option<&Category>, ward: Option<&WardId>, was: &Assignment) -> Assignment {
    let (body, rule) = body(city, category, ward, was);
    Assignment { ward: ward.cloned(), body, rule, point: was.point, border_m: None, offshore_m: None }
}

/// What people read of the move.
fn note(city: &City, next: &Areas, was: &Assignment, to: &Assignment) -> String {
    let now = city.areas();
    let name = |w: &WardId| {
        let unit = next.book.unit(w).or_else(|| now.book.unit(w));
        unit.map_or_else(|| w.to_string(), |u| u.name.clone())
    };
    let since = &next.codebook.active;
    let from = was.ward.as_ref().map_or_else(|| "?".to_owned(), &name);
    if let Some(ward) = &to.ward {
        let to = name(ward);
        return format!("Địa giới {since}: {from} → {to} / Boundaries of {since}: {from} → {to}");
    }
    let all = was.ward.as_ref().map(|w| next.standing_for(w)).unwrap_or_default();
    let all: Vec<String> = all.iter().map(name).collect();
    let all = all.join(", ");
    format!(
        "Địa giới {since}: {from} chia cho {all}; chờ phân công / Boundaries of {since}: {from} is divided among {all}; \
         to be assigned"
    )
}
