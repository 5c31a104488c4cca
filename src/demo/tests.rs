//! Checks the generator on two small runs with the pack's own city.

use std::collections::{BTreeMap, HashMap, HashSet};

use unicode_normalization::is_nfc;

use super::Generator;
use crate::action::City;
use diaban_core::domain::report::{MAX_ID, Needs, NewReport};
use diaban_core::domain::{Instant, PlaceRule, State, Status};

const N: usize = 12_000;

fn now() -> Instant {
    Instant::parse("2026-11-25T09:30:00+07:00").unwrap()
}

fn city() -> City {
    City::of_pack(crate::city_files::embedded().unwrap()).unwrap()
}

fn reports(city: &City) -> Vec<NewReport> {
    Generator::new(city, 7, now(), N).collect()
}

fn share(reports: &[NewReport], of: impl Fn(&NewReport) -> bool) -> f64 {
    reports.iter().filter(|r| of(r)).count() as f64 / reports.len() as f64
}

fn received(r: &NewReport) -> Instant {
    r.events[0].at
}

#[test]
fn the_same_seed_gives_the_same_reports_whole_or_in_batches() {
    let city = city();
    let whole: Vec<NewReport> = Generator::new(&city, 7, now(), 600).collect();
    let mut again = Generator::new(&city, 7, now(), 600);
    let mut parts = again.batch(250);
    parts.extend(again.batch(1_000));
    assert_eq!(parts, whole);
    let other: Vec<NewReport> = Generator::new(&city, 8, now(), 600).collect();
    assert!(whole.iter().zip(&other).all(|(a, b)| a.id != b.id && received(a) != received(b)));
}

#[test]
fn reports_come_in_order_with_ids_of_their_own_and_none_after_now() {
    let reports = reports(&city());
    assert_eq!(reports.len(), N);
    assert!(reports.is_sorted_by_key(received));
    assert!(reports.iter().all(|r| received(r) < now() && r.events.iter().all(|e| e.at <= now())));
    let two_years = now().ms() - received(&reports[0]).ms();
    assert!((725..=731).contains(&(two_years / 86_400_000)), "{two_years}");
    // The last report is recent: within hours of now even in a small run.
    assert!(now().ms() - received(&reports[N - 1]).ms() < 12 * 3_600_000);
    let ids: HashSet<u64> = reports.iter().map(|r| r.id).collect();
    assert!(ids.len() == N && ids.iter().all(|id| (1..=MAX_ID).contains(id)));
}

#[test]
fn every_report_keeps_the_rules_of_its_category() {
    let city = city();
    for r in reports(&city) {
        let category = city.pack.categories.by_code(&r.public.category).unwrap();
        match category.place {
            PlaceRule::Required => assert!(r.private.point.is_some(), "{r:?}"),
            PlaceRule::None => assert!(r.private.point.is_none() && r.public.point.is_none(), "{r:?}"),
            PlaceRule::Optional => {}
        }
        let required = category.questions.iter().filter(|q| q.required);
        assert!(required.clone().all(|q| r.private.answers.contains_key(&q.code)), "{r:?}");
        assert!(r.public.due.is_some_and(|due| due > received(&r)));
        assert!(r.public.description.is_some());
        assert!(r.public.observed.is_none_or(|t| t <= received(&r)));
    }
}

#[test]
fn the_true_and_the_public_place_lie_in_the_ward_that_was_assigned() {
    let city = city();
    let areas = city.areas();
    for r in reports(&city) {
        let ward = r.public.ward.as_ref();
        for point in r.private.point.into_iter().chain(r.public.point) {
            let owner = areas.active().owner(point).map(|u| areas.ward_id(usize::from(u)));
            assert_eq!(owner.as_ref(), ward, "{r:?}");
        }
        assert!(ward.is_none_or(|w| areas.book.unit(w).is_some()), "{r:?}");
    }
}

#[test]
fn every_history_follows_the_transition_table() {
    let city = city();
    let mut seen: BTreeMap<State, usize> = BTreeMap::new();
    let mut earlier = HashMap::new();
    for r in reports(&city) {
        assert_eq!((r.events[0].from, r.events[0].to), (None, State::Received));
        for pair in r.events.windows(2) {
            assert_eq!(pair[1].from, Some(pair[0].to), "{r:?}");
            assert!(pair[0].to.next().contains(&pair[1].to) && pair[0].at < pair[1].at, "{r:?}");
        }
        for e in &r.events[1..] {
            let said = match e.to.needs() {
                Needs::Nothing => true,
                Needs::Proof | Needs::Note => e.note.is_some(),
                Needs::Reason | Needs::Original => e.reason.is_some(),
                Needs::Where => e.redirect_to.is_some(),
            };
            assert!(said, "{r:?}");
            if e.to == State::Duplicate {
                let original: u64 = e.reason.as_ref().unwrap().shown.parse().unwrap();
                assert_eq!(earlier.get(&original), Some(&r.public.category), "{r:?}");
            }
        }
        let last = r.events.last().unwrap();
        let category = city.pack.categories.by_code(&r.public.category).unwrap();
        let shown = category.precision.shown(last.at);
        assert_eq!((r.public.state, r.public.updated), (last.to, shown));
        assert_eq!(r.public.redirect_to, last.redirect_to);
        assert!(r.public.updated >= r.public.created);
        *seen.entry(r.public.state).or_default() += 1;
        earlier.insert(r.id, r.public.category);
    }
    assert_eq!(seen.len(), State::ALL.len(), "{seen:?}");
}

