//! Rows and filters by chance.

use proptest::prelude::*;

use super::meaning::{Folds, Ground, Node};
use super::{DAY_MS, Row};

pub(super) fn row() -> BoxedStrategy<Row> {
    let may = 0.6;
    (
        proptest::option::weighted(may, "[aAáĐđÐb%']{0,2}"),
        proptest::option::weighted(may, prop_oneof![Just("ab"), Just("b")]),
        proptest::option::weighted(may, -2..3_i64),
        proptest::option::weighted(may, (-4..5_i32).prop_map(|v| f64::from(v) / 2.0)),
        proptest::option::weighted(may, any::<bool>()),
        proptest::option::weighted(may, DAY_MS - 3..DAY_MS + 3),
        proptest::option::weighted(
            may,
            (0..7_i32, 0..7_i32).prop_map(|(x, y)| (f64::from(x) / 2.0, f64::from(y) / 2.0)),
        ),
    )
        .prop_map(|(name, kind, n, x, fee, at, place)| Row { name, kind, n, x, fee, at, place })
        .boxed()
}

pub(super) fn node() -> BoxedStrategy<Node> {
    let op = || proptest::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let folds = || {
        proptest::sample::select(vec![
            Folds::None,
            Folds::None,
            Folds::Case,
            Folds::Accent,
            Folds::CaseAccent,
            Folds::AccentCase,
        ])
    };
    let word = || "[aAáĐđÐb']{0,2}";
    let code = || proptest::sample::select(vec!["ab".to_owned(), "b".to_owned()]);
    let half = || (-5..6_i32).prop_map(|v| f64::from(v) / 2.0);
    let numeric = || proptest::sample::select(vec!["n", "x"]);
    let moment = || DAY_MS - 3..DAY_MS + 3;
    let any_name = proptest::sample::select(vec!["name", "kind", "n", "x", "fee", "at", "geometry"]);
    let function =
        proptest::sample::select(vec!["T_AFTER", "T_BEFORE", "T_DURING", "T_INTERSECTS", "T_DISJOINT"]);
    let lies = proptest::sample::select(vec!["S_INTERSECTS", "S_DISJOINT", "S_WITHIN", "S_TOUCHES"]);
    let ground = proptest::sample::select(vec![
        Ground::Box,
        Ground::Square,
        Ground::Squares,
        Ground::Corners,
        Ground::Spots,
    ]);
    let test = prop_oneof![
        any::<bool>().prop_map(Node::Plain),
        (any_name, any::<bool>()).prop_map(|(n, not)| Node::Missing(n, not)),
        (folds(), op(), word()).prop_map(|(f, o, v)| Node::Text("name", f, o, v)),
        (proptest::sample::select(vec!["=", "<>"]), code()).prop_map(|(o, v)| Node::Text(
            "kind",
            Folds::None,
            o,
            v
        )),
        (folds(), any::<bool>(), proptest::collection::vec(word(), 1..3))
            .prop_map(|(f, not, v)| Node::Among("name", f, not, v)),
        (any::<bool>(), proptest::collection::vec(code(), 1..3)).prop_map(|(not, v)| Node::Among(
            "kind",
            Folds::None,
            not,
            v
        )),
        (proptest::sample::select(vec!["name", "kind"]), folds(), any::<bool>(), "[aáĐb%_]{0,3}|%")
            .prop_map(|(n, f, not, p)| Node::Like(n, f, not, p)),
        (numeric(), op(), prop_oneof![half(), Just(1e300), Just(-1e300)])
            .prop_map(|(n, o, v)| Node::Number(n, o, v)),
        (numeric(), any::<bool>(), proptest::collection::vec(half(), 1..4))
            .prop_map(|(n, not, v)| Node::Numbers(n, not, v)),
        (numeric(), any::<bool>(), half(), half()).prop_map(|(n, not, a, b)| Node::Between(n, not, a, b)),
        (any::<bool>(), any::<bool>()).prop_map(|(not, v)| Node::Flag(not, v)),
        (op(), moment()).prop_map(|(o, v)| Node::Time(o, v)),
        (any::<bool>(), moment(), moment()).prop_map(|(not, a, b)| Node::Times(not, a, b)),
        (function, proptest::option::of(moment()), proptest::option::of(moment())).prop_map(
            |(f, a, b)| match (a, b) {
                (Some(a), Some(b)) => Node::When(f, Some(a.min(b)), Some(a.max(b))),
                (a, b) => Node::When(f, a, b),
            }
        ),
        (lies, ground).prop_map(|(f, g)| Node::Where(f, g)),
    ];
    test.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Node::All),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Node::Any),
            inner.prop_map(|e| Node::Not(Box::new(e))),
        ]
    })
    .boxed()
}
