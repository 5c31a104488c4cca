//! Reports of the past from a file: judged as reports that are sent, with the life they had, stored
//! once however often the file comes.

use std::io::Read;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::action::city::{Areas, City};
use crate::action::patience::patiently;
use crate::action::submit::{Refusal, Submission, assess};
use crate::clock::{Clock, Ids};
use crate::import::{
    self, Counts, Format, ImportError, Incoming, Profile, Rejected, ReportInput, ReportRead,
};
use crate::store::{IdempotencyKey, KeyedReports, Loaded, Store, StoreError};
use diaban_core::domain::mask::{Masked, Written, mask};
use diaban_core::domain::report::{Event, NewReport, WHERE};
use diaban_core::domain::{State, Violation, text};

/// Characters of the door that a report came through, and of each word of an office.
const DOOR: usize = 100;
const WORDS: usize = 4_000;

/// What is to be imported, and how.
#[derive(Clone, Debug)]
pub struct ReportImport {
    /// The name of the source: its ids are its own.
    pub source: String,
    /// How columns become properties.
    pub profile: Profile,
    /// The format, when the user says so.
    pub format: Option<Format>,
    /// Rows in one commit.
    pub batch: u64,
}

/// Rows that follow each other in the file, judged.
#[derive(Clone, Debug, Default)]
pub struct JudgedReports {
    /// How many.
    pub rows: u64,
    /// Those that may be stored, with the keys that a repeat is known by.
    pub reports: KeyedReports,
    /// Those that may not.
    pub rejected: Vec<Rejected>,
    /// Those that the profile leaves out.
    pub left_out: u64,
}

/// Reads and judges a file and gives it in batches as long as they are taken; nothing is stored. Not on
/// an async thread.
///
/// # Errors
/// When the file as a whole cannot be taken; nothing was given then.
pub fn read_reports(
    city: &City,
    import: &ReportImport,
    clock: &dyn Clock,
    ids: &dyn Ids,
    file: impl Read,
    give: &mut dyn FnMut(JudgedReports) -> bool,
) -> Result<ReportRead, ImportError> {
    let areas = city.areas();
    let input = ReportInput {
        format: import.format,
        profile: &import.profile,
        zone: city.pack.time_zone(),
        areas: areas.active(),
        now: clock.now(),
        batch: import.batch,
    };
    let mut found = Counts::default();
    let mut read = import::read_reports(file, input, &mut |batch| {
        let mut rejected = batch.rejected;
        let mut reports = Vec::with_capacity(batch.taken.len());
        for incoming in batch.taken {
            let (row, id) = (incoming.row, incoming.source_id.clone());
            let key = key(&import.source, &incoming);
            let door_masked = incoming.door.as_deref().is_some_and(|door| *Masked::of(door) != *door);
            let judged = judge_leniently(city, &areas, &import.source, incoming, |fault| {
                found.leave_out(row, &fault.field, &fault.to_string());
            });
            match judged {
                Ok(report) => {
                    found.masked += u64::from(door_masked || !report.masked().is_empty());
                    reports.push((NewReport { id: ids.report_id(), ..report }, key));
                }
                Err(refusal) => {
                    let faults: Vec<String> = refusal.violations.iter().map(ToString::to_string).collect();
                    rejected.push(Rejected { row, source_id: Some(id), reason: faults.join("; ") });
                }
            }
        }
        rejected.sort_by_key(|r| r.row);
        give(JudgedReports {
            rows: batch.rows,
            reports: Arc::new(reports),
            rejected,
            left_out: batch.left_out,
        })
    })?;
    read.findings.counts.unfit.extend(found.unfit);
    read.findings.counts.masked = found.masked;
    Ok(read)
}

/// Without what a report can do without: a text that is too long, an answer that is none. Such a value is left
/// out and told, and never costs the report.
fn judge_leniently(
    city: &City,
    areas: &Areas,
    source: &str,
    incoming: Incoming,
    mut left_out: impl FnMut(&Violation),
) -> Result<NewReport, Refusal> {
    let refusal = match judge(city, areas, source, incoming.clone()) {
        Ok(report) => return Ok(report),
        Err(refusal) => refusal,
    };
    let mut without = incoming;
    for fault in &refusal.violations {
        let field = fault.field.strip_prefix("properties.").unwrap_or(&fault.field);
        match field {
            "title" => without.title = None,
            "description" => without.description = None,
            "address" => without.address = None,
            "accuracy_m" => without.accuracy_m = None,
            "observed_at" => without.observed = None,
            "source" => without.door = None,
            "reason" => without.reason = None,
            "note" => without.note = None,
            "redirect_to" => without.redirect_to = None,
            answer => match answer.strip_prefix("answers.") {
                Some(code) if without.answers.remove(code).is_some() => {}
                _ => return Err(refusal),
            },
        }
    }
    let report = judge(city, areas, source, without)?;
    refusal.violations.iter().for_each(&mut left_out);
    Ok(report)
}

