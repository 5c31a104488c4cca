//! Random filters over features in which any value may be missing, in both forms, against the plain meaning
//! of three-valued logic: what is missing makes a test neither true nor false, and only what is true is chosen.
//! `DIABAN_FILTERS` says how many.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use super::cql2_json;
use crate::domain::feature::Valid;
use crate::domain::field::Value;
use crate::domain::{CodeBook, Collection, Feature, Instant, PropertyKind, Shape};
use crate::query::cql::LANGUAGES;
use crate::query::features;
use crate::query::testing::{codes, declared};

const DAY_MS: i64 = 86_400_000;

/// One value of each type, or none.
#[derive(Clone, Debug)]
struct Row {
    name: Option<String>,
    kind: Option<&'static str>,
    n: Option<i64>,
    x: Option<f64>,
    fee: Option<bool>,
    at: Option<i64>,
    place: Option<(f64, f64)>,
}

/// A filter by its meaning.
#[derive(Clone, Debug)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Plain(bool),
    Missing(&'static str, bool),
    /// Property, what is folded in which order, operator, value.
    Text(&'static str, Folds, &'static str, String),
    Among(&'static str, Folds, bool, Vec<String>),
    Like(&'static str, Folds, bool, String),
    Number(&'static str, &'static str, f64),
    Numbers(&'static str, bool, Vec<f64>),
    Between(&'static str, bool, f64, f64),
    Flag(bool, bool),
    Time(&'static str, i64),
    Times(bool, i64, i64),
    /// A function of time and its ends; none for an open one.
    When(&'static str, Option<i64>, Option<i64>),
    Where(&'static str, Ground),
}

#[derive(Clone, Copy, Debug)]
enum Folds {
    None,
    Case,
    Accent,
    CaseAccent,
    AccentCase,
}

#[derive(Clone, Copy, Debug)]
enum Ground {
    Box,
    Square,
    /// Two squares that share an edge.
    Squares,
    /// Two squares that share a corner.
    Corners,
    Spots,
}

fn collection() -> Collection {
    let properties = vec![
        ("name", PropertyKind::Text(100)),
        ("kind", codes(&["ab", "b"])),
        ("n", PropertyKind::Integer(i64::MIN, i64::MAX)),
        ("x", PropertyKind::Number),
        ("fee", PropertyKind::Boolean),
        ("at", PropertyKind::Instant),
    ];
    declared("places", Shape::Point, properties)
}

fn feature(c: &Collection, row: &Row) -> Feature {
    let values = vec![
        row.name.clone().map_or(Value::Null, Value::Text),
        row.kind.map_or(Value::Null, |k| Value::Text(k.to_owned())),
        row.n.map_or(Value::Null, Value::Integer),
        row.x.map_or(Value::Null, Value::Number),
        row.fee.map_or(Value::Null, Value::Boolean),
        row.at.map_or(Value::Null, |ms| Value::Text(Instant::from_ms(ms).to_string())),
    ];
    Feature {
        seq: 1,
        id: 2,
        source: "s".into(),
        source_id: "1".into(),
        revision: 1,
        created: Instant::from_ms(0),
        updated: Instant::from_ms(0),
        valid: Valid::of(c, &values),
        geometry: row.place.map(|(x, y)| geo::Point::new(x, y).into()),
        values,
        wards: Vec::new(),
    }
}

impl Folds {
    fn of(self, text: &str) -> String {
        let case = |t: &str| -> String {
            let low = |c| match c {
                'A' => 'a',
                'Á' => 'á',
                'Đ' | 'Ð' | 'ð' => 'đ',
                c => c,
            };
            t.chars().map(low).collect()
        };
        let accent = |t: &str| -> String {
            let plain = |c| match c {
                'á' => 'a',
                'Á' => 'A',
                'đ' | 'ð' => 'd',
                'Đ' | 'Ð' => 'D',
                c => c,
            };
            t.chars().map(plain).collect()
        };
        let lower = |t: String| t.to_lowercase();
        match self {
            Self::None => text.to_owned(),
            Self::Case => case(text),
            Self::Accent => accent(text),
            Self::CaseAccent | Self::AccentCase => lower(accent(text)),
        }
    }

    fn functions(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Case => &["casei"],
            Self::Accent => &["accenti"],
            Self::CaseAccent => &["casei", "accenti"],
            Self::AccentCase => &["accenti", "casei"],
        }
    }

    fn text(self, inner: String) -> String {
        self.functions().iter().rev().fold(inner, |t, f| format!("{}({t})", f.to_uppercase()))
    }

    fn json(self, inner: Json) -> Json {
        self.functions().iter().rev().fold(inner, |v, f| json!({ "op": f, "args": [v] }))
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|n| like(rest, &text[n..])),
        ['_', rest @ ..] => !text.is_empty() && like(rest, &text[1..]),
        [c, rest @ ..] => text.first() == Some(c) && like(rest, &text[1..]),
    }
}

fn compare<T: PartialOrd>(a: &T, op: &str, b: &T) -> bool {
    match op {
        "=" => a == b,
        "<>" => a != b,
        "<" => a < b,
        "<=" => a <= b,
        ">" => a > b,
        _ => a >= b,
    }
}

impl Ground {
    fn squares(self) -> &'static [[f64; 4]] {
        match self {
            Self::Box | Self::Square => &[[0.0, 0.0, 2.0, 2.0]],
            Self::Squares => &[[0.0, 0.0, 1.0, 2.0], [1.0, 0.0, 3.0, 2.0]],
            Self::Corners => &[[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 3.0, 3.0]],
            Self::Spots => &[],
        }
    }

    fn wkt(self) -> String {
        let ring = |[w, s, e, n]: &[f64; 4]| format!("(({w} {s},{e} {s},{e} {n},{w} {n},{w} {s}))");
        let rings: Vec<String> = self.squares().iter().map(ring).collect();
        match self {
            Self::Box => "BBOX(0,0,2,2)".into(),
            Self::Square => format!("POLYGON{}", rings[0]),
            Self::Squares => format!("GEOMETRYCOLLECTION(POLYGON{},POLYGON{})", rings[0], rings[1]),
            Self::Corners => format!("MULTIPOLYGON({},{})", rings[0], rings[1]),
            Self::Spots => "MULTIPOINT((1 1),(2 3))".into(),
        }
    }

    fn json(self) -> Json {
        let ring = |[w, s, e, n]: &[f64; 4]| json!([[[w, s], [e, s], [e, n], [w, n], [w, s]]]);
        let rings: Vec<Json> = self.squares().iter().map(ring).collect();
        let polygon = |c: &Json| json!({ "type": "Polygon", "coordinates": c });
        match self {
            Self::Box => json!({ "bbox": [0, 0, 2, 2] }),
            Self::Square => polygon(&rings[0]),
            Self::Squares => {
                json!({ "type": "GeometryCollection", "geometries": rings.iter().map(polygon).collect::<Vec<_>>() })
            }
            Self::Corners => json!({ "type": "MultiPolygon", "coordinates": rings }),
            Self::Spots => json!({ "type": "MultiPoint", "coordinates": [[1, 1], [2, 3]] }),
        }
    }

    /// Whether a place lies inside, and whether it lies inside or on the rim.
    fn holds(self, (x, y): (f64, f64)) -> (bool, bool) {
        if matches!(self, Self::Spots) {
            let on = (x, y) == (1.0, 1.0) || (x, y) == (2.0, 3.0);
            return (on, on);
        }
        let any = |f: &dyn Fn(&[f64; 4]) -> bool| self.squares().iter().any(f);
        (
            any(&|[w, s, e, n]| *w < x && x < *e && *s < y && y < *n),
            any(&|[w, s, e, n]| *w <= x && x <= *e && *s <= y && y <= *n),
        )
    }
}

impl Node {
    /// True, false, or unknown.
    #[expect(clippy::manual_try_fold, reason = "what is unknown may still become false, or true")]
    fn meaning(&self, row: &Row) -> Option<bool> {
        let text = |name: &str| if name == "name" { row.name.as_deref() } else { row.kind };
        let number = |name: &str| if name == "n" { row.n.map(|n| n as f64) } else { row.x };
        match self {
            // Kleene's AND and OR.
            Self::All(parts) => parts.iter().fold(Some(true), |all, p| match (all, p.meaning(row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }),
            Self::Any(parts) => parts.iter().fold(Some(false), |any, p| match (any, p.meaning(row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            }),
            Self::Not(inner) => inner.meaning(row).map(|is| !is),
            Self::Plain(is) => Some(*is),
            Self::Missing(name, not) => {
                let missing = match *name {
                    "name" => row.name.is_none(),
                    "kind" => row.kind.is_none(),
                    "n" => row.n.is_none(),
                    "x" => row.x.is_none(),
                    "fee" => row.fee.is_none(),
                    "at" => row.at.is_none(),
                    _ => row.place.is_none(),
                };
                Some(missing != *not)
            }
            Self::Text(name, folds, op, v) => Some(compare(&folds.of(text(name)?), op, &folds.of(v))),
            Self::Among(name, folds, not, list) => {
                let value = folds.of(text(name)?);
                Some(list.iter().any(|l| folds.of(l) == value) != *not)
            }
            Self::Like(name, folds, not, pattern) => {
                let chars = |t: &str| folds.of(t).chars().collect::<Vec<_>>();
                Some(like(&chars(pattern), &chars(text(name)?)) != *not)
            }
            Self::Number(name, op, v) => Some(compare(&number(name)?, op, v)),
            Self::Numbers(name, not, list) => Some(list.contains(&number(name)?) != *not),
            Self::Between(name, not, a, b) => {
                let v = number(name)?;
                Some((*a <= v && v <= *b) != *not)
            }
            Self::Flag(not, v) => Some((row.fee? == *v) != *not),
            Self::Time(op, v) => Some(compare(&row.at?, op, v)),
            Self::Times(not, a, b) => {
                let t = row.at?;
                Some((*a <= t && t <= *b) != *not)
            }
            Self::When(function, from, to) => {
                let t = row.at?;
                let (a, b) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
                Some(match *function {
                    "T_AFTER" => t > b,
                    "T_BEFORE" => t < a,
                    // Nothing lies at an end that is open.
                    "T_DURING" => a < t && t < b,
                    "T_INTERSECTS" => a <= t && t <= b,
                    _ => t < a || b < t,
                })
            }
            Self::Where(function, ground) => {
                let (inside, on) = ground.holds(row.place?);
                Some(match *function {
                    "S_INTERSECTS" => on,
                    "S_DISJOINT" => !on,
                    "S_WITHIN" => inside,
                    _ => on && !inside,
                })
            }
        }
    }

    fn text(&self) -> String {
        let quoted = |t: &str| format!("'{}'", t.replace('\'', "''"));
        let list = |parts: &[Self], word: &str| {
            parts.iter().map(|p| format!("({})", p.text())).collect::<Vec<_>>().join(word)
        };
        let n = |not: &bool| if *not { "NOT " } else { "" };
        match self {
            Self::All(parts) => list(parts, " AND "),
            Self::Any(parts) => list(parts, " OR "),
            Self::Not(inner) => format!("NOT ({})", inner.text()),
            Self::Plain(is) => is.to_string().to_uppercase(),
            Self::Missing(name, not) => format!("{name} IS {}NULL", n(not)),
            Self::Text(name, folds, op, v) => {
                format!("{} {op} {}", folds.text((*name).into()), folds.text(quoted(v)))
            }
            Self::Among(name, folds, not, all) => {
                let all: Vec<String> = all.iter().map(|v| folds.text(quoted(v))).collect();
                format!("{} {}IN ({})", folds.text((*name).into()), n(not), all.join(","))
            }
            Self::Like(name, folds, not, p) => {
                format!("{} {}LIKE {}", folds.text((*name).into()), n(not), folds.text(quoted(p)))
            }
            Self::Number(name, op, v) => format!("{name} {op} {v}"),
            Self::Numbers(name, not, all) => {
                format!(
                    "{name} {}IN ({})",
                    n(not),
                    all.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
                )
            }
            Self::Between(name, not, a, b) => format!("{name} {}BETWEEN {a} AND {b}", n(not)),
            Self::Flag(not, v) => format!("fee {} {v}", if *not { "<>" } else { "=" }),
            Self::Time(op, v) => format!("at {op} TIMESTAMP('{}')", Instant::from_ms(*v)),
            Self::Times(not, a, b) => format!(
                "at {}BETWEEN TIMESTAMP('{}') AND TIMESTAMP('{}')",
                n(not),
                Instant::from_ms(*a),
                Instant::from_ms(*b)
            ),
            Self::When(function, from, to) => {
                let end = |t: &Option<i64>| t.map_or("'..'".into(), |t| format!("'{}'", Instant::from_ms(t)));
                format!("{function}(at,INTERVAL({},{}))", end(from), end(to))
            }
            Self::Where(function, ground) => format!("{function}(geometry,{})", ground.wkt()),
        }
    }

    fn json(&self) -> Json {
        let p = |name: &str| json!({ "property": name });
        let op = |op: &str, args: Json| json!({ "op": op, "args": args });
        let may = |not: &bool, e: Json| if *not { json!({ "op": "not", "args": [e] }) } else { e };
        let moment = |t: i64| json!({ "timestamp": Instant::from_ms(t).to_string() });
        match self {
            Self::All(parts) => op("and", parts.iter().map(Self::json).collect()),
            Self::Any(parts) => op("or", parts.iter().map(Self::json).collect()),
            Self::Not(inner) => op("not", json!([inner.json()])),
            Self::Plain(is) => json!(is),
            Self::Missing(name, not) => may(not, op("isNull", json!([p(name)]))),
            Self::Text(name, folds, o, v) => op(o, json!([folds.json(p(name)), folds.json(json!(v))])),
            Self::Among(name, folds, not, all) => {
                let all: Vec<Json> = all.iter().map(|v| folds.json(json!(v))).collect();
                may(not, op("in", json!([folds.json(p(name)), all])))
            }
            Self::Like(name, folds, not, pattern) => {
                may(not, op("like", json!([folds.json(p(name)), folds.json(json!(pattern))])))
            }
            Self::Number(name, o, v) => op(o, json!([p(name), v])),
            Self::Numbers(name, not, all) => may(not, op("in", json!([p(name), all]))),
            Self::Between(name, not, a, b) => may(not, op("between", json!([p(name), a, b]))),
            Self::Flag(not, v) => op(if *not { "<>" } else { "=" }, json!([p("fee"), v])),
            Self::Time(o, v) => op(o, json!([p("at"), moment(*v)])),
            Self::Times(not, a, b) => may(not, op("between", json!([p("at"), moment(*a), moment(*b)]))),
            Self::When(function, from, to) => {
                let end = |t: &Option<i64>| t.map_or("..".into(), |t| Instant::from_ms(t).to_string());
                op(&function.to_lowercase(), json!([p("at"), { "interval": [end(from), end(to)] }]))
            }
            Self::Where(function, ground) => {
                op(&function.to_lowercase(), json!([p("geometry"), ground.json()]))
            }
        }
    }
}

fn row() -> BoxedStrategy<Row> {
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

fn node() -> BoxedStrategy<Node> {
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

#[test]
fn both_forms_choose_what_three_valued_logic_calls_true() {
    // Set while compiling, because the core reads no environment.
    let cases = option_env!("DIABAN_FILTERS").and_then(|n| n.parse().ok()).unwrap_or(300);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let c = collection();
    let asked = (node(), proptest::collection::vec(row(), 24));
    let counted = std::cell::Cell::new(0_u64);
    runner
        .run(&asked, |(node, rows)| {
            let text = node.text();
            let json = node.json();
            let marked = cql2_json::to_text(&json).unwrap();
            let read = |filter: &str, language: &str| {
                let pairs = [
                    ("filter".to_owned(), filter.to_owned()),
                    ("filter-lang".to_owned(), language.to_owned()),
                ];
                features::parse(&pairs, &c, &CodeBook::default()).map(|q| q.filter)
            };
            // What is too long in its normal form is refused, not decided otherwise.
            let (Ok(by_text), Ok(by_json)) = (read(&text, LANGUAGES[0]), read(&marked, LANGUAGES[1])) else {
                let said =
                    format!("{:?} {:?}", read(&text, LANGUAGES[0]).err(), read(&marked, LANGUAGES[1]).err());
                prop_assert!(said.contains("normal form") || said.contains("nested"), "{}: {}", text, said);
                return Ok(());
            };
            // By its normal form, too, which links carry.
            let pairs = by_text.pairs(&c, &CodeBook::default());
            let again = features::parse(&pairs, &c, &CodeBook::default()).map(|q| q.filter);
            let again = again.map_err(|e| TestCaseError::fail(format!("{pairs:?}: {e:?}")))?;
            for row in &rows {
                let want = node.meaning(row) == Some(true);
                let f = feature(&c, row);
                counted.set(counted.get() + u64::from(want));
                for (form, filter) in [("text", &by_text), ("JSON", &by_json), ("normal", &again)] {
                    let got = filter.matches(&f, Instant::MIN);
                    prop_assert_eq!(got, want, "{}: {}\n{}\n{:?}", form, text, json, row);
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(counted.get() > u64::from(cases), "filters choose something: {}", counted.get());
}
