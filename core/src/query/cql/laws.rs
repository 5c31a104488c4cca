//! What must hold for any expression: reading what was written gives the same, the normal form decides as
//! the text as it came, and no text makes the reader fall over.

use proptest::prelude::*;

use super::expr::Expr;
use super::test::{Scalar, Test};
use super::{Dialect, Queryable, Type, parse as read, parse_as, simplified, written};
use crate::domain::Instant;
use crate::domain::field::Kind;
use crate::geo::LonLat;

pub(super) const SCHEMA: [Queryable<'static>; 7] = [
    Queryable::new("name", Type::Of(Kind::Text)),
    Queryable::new("n", Type::Of(Kind::Integer)),
    Queryable::new("x", Type::Of(Kind::Number)),
    Queryable::new("fee", Type::Of(Kind::Boolean)),
    Queryable::new("at", Type::Of(Kind::Instant)),
    Queryable::new("geometry", Type::Place),
    Queryable::new("like", Type::Of(Kind::Text)),
];

/// One value of each property, or none.
#[derive(Clone, Debug)]
struct Row {
    name: Option<String>,
    n: Option<i64>,
    x: Option<f64>,
    fee: Option<bool>,
    at: Option<i64>,
    place: Option<LonLat>,
}

impl Row {
    fn holds(&self, e: &Expr<Test>) -> bool {
        e.holds(&|t: &Test| {
            t.holds(match t.property {
                0 => self.name.as_deref().map_or(Scalar::Null, Scalar::Text),
                1 => self.n.map_or(Scalar::Null, Scalar::Integer),
                2 => self.x.map_or(Scalar::Null, Scalar::Number),
                3 => self.fee.map_or(Scalar::Null, Scalar::Boolean),
                4 => self.at.map_or(Scalar::Null, |ms| Scalar::Instant(Instant::from_ms(ms))),
                5 => self.place.map_or(Scalar::Null, Scalar::Point),
                _ => Scalar::Null,
            })
        })
    }
}

fn raw(text: &str, schema: &[Queryable<'_>]) -> Result<Expr<Test>, String> {
    super::parse::parse(text, (Dialect::Text, text.len()), schema)
}

fn row() -> BoxedStrategy<Row> {
    (
        proptest::option::weighted(0.8, "[abĐđ']{0,3}"),
        proptest::option::weighted(0.8, -3..4_i64),
        proptest::option::weighted(0.8, (-6..7_i32).prop_map(|v| f64::from(v) / 2.0)),
        proptest::option::weighted(0.8, any::<bool>()),
        // Around the turn of a day.
        proptest::option::weighted(0.8, 86_399_997_i64..86_400_004),
        proptest::option::weighted(
            0.8,
            (0..4_i32, 0..4_i32).prop_map(|(x, y)| LonLat::new(x.into(), y.into()).unwrap()),
        ),
    )
        .prop_map(|(name, n, x, fee, at, place)| Row { name, n, x, fee, at, place })
        .boxed()
}

fn expression() -> BoxedStrategy<String> {
    let op = || prop_oneof![Just("="), Just("<>"), Just("<"), Just("<="), Just(">"), Just(">=")];
    let not = || prop_oneof![Just(""), Just("NOT ")];
    let text = || "[abĐđ]{0,2}('')?".prop_map(|t| format!("'{t}'"));
    let moment = || {
        prop_oneof![
            (86_399_998_i64..86_400_003).prop_map(|ms| format!("TIMESTAMP('{}')", Instant::from_ms(ms))),
            (1..4_u8).prop_map(|d| format!("DATE('1970-01-0{d}')")),
        ]
    };
    let end = || prop_oneof![Just("'..'".to_owned()), moment()];
    let name = || {
        prop_oneof![Just("name"), Just("CASEI(name)"), Just("ACCENTI(name)"), Just("casei(accenti(name))")]
    };
    let relation = prop_oneof![
        Just("S_INTERSECTS"),
        Just("S_WITHIN"),
        Just("s_disjoint"),
        Just("S_TOUCHES"),
        Just("S_EQUALS"),
        Just("S_CONTAINS")
    ];
    let ground = prop_oneof![
        Just("BBOX(0,0,2,2)"),
        Just("POLYGON((0 0,3 0,3 3,0 0))"),
        Just("LINESTRING(0 0,2 2)"),
        Just("POINT(1 1)"),
        Just("MULTIPOINT(1 1,2 2)"),
    ];
    let function = prop_oneof![
        Just("T_AFTER"),
        Just("T_BEFORE"),
        Just("T_DURING"),
        Just("T_INTERSECTS"),
        Just("T_DISJOINT"),
        Just("T_EQUALS")
    ];
    let test = prop_oneof![
        (name(), op(), text()).prop_map(|(n, op, t)| format!("{n} {op} {t}")),
        (text(), op()).prop_map(|(t, op)| format!("{t} {op} name")),
        (name(), not(), text(), text()).prop_map(|(n, not, a, b)| format!("{n} {not}IN ({a},{b})")),
        (name(), not(), "[ab%_Đ]{0,3}").prop_map(|(n, not, p)| format!("{n} {not}LIKE '{p}'")),
        (not(), text(), text()).prop_map(|(not, a, b)| format!("name {not}BETWEEN {a} AND {b}")),
        (op(), -4..5_i32).prop_map(|(op, v)| format!("n {op} {}", f64::from(v) / 2.0)),
        (op(), -4..5_i32).prop_map(|(op, v)| format!("x {op} {}", f64::from(v) / 2.0)),
        (not(), -3..4_i32, -3..4_i32).prop_map(|(not, a, b)| format!("n {not}BETWEEN {a} AND {b}")),
        (not(), -3..4_i32, -3..4_i32).prop_map(|(not, a, b)| format!("x {not}IN ({a}, {b}.5)")),
        (prop_oneof![Just("="), Just("<>")], any::<bool>()).prop_map(|(op, v)| format!("fee {op} {v}")),
        (op(), moment()).prop_map(|(op, v)| format!("at {op} {v}")),
        (not(), moment(), moment()).prop_map(|(not, a, b)| format!("at {not}IN ({a},{b})")),
        (not(), moment(), moment()).prop_map(|(not, a, b)| format!("at {not}BETWEEN {a} AND {b}")),
        (function.clone(), moment()).prop_map(|(f, m)| format!("{f}(at,{m})")),
        (function, end()).prop_map(|(f, b)| format!("{f}(at,INTERVAL(DATE('1970-01-01'),{b}))")
            .replace("DATE('1970-01-01'),DATE('1970-01-01')", "'..','..'")),
        (prop_oneof![Just("name"), Just("n"), Just("at"), Just("geometry"), Just("\"like\"")], not())
            .prop_map(|(p, not)| format!("{p} IS {not}NULL")),
        (relation, ground, any::<bool>()).prop_map(|(r, g, turned)| {
            if turned { format!("{r}({g},geometry)") } else { format!("{r}(geometry,{g})") }
        }),
        Just("TRUE".to_owned()),
        Just("FALSE".to_owned()),
    ];
    test.prop_recursive(4, 14, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|v| format!("({})", v.join(" AND "))),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|v| format!("({})", v.join(" or "))),
            inner.prop_map(|e| format!("NOT {e}")),
        ]
    })
    .boxed()
}

