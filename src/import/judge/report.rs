//! A row to a report as its source tells it: times, the state it has reached. Not here: category, place and
//! texts, which the same checks judge as those of a report that is sent (`action::submit`).

use std::collections::BTreeMap;

use geo::Geometry;

use super::Judge;
use super::life::Life;
use super::times::TimeReader;
use crate::import::findings::Counts;
use crate::import::numbers::numeral;
use crate::import::place::to_point;
use crate::import::profile::Profile;
use crate::import::profile::mapping::Properties;
use crate::import::raw::{Raw, written};
use diaban_core::domain::field::Value;
use diaban_core::domain::{Instant, State, Status};

/// What a report is read from; a profile names the columns.
const PROPERTIES: [&str; 15] = [
    "title",
    "description",
    "category",
    "state",
    "address",
    "ward",
    "observed_at",
    "created_at",
    "closed_at",
    "updated_at",
    "reason",
    "note",
    "redirect_to",
    "accuracy_m",
    "source",
];
/// Answers to the questions of a category are `answers.CODE`.
const ANSWERS: &str = "answers.";

/// The properties that rows of reports are mapped to.
pub(in crate::import) fn properties() -> Properties<'static> {
    Properties { id: "reports", names: PROPERTIES.to_vec(), prefix: Some(ANSWERS) }
}

/// A report of the past as its source tells it, not yet judged by the city's rules.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// Its row in the file.
    pub row: u64,
    /// What the source calls it.
    pub source_id: String,
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
    /// The ward, where there is no place.
    pub ward: Option<String>,
    /// The radius in metres within which the true place lies with 95%.
    pub accuracy_m: Option<f64>,
    /// Answers by question code.
    pub answers: BTreeMap<String, String>,
    /// The door it once came through.
    pub door: Option<String>,
    /// When it was seen.
    pub observed: Option<Instant>,
    /// When it was received.
    pub created: Instant,
    /// The state it has reached.
    pub state: State,
    /// When it reached it; not before it was received.
    pub since: Instant,
    /// Why it has this state.
    pub reason: Option<String>,
    /// What the office said.
    pub note: Option<String>,
    /// Where the office sent whoever sent it.
    pub redirect_to: Option<String>,
}

/// What all rows of a file of reports are judged by.
pub(in crate::import) struct ReportJudge {
    times: TimeReader,
    needs_place: bool,
    /// Whether lines and areas become points.
    to_points: bool,
    /// Points that were made, by their rule.
    rules: BTreeMap<&'static str, u64>,
    now: Instant,
}

impl Judge for ReportJudge {
    type Taken = Incoming;

    fn judge(
        &mut self,
        raw: Raw,
        source_id: &str,
        mut values: BTreeMap<String, Value>,
        counts: &mut Counts,
    ) -> Result<Incoming, Vec<String>> {
        let mut text = |name: &str| values.remove(name).as_ref().and_then(written);
        let Life { observed, created, closed, updated, was_closed, unread, mut faults, mut unfit } =
            Life::read(&self.times, self.now, &mut text);
        let named = text("state");
        // A report that was closed at a time that cannot be was closed; at one that is none, nobody knows.
        if let Some(fault) = unread.filter(|_| named.is_none()) {
            faults.push(format!("{fault}, and no state says whether it was closed"));
        }
        let state = state(named, was_closed).unwrap_or_else(|reason| {
            faults.push(reason);
            State::Received
        });
        let accuracy_m = text("accuracy_m").and_then(|t| {
            let metres = numeral(&t, false).ok().and_then(|t| t.parse().ok());
            if metres.is_none() {
                unfit.push(("accuracy_m", format!("accuracy_m is “{}”, no number of metres", shown(&t))));
            }
            metres
        });
        let place = self.place(&raw).unwrap_or_else(|reason| {
            faults.push(reason);
            None
        });
        let (Some(created), true) = (created, faults.is_empty()) else { return Err(faults) };
        // What is closed was closed then; what is open was touched last when it was updated.
        let since = if state.status() == Status::Closed { closed.or(updated) } else { updated.or(closed) };
        for (name, fault) in unfit {
            counts.leave_out(raw.row, name, &fault);
        }
        counts.untimed += u64::from(state != State::Received && since.is_none());
        Ok(Incoming {
            row: raw.row,
            source_id: source_id.to_owned(),
            category: text("category"),
            title: text("title"),
            description: text("description"),
            address: text("address"),
            ward: text("ward").filter(|_| place.is_none()),
            door: text("source"),
            reason: text("reason"),
            note: text("note"),
            redirect_to: text("redirect_to"),
            answers: values
                .into_iter()
                .filter_map(|(name, v)| Some((name.strip_prefix(ANSWERS)?.to_owned(), written(&v)?)))
                .collect(),
            place,
            accuracy_m,
            observed,
            created,
            state,
            since: since.unwrap_or(created),
        })
    }

    fn told(&self) -> Vec<String> {
        self.rules.iter().map(|(rule, n)| format!("{n} {rule}")).collect()
    }
}

impl ReportJudge {
    pub(in crate::import) fn new(times: TimeReader, profile: &Profile, now: Instant) -> Self {
        let (needs_place, to_points) = (profile.needs_place, profile.shape.is_some());
        Self { times, needs_place, to_points, rules: BTreeMap::new(), now }
    }

