//! A citizen's report: checked, placed, routed, blurred, dated, stored.

use std::collections::BTreeMap;

use super::city::{Areas, City};
use super::public::public_point;
use crate::clock::{Clock, Ids};
use crate::store::{Created, IdempotencyKey, ReportRecord, Store, StoreError};
use diaban_core::area::{Accuracy, Generation, Located, Outside, OutsideReason, USUAL_CONFIDENCE};
use diaban_core::domain::mask::{Masked, Written};
use diaban_core::domain::report::{Event, NewReport, PrivateFacts, PublicFacts};
use diaban_core::domain::view::PublicReport;
use diaban_core::domain::{
    Category, Instant, PlaceRule, Precision, QuestionKind, State, Violation, WardId, WardName, deadline,
    nearest, text,
};
use diaban_core::geo::LonLat;

/// Characters of each text.
const TITLE: usize = 200;
const DESCRIPTION: usize = 4_000;
const ADDRESS: usize = 300;
const ANSWER: usize = 1_000;
/// A phone's clock may be ahead by this much, in milliseconds.
const AHEAD_MS: i64 = 24 * 3_600_000;
/// Draws of an id before giving up: a second collision in 2^52 is no chance any more.
const DRAWS: usize = 8;

/// A report as it came in, before anything was checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Submission {
    /// Longitude and latitude in degrees.
    pub place: Option<(f64, f64)>,
    /// Code of the category.
    pub category: Option<String>,
    /// A line.
    pub title: Option<String>,
    /// What was seen.
    pub description: Option<String>,
    /// The address as written.
    pub address: Option<String>,
    /// The radius in metres within which the true place lies with the probability `accuracy_confidence`.
    pub accuracy_m: Option<f64>,
    /// That probability; 0.95 if nothing is said.
    pub accuracy_confidence: Option<f64>,
    /// When it was seen: RFC 3339.
    pub observed_at: Option<String>,
    /// The ward, for a report without a place.
    pub ward: Option<String>,
    /// Answers by question code.
    pub answers: BTreeMap<String, String>,
    /// Nobody could be asked, as for reports of the past: answers that are required may be missing.
    pub unasked: bool,
    /// The door it came through.
    pub source: String,
}

/// Why a report is refused: everything at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refusal {
    /// What is wrong, by field.
    pub violations: Vec<Violation>,
    /// Where the place lies, when it is outside.
    pub outside: Option<Outside>,
}

/// What came of a submission.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The report as it is stored now.
    pub report: PublicReport,
    /// The texts in which something was masked.
    pub masked: Vec<&'static str>,
    /// Whether this request made it; otherwise an earlier one with the same key did.
    pub created: bool,
}

/// Why there is no receipt.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The content breaks rules.
    #[error("the content breaks rules")]
    Refused(Refusal),
    /// The key was used with another body.
    #[error("the key was used with another body")]
    KeyConflict,
    /// The key's report was erased.
    #[error("the report was erased")]
    Gone,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks and stores a report. What is answered is durable.
///
/// # Errors
/// See [`SubmitError`].
pub async fn submit(
    city: &City,
    store: &Store,
    clock: &dyn Clock,
    ids: &dyn Ids,
    submission: Submission,
    key: Option<IdempotencyKey>,
) -> Result<Receipt, SubmitError> {
    let now = clock.now();
    let assessed = |areas: &Areas| assess(city, areas, submission.clone(), now).map_err(SubmitError::Refused);
    let mut report = assessed(&city.areas())?;
    for _ in 0..DRAWS {
        report.id = ids.report_id();
        let masked = report.masked();
        let (stored, created) = match store.create_report(report.clone(), key.clone()).await? {
            // What was written is what would be read: nobody else can have touched it yet.
            Created::New => (ReportRecord { seq: 0, id: report.id, facts: report.public }, true),
            Created::Replayed { same: false, .. } => return Err(SubmitError::KeyConflict),
            Created::Replayed { id, .. } => (store.report(id).await?.ok_or(SubmitError::Gone)?, false),
            Created::IdTaken => continue,
            // Other boundaries have just come into force, and this process is about to hear of it.
            Created::OtherAreas => {
                let areas = city.areas_after(report.edition).await.ok_or(StoreError::Busy)?;
                report = assessed(&areas)?;
                continue;
            }
        };
        return Ok(Receipt { report: city.view(stored), masked, created });
    }
    Err(SubmitError::Store(StoreError::Busy))
}

