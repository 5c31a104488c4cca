//! A filter as it is written, in both forms.

use serde_json::{Value as Json, json};

use super::meaning::{Folds, Ground, Node};
use crate::domain::Instant;

impl Folds {
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

impl Ground {
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
}

impl Node {
    pub(super) fn text(&self) -> String {
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

    pub(super) fn json(&self) -> Json {
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