#[test]
fn all_texts_are_composed_and_some_hurt_careless_code() {
    let reports = reports(&city());
    let mut all = String::new();
    for r in &reports {
        let p = &r.public;
        assert!(r.masked().is_empty(), "nothing made up is personal: {r:?}");
        let texts = [&p.title, &p.description, &p.address].into_iter().flatten().map(|text| &**text);
        let events = r.events.iter().flat_map(|e| e.reason.iter().chain(&e.note)).map(|words| &*words.shown);
        let apart = r.private.address.iter().chain(r.private.answers.values()).map(|text| &**text);
        for text in texts.chain(apart).chain(events) {
            assert!(is_nfc(text), "{text}");
            all.push_str(text);
        }
    }
    assert!(["'", "đ", "Đ", "ự", "/"].iter().all(|c| all.contains(c)));
}

#[test]
fn the_shares_are_those_of_a_city() {
    let city = city();
    let reports = reports(&city);
    let within = |what: &str, share: f64, low: f64, high: f64| {
        assert!((low..=high).contains(&share), "{what}: {share:.3} is not in {low}..{high}");
    };
    within("placeless", share(&reports, |r| r.private.point.is_none()), 0.10, 0.15);
    within("open", share(&reports, |r| r.public.state.status() == Status::Open), 0.24, 0.31);
    let year = |t: Instant| now().ms() - t.ms() > 365 * 86_400_000;
    let old: Vec<NewReport> = reports.iter().filter(|r| year(received(r))).cloned().collect();
    within("open for a year", share(&old, |r| r.public.state.status() == Status::Open), 0.05, 0.22);
    let mut at = HashMap::new();
    for p in reports.iter().filter_map(|r| r.private.point) {
        *at.entry(p.e7()).or_insert(0) += 1;
    }
    let coincident = |r: &NewReport| r.private.point.is_some_and(|p| at[&p.e7()] > 1);
    within("coincident", share(&reports, coincident), 0.03, 0.07);
    within(
        "with a named ward",
        share(&reports, |r| r.private.point.is_none() && r.public.ward.is_some()),
        0.05,
        0.1,
    );

    let hour = |r: &NewReport| (received(r).ms() / 3_600_000 + 7).rem_euclid(24);
    let peak = share(&reports, |r| matches!(hour(r), 7..=8 | 17..=19));
    within("in the five peak hours", peak, 0.33, 0.55);
    let wet =
        |r: &NewReport| ["drainage", "fallen_tree", "power_fault"].contains(&r.public.category.as_str());
    let month =
        |r: &NewReport| received(r).timestamp().to_zoned_datetime(city.pack.time_zone().clone()).month();
    let (rainy, dry): (Vec<NewReport>, Vec<NewReport>) =
        reports.iter().cloned().partition(|r| (5..=11).contains(&month(r)));
    assert!(share(&rainy, wet) > 1.8 * share(&dry, wet), "{} {}", share(&rainy, wet), share(&dry, wet));

    let mut wards: HashMap<_, usize> = HashMap::new();
    for r in &reports {
        *wards.entry(r.public.ward.clone().map(|w| w.code.to_string())).or_default() += 1;
    }
    within(
        "on the island",
        wards.get(&Some("26732".into())).map_or(0.0, |n| *n as f64 / N as f64),
        2e-4,
        0.01,
    );
    assert!(wards.len() > 160, "nearly every ward has some: {}", wards.len());
    let mut sizes: Vec<usize> = wards.into_iter().filter(|(w, _)| w.is_some()).map(|(_, n)| n).collect();
    sizes.sort_unstable();
    let top: usize = sizes.iter().rev().take(sizes.len() / 10).sum();
    within("in the busiest tenth of the wards", top as f64 / N as f64, 0.2, 0.5);
}

#[test]
fn what_a_city_shows_passes_its_own_checks_and_is_the_same_each_time() {
    let city = city();
    let now = Instant::parse("2026-11-25T01:30:00Z").unwrap();
    let made = super::features(&city, 7, now);
    let names: Vec<&str> = made.iter().map(|w| &*w.collection.id).collect();
    assert_eq!(names, ["facilities", "traffic", "alerts"]);
    assert!(made[0].upserts.len() > 5_000 && made[1].upserts.len() == 400 && made[2].upserts.len() == 4);
    assert!(made.iter().flat_map(|w| &w.upserts).all(|f| !f.wards.is_empty()));
    assert!(made == super::features(&city, 7, now), "the same city, seed and instant");
    assert!(made != super::features(&city, 8, now), "another seed");
}