proptest! {
    #[test]
    fn the_normal_form_decides_as_what_was_asked(text in expression(), rows in proptest::collection::vec(row(), 20)) {
        let asked = raw(&text, &SCHEMA).unwrap();
        let normal = simplified(asked.clone(), &SCHEMA);
        for row in rows {
            prop_assert_eq!(row.holds(&normal), row.holds(&asked), "{}\n{}\n{:?}", text, written(&normal, &SCHEMA), row);
        }
    }

    #[test]
    fn what_is_written_reads_back_as_the_same(text in expression()) {
        let normal = read(&text, &SCHEMA).unwrap();
        let canonical = written(&normal, &SCHEMA);
        prop_assert_eq!(read(&canonical, &SCHEMA), Ok(normal), "{}", canonical);
    }

    #[test]
    fn an_opposite_chooses_all_other_rows_that_have_values(text in expression(), row in row()) {
        let (asked, other) = (raw(&text, &SCHEMA).unwrap(), raw(&format!("NOT ({text})"), &SCHEMA).unwrap());
        prop_assert!(!(row.holds(&asked) && row.holds(&other)), "both: {}", text);
        let full = row.name.is_some() && row.n.is_some() && row.x.is_some() && row.fee.is_some() && row.at.is_some() && row.place.is_some();
        if full && !text.contains("\"like\"") {
            prop_assert!(row.holds(&asked) != row.holds(&other), "neither: {}", text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_fall_over(text in any::<String>()) {
        let _ = read(&text, &SCHEMA);
    }

    #[test]
    fn nor_does_a_text_of_its_own_words(
        codebook in proptest::collection::vec(
            proptest::sample::select(vec![
                "name", "n", "at", "geometry", "\"like\"", "'a'", "''", "'", "\"", "(", ")", ",", "=", "<>", "<", "NOT",
                "AND", "OR", "IN", "LIKE", "BETWEEN", "IS", "NULL", "TRUE", "1", "-1.5e3", "1e999", "-", "CASEI", "ACCENTI",
                "DATE", "TIMESTAMP", "INTERVAL", "'2026-01-01'", "'..'", "BBOX", "POINT", "POINT(1 2)", "POLYGON((0 0,1 1,0 1,0 0))",
                "POLYGON((0 0,2 2,2 0,0 2,0 0))", "MULTIPOINT(EMPTY)", "GEOMETRYCOLLECTION(POINT(1 2))", "POLYGON(())",
                "LINESTRING(0 0)", "LINESTRING EMPTY", "S_INTERSECTS(", "S_WITHIN(geometry,", "T_AFTER(", "'\\", "\u{0}", "đ",
            ]),
            0..14,
        ),
    ) {
        let _ = read(&codebook.join(" "), &SCHEMA);
    }
}

#[test]
fn what_is_missing_passes_neither_a_test_nor_its_opposite() {
    let nothing = Row { name: None, n: None, x: None, fee: None, at: None, place: None };
    for test in [
        "name LIKE '%'",
        "CASEI(name) LIKE '%%'",
        "name LIKE '_%'",
        "name IN ('a','b')",
        "n = 1.5",
        "n < 1e300",
        "n >= -1e300",
        "n BETWEEN 5 AND 1",
        "fee IN (TRUE,FALSE)",
        "fee <> TRUE",
        "T_DISJOINT(at,INTERVAL('..','..'))",
        "T_INTERSECTS(at,INTERVAL('..','..'))",
        "T_DURING(at,INTERVAL('..',DATE('2026-01-01')))",
        "T_EQUALS(at,INTERVAL('2026-01-01','2026-01-03'))",
        "T_AFTER(at,INTERVAL('2026-01-01','..'))",
        "at < TIMESTAMP('0001-01-01T00:00:00Z')",
        "S_DISJOINT(geometry,BBOX(0,0,1,1))",
        "S_TOUCHES(GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1)),geometry)",
    ] {
        for text in [
            test.to_owned(),
            format!("NOT {test}"),
            format!("NOT (NOT ({test}))"),
            format!("NOT NOT NOT {test}"),
        ] {
            for e in [raw(&text, &SCHEMA).unwrap(), read(&text, &SCHEMA).unwrap()] {
                assert!(!nothing.holds(&e), "{text}: {}", written(&e, &SCHEMA));
            }
        }
    }
    assert_eq!(normal("name NOT LIKE '%'"), "FALSE");
    assert_eq!(normal("name LIKE '%'"), "name IS NOT NULL");
}

#[test]
fn clients_of_before_are_understood() {
    let before =
        |text: &str| parse_as(text, Dialect::Before, &SCHEMA).map_or_else(|e| e, |e| written(&e, &SCHEMA));
    for (text, same) in [
        ("\"name\" ILIKE 'Ab%'", "CASEI(name) LIKE 'ab%'"),
        ("(name ILIKE '%Đ%') AND (n >= 3)", "CASEI(name) LIKE '%đ%' AND n >= 3"),
        ("NOT (name NOT ILIKE 'a%') OR n != 4", "CASEI(name) LIKE 'a%' OR n <> 4"),
        ("at > '2026/12/01 00:00:00'", "at > TIMESTAMP('2026-12-01T00:00:00Z')"),
        ("at <= '2026-12-01T07:00:00+07:00'", "at <= TIMESTAMP('2026-12-01T00:00:00Z')"),
        ("at = '2026-12-01'", "at = DATE('2026-12-01')"),
        ("fee = 1 AND fee <> 0", "fee = TRUE"),
    ] {
        assert_eq!(before(text), normal(same), "{text}");
        assert!(read(text, &SCHEMA).is_err(), "{text}");
    }
    assert!(before("at > 'soon'").starts_with("at character 6: “at” must be compared with a time like"));
    assert!(before("fee = 2").contains("TRUE or FALSE"));
}

/// The normal form of a text, or what is wrong with it.
fn normal(text: &str) -> String {
    read(text, &SCHEMA).map_or_else(|e| e, |e| written(&e, &SCHEMA))
}

#[test]
fn what_means_the_same_has_one_normal_form() {
    for (same, want) in [
        (["n > 4", "NOT (n <= 4)", "5 <= n", "n >= 4.5"], "n >= 5"),
        (["n = 5", "n IN (5,5)", "n BETWEEN 5 AND 5", "n >= 5 AND n < 6"], "n = 5"),
        (
            [
                "name = 'a' OR name = 'b'",
                "name IN ('b','a')",
                "NOT (name <> 'a' AND name <> 'b')",
                "(name) IN ('a')",
            ],
            "name IN ('a','b')",
        ),
        (
            [
                "at = DATE('2026-01-15')",
                "at >= DATE('2026-01-15') AND at <= DATE('2026-01-15')",
                "T_INTERSECTS(at, DATE('2026-01-15'))",
                "at BETWEEN TIMESTAMP('2026-01-15T07:00:00+07:00') AND TIMESTAMP('2026-01-15T23:59:59.999Z')",
            ],
            "at = DATE('2026-01-15')",
        ),
        (
            [
                "NOT S_DISJOINT(geometry,BBOX(1,2,3,4))",
                "S_INTERSECTS(geometry,BBOX(1,2,3,4))",
                "s_intersects(BBOX(1.0,2,3,4),geometry)",
                "TRUE AND S_INTERSECTS(geometry,BBOX(1,2,0,3,4,0))",
            ],
            "S_INTERSECTS(geometry,BBOX(1,2,3,4))",
        ),
        (
            [
                "fee = TRUE AND n = 1",
                "n = 1 AND fee = true AND n = 1",
                "NOT (fee = FALSE OR n <> 1)",
                "n = 1 AND (fee = TRUE)",
            ],
            "fee = TRUE AND n = 1",
        ),
        (["name LIKE 'a'", "name = 'a'", "name LIKE '\\a'", "NOT name <> 'a'"], "name = 'a'"),
        (["n = 1 AND n = 2", "FALSE", "n IS NULL AND n = 1", "n = 1.5"], "FALSE"),
    ] {
        for text in same {
            // One of them is not what it looks like: a parenthesis holds an expression.
            if text.starts_with("(name)") {
                assert!(normal(text).starts_with("at character 6: after “name”"), "{}", normal(text));
                continue;
            }
            assert_eq!(normal(text), want, "{text}");
        }
    }
}

#[test]
fn a_fault_says_where_and_what_would_be_right() {
    for (text, said) in [
        ("nme = 'a'", "at character 1: “nme” is no property that can be asked for; did you mean name?"),
        ("name = ", "at character 8: a property or a value is missing at the end"),
        ("name = 'a", "at character 8: a text begins that does not end; close it with '"),
        (
            "đ = 1 AND",
            "at character 1: “đ” is no property that can be asked for; there are name, n, x, fee, at, geometry, like",
        ),
        ("name = 1", "at character 8: “name” must be compared with a text in single quotes"),
        ("at > '2026-01-01'", "at character 6: “at” must be compared with TIMESTAMP('…') or DATE('…')"),
        ("at > DATE('2026-1-1')", "at character 11: “2026-1-1” must be a date like 2026-01-31"),
        ("n = n", "at character 5: a property is compared with a value here, not with another property"),
        ("1 = 1", "at character 1: two values are compared; name a property"),
        ("n = 1; DROP TABLE x", "at character 6: “;” has no meaning here"),
        ("n = 1 + 1", "at character 7: arithmetic is not read here; write the number that it gives"),
        ("n = 1 n = 2", "at character 7: the expression has ended here; go on with AND or OR"),
        ("fee > FALSE", "at character 7: “fee” is true or false: ask with = or <>"),
        ("geometry = 'x'", "at character 12: “geometry” is a place: ask with a function like S_INTERSECTS"),
        (
            "S_INTERSECTS(geometry,POLYGON((0 0,2 2,2 0,0 2,0 0)))",
            "at character 23: the shape must be a valid shape: ",
        ),
        (
            "S_INTERSECTS(geometry,BBOX(10.7,106.7,10.8,106.8))",
            "at character 23: the box must be in degrees: ",
        ),
        (
            "S_NEAR(geometry,POINT(1 1))",
            "at character 1: there is no function S_NEAR here; there are S_INTERSECTS, ",
        ),
        ("UPPER(name) = 'A'", "at character 1: there is no function UPPER here"),
        ("name LIKE 'a\\", "at character 11: a text begins that does not end"),
        ("n LIKE 'a'", "at character 8: “n” is no text, which LIKE asks about"),
    ] {
        let found = read(text, &SCHEMA).unwrap_err();
        assert!(found.starts_with(said), "{text}: {found}");
    }
}

#[test]
fn reading_is_bounded() {
    let nested = |n: usize| format!("{}n = 1{}", "(".repeat(n), ")".repeat(n));
    assert_eq!(normal(&nested(16)), "n = 1");
    for text in [
        nested(17),
        "(".repeat(40),
        "NOT ".repeat(17) + "n = 1",
        format!("name = '{}'", "a".repeat(64 * 1024)),
        vec!["n = 1"; 257].join(" OR "),
        vec!["n = 1"; 4_097].join(" OR "),
        format!("n IN ({})", vec!["1"; 256].join(",")),
        format!("S_INTERSECTS(geometry,MULTIPOINT({}))", vec!["1 1"; 10_001].join(",")),
        // Short dates that are long in full.
        format!(
            "at IN ({})",
            (0..99).map(|i| format!("DATE('19{i:02}-01-01')")).collect::<Vec<_>>().join(",")
        )
        .replace("DATE('", "TIMESTAMP('")
        .replace("-01-01')", "-01-01T00:00Z')"),
    ] {
        assert!(read(&text, &SCHEMA).is_err(), "{text}");
    }
}