    fn place(&mut self, raw: &Raw) -> Result<Option<(f64, f64)>, String> {
        match &raw.geometry {
            Ok(None) if self.needs_place => Err("has no place".to_owned()),
            Ok(None) => Ok(None),
            Ok(Some(Geometry::Point(p))) => Ok(Some((p.x(), p.y()))),
            Ok(Some(other)) => match to_point(other) {
                Some((p, "")) => Ok(Some((p.x(), p.y()))),
                Some((p, rule)) if self.to_points => {
                    *self.rules.entry(rule).or_default() += 1;
                    Ok(Some((p.x(), p.y())))
                }
                Some(_) => {
                    Err("geometry must be a Point (--shape point makes points of areas and lines)".to_owned())
                }
                None => Err("geometry must be a Point".to_owned()),
            },
            Err(reason) => Err(reason.clone()),
        }
    }
}

/// The state that a text names; without one a report that was closed is done, any other was received.
fn state(text: Option<String>, was_closed: bool) -> Result<State, String> {
    let Some(text) = text else {
        return Ok(if was_closed { State::Resolved } else { State::Received });
    };
    State::from_words(&text).ok_or_else(|| {
        let names: Vec<&str> = State::ALL.iter().map(|s| s.name()).collect();
        format!(
            "state is “{}”, none of {}; say in values.state of the profile what it means",
            shown(&text),
            names.join(", ")
        )
    })
}

fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::import::clean::Letters;
    use crate::import::profile::Profile;
    use crate::import::profile::mapping::Mapping;
    use crate::import::raw::PlaceIn;

    fn judge(profile: &str, cells: &[(&str, &str)]) -> Result<Incoming, String> {
        let profile = Profile::parse(profile).unwrap();
        let mapping = Mapping::new(&profile, properties()).unwrap();
        let times = TimeReader::new(profile.times.as_ref(), &TimeZone::UTC).unwrap();
        let now = Instant::parse("2026-01-01T00:00:00Z").unwrap();
        let cells = cells.iter().map(|(k, v)| ((*k).to_owned(), Value::Text((*v).to_owned())));
        let geometry = Ok(Some(Geometry::Point(geo::Point::new(106.7, 10.78))));
        let (place, properties) = (PlaceIn::Geometry, cells.collect());
        let raw = Raw { row: 2, id: None, place, crs: None, geometry, properties };
        let values = mapping.apply(&raw, &mut Letters::default());
        let mut judge = ReportJudge::new(times, &profile, now);
        judge.judge(raw, "a1", values, &mut Counts::default()).map_err(|faults| faults.join("; "))
    }

    const CITY: &str = "
        fields = { created_at = 'opened', closed_at = 'shut', category = 'code', 'answers.open' = 'gap' }
        values.category = { '033' = 'pothole', '*' = 'other_issue' }
        values.state = { Closed = 'resolved', Open = 'received', 'In Progress' = 'in_progress' }";

    #[test]
    fn columns_become_a_report_with_its_state_and_times() {
        let row = [
            ("opened", "2025-01-02T03:04:05Z"),
            ("shut", "2025-01-03 00:00:00"),
            ("state", "CLOSED"),
            ("code", "033"),
            ("gap", "yes"),
            ("ward", "26740"),
        ];
        let r = judge(CITY, &row).unwrap();
        assert_eq!((r.source_id.as_str(), r.state, r.place), ("a1", State::Resolved, Some((106.7, 10.78))));
        assert_eq!(r.since.to_string(), "2025-01-03T00:00:00.000Z");
        assert_eq!((r.category.as_deref(), r.ward), (Some("pothole"), None), "a place has its own ward");
        assert_eq!(r.answers["open"], "yes");
        let state = |state: &str, shut: &str| {
            let row = [("opened", "2025-01-02"), ("state", state), ("shut", shut), ("code", "9")];
            judge(CITY, &row).map(|r| (r.state, r.since.to_string(), r.category.unwrap_or_default()))
        };
        let at = |day: &str| format!("2025-01-0{day}T00:00:00.000Z");
        let other = "other_issue".to_owned();
        assert_eq!(state("", "2025-01-05").unwrap(), (State::Resolved, at("5"), other.clone()));
        assert_eq!(state("", "").unwrap(), (State::Received, at("2"), other.clone()));
        assert_eq!(state("in progress", "").unwrap(), (State::InProgress, at("2"), other.clone()));
        assert_eq!(state("Đã trả lời", "2025-01-05").unwrap(), (State::Answered, at("5"), other.clone()));
        assert_eq!(state("CHUYỂN HƯỚNG", "").unwrap(), (State::Redirected, at("2"), other));
        assert!(
            state("Pending", "").unwrap_err().contains("state is “Pending”, none of received, forwarded")
        );
    }

    #[test]
    fn times_that_cannot_be_are_reasons_and_all_are_said() {
        let why = |cells: &[(&str, &str)]| judge(CITY, cells).unwrap_err();
        assert!(why(&[]).contains("created_at is missing"));
        assert!(why(&[("opened", "2026-01-02")]).contains("created_at lies in the future: 2026-01-02"));
        let both = why(&[("opened", "soon"), ("state", "Pending")]);
        assert!(both.contains("created_at is “soon”") && both.contains("state is “Pending”"), "{both}");
        assert!(why(&[("opened", "2025-05-01"), ("shut", "chưa")]).contains("no state says whether"));
        assert!(why(&[("opened", "soon")]).contains("created_at is “soon”, no time"));
        assert!(why(&[("opened", "1900-01-01")]).contains("before 1970"));
    }
}