/// Everything about a new report that needs no store; its id is still to be drawn.
///
/// # Errors
/// All faults of the content at once.
pub fn assess(city: &City, areas: &Areas, s: Submission, now: Instant) -> Result<NewReport, Refusal> {
    let mut refusal = Refusal::default();
    let faults = &mut refusal.violations;
    let title = line(s.title.as_deref(), "title", TITLE, faults).map(|t| Written::of(t.replace('\n', " ")));
    let description = line(s.description.as_deref(), "description", DESCRIPTION, faults).map(Written::of);
    let address = line(s.address.as_deref(), "address", ADDRESS, faults);
    // What a device says of itself never decides whether a citizen may report: phones say -1 for unknown.
    let accuracy =
        s.accuracy_m.and_then(|m| Accuracy::new(m, s.accuracy_confidence.unwrap_or(USUAL_CONFIDENCE)).ok());
    let observed = s.observed_at.as_deref().and_then(|t| observed(t, now, faults));
    let category = category(city, s.category.as_deref(), faults);
    let answers = answers(category, s.answers, s.unasked, faults);
    let place = match category {
        Some(c) => place(areas, c, (s.place, accuracy), s.ward.as_deref(), &mut refusal),
        // Without a category the place is looked up all the same: all faults are said at once.
        None => s
            .place
            .and_then(|p| locate(areas, p, accuracy, &mut refusal))
            .map(|(p, l)| Place::at(areas, p, l)),
    };
    let (Some(category), true) = (category, refusal.violations.is_empty()) else { return Err(refusal) };
    let place = place.unwrap_or_default();
    let assigned = city.pack.routing.body_for(category, place.ward.as_ref());
    let blurred = category.precision != Precision::Exact;
    let shown = |t: Instant| category.precision.shown(t);
    let exactly = |m: Option<f64>| m.filter(|_| !blurred);
    Ok(NewReport {
        id: 0,
        public: PublicFacts {
            point: place.point.and_then(|p| public_point(areas, category.precision, p, place.unit)),
            body: assigned.body.to_string(),
            rule: assigned.rule,
            title: title.as_ref().map(|w| w.shown.clone()),
            description: description.as_ref().map(|w| w.shown.clone()),
            // What is written on the envelope tells the place as well as the point does.
            address: address.as_deref().filter(|_| !blurred).map(Masked::of),
            source: s.source,
            border_m: exactly(place.border_m),
            offshore_m: exactly(place.offshore_m),
            observed: observed.map(shown),
            created: shown(now),
            updated: shown(now),
            due: Some(deadline::due(now, category.target_days, &city.pack.calendar)),
            ward: place.ward,
            ..PublicFacts::of(category)
        },
        private: PrivateFacts {
            point: place.point,
            accuracy_m: accuracy.map(Accuracy::radius_95_m),
            address,
            title: title.and_then(|w| w.original),
            description: description.and_then(|w| w.original),
            answers,
        },
        precision: category.precision,
        edition: areas.codebook.edition,
        events: vec![Event {
            at: now,
            shown: shown(now),
            role: "citizen",
            from: None,
            to: State::Received,
            reason: None,
            note: None,
            redirect_to: None,
        }],
    })
}

/// Where a report belongs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    pub(super) point: Option<LonLat>,
    pub(super) unit: Option<usize>,
    pub(super) ward: Option<WardId>,
    pub(super) border_m: Option<f64>,
    pub(super) offshore_m: Option<f64>,
}

impl Place {
    pub(super) fn at(areas: &Areas, point: LonLat, located: Located) -> Self {
        Self {
            point: Some(point),
            unit: Some(located.unit),
            ward: Some(areas.ward_id(located.unit)),
            border_m: Some(located.border_m),
            offshore_m: located.offshore_m,
        }
    }
}

fn line(raw: Option<&str>, field: &str, max: usize, faults: &mut Vec<Violation>) -> Option<String> {
    text::clean(raw?, max).unwrap_or_else(|e| {
        faults.push(Violation::new(format!("properties.{field}"), e.to_string()));
        None
    })
}

fn observed(raw: &str, now: Instant, faults: &mut Vec<Violation>) -> Option<Instant> {
    let at = Instant::parse(raw).ok().filter(|t| t.ms() <= now.ms() + AHEAD_MS && t.ms() >= 0);
    if at.is_none() {
        let detail =
            "must be an RFC 3339 date-time that is not in the future, like 2026-11-25T08:30:00+07:00";
        faults.push(Violation::new("properties.observed_at", detail));
    }
    at
}

fn category<'a>(city: &'a City, code: Option<&str>, faults: &mut Vec<Violation>) -> Option<&'a Category> {
    let field = "properties.category";
    let Some(code) = code else {
        faults.push(Violation::new(field, "is required; /categories lists the codes"));
        return None;
    };
    let found = city.pack.categories.by_code(code);
    if found.is_none() {
        let hint = nearest(code, city.pack.categories.iter().map(|c| &*c.code))
            .map_or_else(|| "/categories lists the codes".to_owned(), |n| format!("did you mean {n}?"));
        faults.push(Violation::new(field, format!("is not a category; {hint}")));
    }
    found
}