/// Stores a batch in one commit.
///
/// # Errors
/// When the write fails; none of the batch was stored then.
pub async fn store_reports(
    store: &Store,
    (clock, ids): (&dyn Clock, &dyn Ids),
    mut reports: KeyedReports,
) -> Result<Loaded, StoreError> {
    match patiently(|| store.load_keyed(reports.clone(), clock.now())).await {
        // Of millions of drawn ids one may be another report's: the batch draws anew, once.
        Err(StoreError::Other(_)) => {
            Arc::make_mut(&mut reports).iter_mut().for_each(|(report, _)| report.id = ids.report_id());
            patiently(|| store.load_keyed(reports.clone(), clock.now())).await
        }
        loaded => loaded,
    }
}

/// What would become of a batch.
///
/// # Errors
/// When the store cannot be read.
pub async fn compare_reports(store: &Store, reports: &KeyedReports) -> Result<Loaded, StoreError> {
    let keys: Vec<IdempotencyKey> = reports.iter().map(|(_, key)| key.clone()).collect();
    let known = store.known_keys(&keys).await?;
    let mut loaded = Loaded::default();
    for key in &keys {
        match known.get(&key.key) {
            None => loaded.stored += 1,
            Some(body) => {
                loaded.there += 1;
                loaded.changed += u64::from(!key.repeats(body));
            }
        }
    }
    Ok(loaded)
}

/// By what a repeat is known, and what it said.
fn key(source: &str, r: &Incoming) -> IdempotencyKey {
    // Lengths keep ("a", "bc") from being ("ab", "c").
    let mut hash = Sha256::new();
    for part in ["import", source, &r.source_id] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut said = serde_json::json!([
        [r.place.map(|(lon, lat)| [lon, lat]), r.accuracy_m],
        [r.category, r.title, r.description, r.address, r.ward, r.door, r.reason, r.note],
        [r.observed.map(|t| t.ms()), r.created.ms(), r.since.ms()],
        [r.state.name(), r.answers],
    ]);
    // Rows that say nothing of it are known as they were before it could be said.
    if let (Some(to), Some(said)) = (&r.redirect_to, said.as_array_mut()) {
        said.push(to.as_str().into());
    }
    IdempotencyKey { key: hash.finalize().into(), body: Sha256::digest(said.to_string()).into() }
}

