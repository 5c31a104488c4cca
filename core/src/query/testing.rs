//! Names and expressions for the tests of all who answer queries about reports.

use std::sync::Arc;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::Filter;
use super::params::{FILTERS, parse};
use crate::domain::clocks::{Clock, Clocks, Limit, LimitRule, Limits, OfficeHours, Until};
use crate::domain::report::Level;
use crate::domain::{
    BodyId, Calendar, Choice, CodeBook, Collection, Instant, Precision, Property, PropertyKind, Shape, State,
    Text, WardId,
};

/// The names of the codes of made-up rows.
pub fn codebook() -> CodeBook {
    CodeBook {
        categories: ["pothole", "drainage", "noise", "tree", "light", "road_sign"].map(Into::into).to_vec(),
        wards: ["26740", "26743", "26746", "26749"].map(|c| WardId::new("2025-07-01", c)).to_vec(),
        active: "2025-07-01".into(),
        edition: 0,
        bodies: ["infrastructure", "traffic"].map(BodyId::new).to_vec(),
        ward_bodies: vec!["police".into()],
        clocks: Some(Arc::new(clocks())),
    }
}

/// Clocks of all kinds, over the categories of [`codebook`].
pub fn clocks() -> Clocks {
    let calendar = Calendar::new(TimeZone::UTC, vec![Weekday::Sunday], 1970..=1970, Vec::new());
    let office = OfficeHours {
        calendar: Arc::new(calendar.expect("a Monday is worked")),
        hours: vec![(Time::midnight(), jiff::civil::time(0, 4, 0, 0))],
    };
    let mut all = Clocks::only_answer(office);
    let codes = ["pothole", "drainage", "noise", "tree", "light", "road_sign"];
    let exact = |c: &&str| if *c == "noise" { Precision::Grid20m } else { Precision::Exact };
    let rule = |category: Option<&str>, level, limit| LimitRule {
        category: category.map(Into::into),
        group: None,
        level,
        limit,
    };
    let rules = [
        rule(None, Some(Level::Urgent), Limit::Minutes(1)),
        rule(Some("tree"), None, Limit::WorkingHours(1)),
        rule(Some("noise"), None, Limit::Minutes(0)),
    ];
    let categories = || codes.iter().map(|c| (*c, "", exact(c)));
    let of = |general, rules: &[LimitRule]| Until::Since(Limits::new(general, rules, categories()));
    let name = || Text { vi: "x".into(), en: "x".into() };
    let clock = |code: &str, states: &[State], until| Clock {
        code: code.into(),
        name: name(),
        states: states.to_vec(),
        until,
    };
    all.list.push(clock("forward", &[State::Received, State::Reopened], of(Limit::Minutes(3), &rules)));
    all.list.push(clock("competence", &[State::Received], of(Limit::Minutes(2), &[])));
    all
}

/// A collection of features of one shape with these properties, none of them required.
pub fn declared(id: &str, shape: Shape, properties: Vec<(&str, PropertyKind)>) -> Collection {
    let name = || Text { vi: "x".into(), en: "x".into() };
    let property = |(n, kind): (&str, _)| Property { name: n.into(), title: name(), kind, required: false };
    Collection {
        id: id.into(),
        title: name(),
        description: name(),
        shapes: vec![shape],
        properties: properties.into_iter().map(property).collect(),
        validity: None,
        named_wards: false,
        feed: None,
    }
}

/// A property that has one of these codes.
pub fn codes(codes: &[&str]) -> PropertyKind {
    let choice = |c: &&str| Choice { code: (*c).into(), name: Text { vi: "x".into(), en: "x".into() } };
    PropertyKind::Code(codes.iter().map(choice).collect())
}

/// The filter on reports that these parameters ask for.
pub fn filter(pairs: &[(&str, &str)]) -> Filter {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    parse(&pairs, FILTERS, &codebook(), Instant::from_ms(400_000)).unwrap().filter
}

/// Expressions over reports, of all kinds of tests.
pub fn expression() -> BoxedStrategy<String> {
    let when = || (0_i64..200).prop_map(|s| format!("TIMESTAMP('{}')", Instant::from_ms(s * 1000)));
    let time = prop_oneof![Just("created_at"), Just("updated_at"), Just("due_at")];
    let op = || prop_oneof![Just("="), Just("<>"), Just("<"), Just("<="), Just(">"), Just(">=")];
    let test = prop_oneof![
        (op(), 0..14_i32).prop_map(|(op, n)| format!("votes {op} {n}")),
        (0..12_i32, 0..12_i32).prop_map(|(a, b)| format!("votes BETWEEN {a} AND {b}")),
        (0..12_i32, 0..12_i32).prop_map(|(a, b)| format!("votes IN ({a},{b})")),
        (time.clone(), op(), when()).prop_map(|(t, op, w)| format!("{t} {op} {w}")),
        (time, when(), when()).prop_map(|(t, a, b)| format!("{t} IN ({a},{b})")),
        prop_oneof![
            Just("due_at IS NULL"),
            Just("ward IS NOT NULL"),
            Just("category IS NULL"),
            Just("geometry IS NULL")
        ]
        .prop_map(str::to_owned),
        prop_oneof![Just("noise"), Just("tree"), Just("pothole")].prop_map(|c| format!("category <> '{c}'")),
        "[pdn%_r]{1,3}%".prop_map(|p| format!("category LIKE '{p}'")),
        prop_oneof![Just("open"), Just("closed")].prop_map(|s| format!("status = '{s}'")),
        prop_oneof![Just("26740"), Just("2025-07-01.26743")].prop_map(|w| format!("ward IN ('26746','{w}')")),
        prop_oneof![Just("traffic"), Just("ward:26743")].prop_map(|b| format!("body = '{b}'")),
        Just("body LIKE 'ward:%'".to_owned()),
        any::<bool>().prop_map(|is| format!("overdue = {is}")),
        prop_oneof![
            Just("late = 'forward'"),
            Just("late <> 'answer'"),
            Just("late IN ('competence','answer')"),
            Just("late IS NULL"),
            Just("late IS NOT NULL"),
        ]
        .prop_map(str::to_owned),
        (106.0..107.0_f64, 10.0..11.0_f64, 0.0..1.0_f64).prop_map(|(w, s, d)| format!(
            "S_INTERSECTS(geometry, BBOX({w},{s},{},{}))",
            w + d,
            s + d
        )),
        (106.6..106.8_f64, 10.6..10.8_f64, 0.01..0.2_f64).prop_map(|(x, y, d)| format!(
            "S_WITHIN(geometry, POLYGON(({x} {y},{} {y},{x} {},{x} {y})))",
            x + d,
            y + d
        )),
    ];
    test.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|v| format!("({})", v.join(" AND "))),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|v| format!("({})", v.join(" OR "))),
            inner.prop_map(|e| format!("NOT {e}")),
        ]
    })
    .boxed()
}