fn place(
    areas: &Areas,
    category: &Category,
    (place, accuracy): (Option<(f64, f64)>, Option<Accuracy>),
    ward: Option<&str>,
    refusal: &mut Refusal,
) -> Option<Place> {
    let mut fault = |field: &str, detail: &str| refusal.violations.push(Violation::new(field, detail));
    match (category.place, place) {
        (PlaceRule::None, Some(_)) => {
            fault("geometry", "must be null: this category has no place");
            None
        }
        (PlaceRule::Required, None) => {
            fault("geometry", "must be a Point: this category needs a place");
            None
        }
        (_, Some(p)) => {
            if ward.is_some() {
                fault("properties.ward", "is found from the place; leave it out");
            }
            locate(areas, p, accuracy, refusal).map(|(p, located)| Place::at(areas, p, located))
        }
        (_, None) => {
            let named = ward.map(|name| (name, areas.codebook.ward(name)));
            match named {
                None => Some(Place::default()),
                Some((_, WardName::Known(i)))
                    if areas.codebook.wards.get(usize::from(i)).is_some_and(|w| areas.is_in_force(w)) =>
                {
                    let ward = areas.codebook.wards.get(usize::from(i)).cloned();
                    Some(Place { ward, ..Place::default() })
                }
                Some((_, WardName::Known(_) | WardName::Former(_))) => {
                    fault(
                        "properties.ward",
                        "is not in force any more; /collections/wards/items lists the wards",
                    );
                    None
                }
                Some((_, WardName::Unknown)) => {
                    fault("properties.ward", "is not a ward; /collections/wards/items lists the codes");
                    None
                }
            }
        }
    }
}

fn locate(
    areas: &Areas,
    (lon, lat): (f64, f64),
    accuracy: Option<Accuracy>,
    refusal: &mut Refusal,
) -> Option<(LonLat, Located)> {
    let field = "geometry.coordinates";
    let generation = areas.active();
    let point = match LonLat::new(lon, lat) {
        Ok(p) => p,
        Err(e) => {
            let hint = if generation.is_swapped(lon, lat) { SWAPPED } else { "" };
            refusal.violations.push(Violation::new(field, format!("{e}{hint}")));
            return None;
        }
    };
    match generation.locate_with(point, accuracy) {
        Ok(located) => Some((point, located)),
        Err(outside) => {
            refusal.violations.push(Violation::new(field, outside_text(generation, &outside)));
            refusal.outside = Some(outside);
            None
        }
    }
}

/// Added where longitude and latitude were exchanged.
pub(super) const SWAPPED: &str = "; longitude and latitude seem to be swapped: longitude comes first";

/// Why a place belongs to no ward, for people.
pub fn outside_text(generation: &Generation, o: &Outside) -> String {
    let near = &generation.units()[o.nearest].name;
    let km = o.distance_m / 1000.0;
    let why = match o.reason {
        OutsideReason::Inland => format!("lies outside the city, {km:.2} km from {near}"),
        OutsideReason::TooFarOut => format!("lies {km:.2} km out at sea, off {near}"),
        OutsideReason::FarAway => format!("lies far outside the city, {km:.0} km from {near}"),
    };
    if o.swapped { format!("{why}{SWAPPED}") } else { why }
}

fn answers(
    category: Option<&Category>,
    given: BTreeMap<String, String>,
    unasked: bool,
    faults: &mut Vec<Violation>,
) -> BTreeMap<String, String> {
    let Some(category) = category else { return given };
    let mut kept = BTreeMap::new();
    for code in given.keys().filter(|c| category.questions.iter().all(|q| q.code != **c)) {
        let shown: String = code.chars().take(40).collect();
        faults.push(Violation::new(
            format!("properties.answers.{shown}"),
            "is not a question of this category",
        ));
    }
    for q in &category.questions {
        let field = format!("properties.answers.{}", q.code);
        let answer = match text::clean(given.get(&q.code).map_or("", String::as_str), ANSWER) {
            Ok(answer) => answer,
            Err(e) => {
                faults.push(Violation::new(field, e.to_string()));
                continue;
            }
        };
        match (answer, &q.kind) {
            (None, _) if q.required && !unasked => {
                faults.push(Violation::new(field, format!("is required: {}", q.text.en)));
            }
            (None, _) => {}
            (Some(a), QuestionKind::Choice(choices)) if choices.iter().all(|c| c.code != a) => {
                let codes: Vec<&str> = choices.iter().map(|c| c.code.as_str()).collect();
                faults.push(Violation::new(field, format!("must be one of: {}", codes.join(", "))));
            }
            (Some(a), QuestionKind::Number) if a.parse::<f64>().map_or(true, |n| !n.is_finite()) => {
                faults.push(Violation::new(field, "must be a number"));
            }
            (Some(a), _) => {
                kept.insert(q.code.clone(), a);
            }
        }
    }
    kept
}