/// The checks of a report that is sent, at the time it was received, then what became of it.
fn judge(city: &City, areas: &Areas, source: &str, incoming: Incoming) -> Result<NewReport, Refusal> {
    let mut faults = Vec::new();
    let mut codebook = |raw: Option<&str>, field: &str, max: usize| {
        text::clean(raw.unwrap_or_default(), max).unwrap_or_else(|e| {
            faults.push(Violation::new(field, e.to_string()));
            None
        })
    };
    let door = codebook(incoming.door.as_deref(), "source", DOOR);
    let reason = codebook(incoming.reason.as_deref(), "reason", WORDS);
    let note = codebook(incoming.note.as_deref(), "note", WORDS);
    let redirect_to = codebook(incoming.redirect_to.as_deref(), "redirect_to", WHERE);
    let submission = Submission {
        place: incoming.place,
        category: incoming.category,
        title: incoming.title,
        description: incoming.description,
        address: incoming.address,
        accuracy_m: incoming.accuracy_m,
        accuracy_confidence: None,
        observed_at: incoming.observed.map(|t| t.to_string()),
        ward: incoming.ward,
        answers: incoming.answers,
        unasked: true,
        source: door.map_or_else(|| source.to_owned(), |door| Masked::of(&door).to_string()),
    };
    let mut report = match assess(city, areas, submission, incoming.created) {
        Ok(report) if faults.is_empty() => report,
        Ok(_) => return Err(Refusal { violations: faults, outside: None }),
        Err(mut refusal) => {
            refusal.violations.extend(faults);
            return Err(refusal);
        }
    };
    if incoming.state != State::Received {
        let category = city.pack.categories.by_code(&report.public.category);
        let shown = category.map_or(incoming.since, |c| c.precision.shown(incoming.since));
        report.public.state = incoming.state;
        report.public.updated = shown;
        // Nothing can be asked for any more: where nobody said where to go, it stays so.
        // Nothing of it is kept apart: an office is asked to write it otherwise, a file is masked.
        let redirect_to = redirect_to.filter(|_| incoming.state == State::Redirected);
        let redirect_to = redirect_to.map(|to| mask(&to).into_owned());
        report.public.redirect_to.clone_from(&redirect_to);
        report.events.push(Event {
            at: incoming.since,
            shown,
            role: "office",
            from: Some(State::Received),
            to: incoming.state,
            reason: reason.map(Written::of),
            note: note.map(Written::of),
            redirect_to,
        });
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use diaban_core::domain::Instant;

    fn incoming() -> Incoming {
        let created = Instant::parse("2025-03-03T02:30:00Z").unwrap();
        Incoming {
            row: 2,
            source_id: "1".into(),
            place: Some((106.698_33, 10.772_5)),
            category: Some("pothole".into()),
            title: None,
            description: None,
            address: None,
            ward: None,
            accuracy_m: None,
            answers: BTreeMap::new(),
            door: None,
            observed: None,
            created,
            state: State::Received,
            since: created,
            reason: None,
            note: None,
            redirect_to: None,
        }
    }

    #[test]
    fn a_report_of_the_past_has_the_life_it_had() {
        let city = City::of_pack(crate::city_files::embedded().unwrap()).unwrap();
        let areas = city.areas();
        let judged = |r: Incoming| judge(&city, &areas, "old", r);
        let new = judged(incoming()).unwrap();
        assert_eq!((new.events.len(), new.public.state, &*new.public.source), (1, State::Received, "old"));
        assert_eq!((new.public.created, new.public.updated), (incoming().created, incoming().created));
        // Five working days after Monday, as for any report of that day.
        assert_eq!(new.public.due.unwrap().to_string(), "2025-03-10T10:00:00.000Z");
        let since = Instant::parse("2025-03-04T05:45:00Z").unwrap();
        let closed = |category: &str| Incoming {
            category: Some(category.into()),
            state: State::Rejected,
            since,
            reason: Some("why".into()),
            door: Some("app".into()),
            ..incoming()
        };
        let done = judged(closed("pothole")).unwrap();
        assert_eq!(
            (done.public.state, done.public.updated, &*done.public.source),
            (State::Rejected, since, "app")
        );
        let last = done.events.last().unwrap();
        assert_eq!((done.events.len(), last.from, last.at), (2, Some(State::Received), since));
        assert_eq!(last.reason, Some(Written::of("why".to_owned())));
        assert_eq!((last.redirect_to.clone(), done.public.redirect_to), (None, None));
        let elsewhere =
            Incoming { state: State::Redirected, redirect_to: Some("Tòa án".into()), ..closed("pothole") };
        let sent = judged(elsewhere).unwrap();
        let told = sent.events.last().unwrap().redirect_to.clone();
        assert_eq!((told.as_deref(), sent.public.redirect_to.as_deref()), (Some("Tòa án"), Some("Tòa án")));
        // A blurred place is told by the hour, also in history.
        let blurred = judged(closed("public_disorder")).unwrap();
        assert_eq!(blurred.public.updated, since.floor_hour());
        assert_eq!(blurred.events[0].shown, incoming().created.floor_hour());
        // Nobody could be asked whether the hole is open.
        assert!(judged(closed("manhole")).is_ok());
        let far = Incoming { place: Some((-73.88, 40.65)), door: Some("a\u{202e}b".into()), ..incoming() };
        let faults = judged(far).unwrap_err().violations;
        assert!(faults[0].to_string().contains("far outside the city, 14"), "{faults:?}");
        assert_eq!(faults[1].field, "source");
    }

    #[test]
    fn what_a_report_can_do_without_never_costs_it() {
        let city = City::of_pack(crate::city_files::embedded().unwrap()).unwrap();
        let areas = city.areas();
        let mut told = Vec::new();
        let mut judged =
            |r: Incoming| judge_leniently(&city, &areas, "old", r, |fault| told.push(fault.field.clone()));
        let odd = Incoming {
            title: Some("dài ".repeat(500)),
            description: Some("còn".into()),
            answers: BTreeMap::from([("nonsense".to_owned(), "x".to_owned())]),
            note: Some("a\u{202e}b".into()),
            ..incoming()
        };
        let report = judged(odd.clone()).unwrap();
        assert_eq!((report.public.title, report.public.description.as_deref()), (None, Some("còn")));
        assert!(
            judged(Incoming { category: Some("pothol".into()), ..odd }).is_err(),
            "it must have a category"
        );
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[tokio::test]
    async fn a_batch_whose_id_is_taken_draws_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&crate::store::test_database::store_url(folder.path())).await.unwrap();
        let city = City::of_pack(crate::city_files::embedded().unwrap()).unwrap();
        let batch = |source: &str| {
            let report = judge(&city, &city.areas(), source, incoming()).unwrap();
            Arc::new(vec![(NewReport { id: 5, ..report }, key(source, &incoming()))])
        };
        let source: (&dyn Clock, &dyn Ids) = (&crate::clock::SystemClock, &crate::clock::SystemIds);
        let stored = Loaded { stored: 1, ..Loaded::default() };
        assert_eq!(store_reports(&store, source, batch("a")).await.unwrap(), stored);
        assert_eq!(store_reports(&store, source, batch("b")).await.unwrap(), stored);
        assert_eq!(store_reports(&store, source, batch("b")).await.unwrap().there, 1);
        store.close().await;
    }

    #[test]
    fn a_repeat_is_known_by_source_and_id_and_its_change_by_what_it_says() {
        let base = key("a", &incoming());
        assert_eq!(base, key("a", &incoming()));
        assert_ne!(base.key, key("b", &incoming()).key);
        let moved = key("a", &Incoming { place: None, ..incoming() });
        assert!(moved.key == base.key && moved.body != base.body);
        let id = |source, id: &str| key(source, &Incoming { source_id: id.into(), ..incoming() }).key;
        assert_ne!(id("a", "bc"), id("ab", "c"));
    }
}
