//! CQL2 JSON (OGC 21-065r2, clause 9) turned into CQL2 Text, which the query reads. Structure is checked
//! here, each fault with its JSON pointer; names, types and bounds are checked there.

use geo::Geometry;
use serde_json::{Map, Value};

use super::geometry;
use crate::query::cql;

/// Objects and arrays inside each other.
const MAX_DEPTH: usize = 32;

/// The same expression as text, with a mark before each word that says where in the document it stood.
///
/// # Errors
/// Where it is no expression (RFC 6901), and what would be right.
pub fn to_text(value: &Value) -> Result<String, String> {
    boolean(value, &At::default())
}

/// Where in the document.
#[derive(Clone, Default)]
struct At(Vec<String>);

impl At {
    fn then(&self, step: impl ToString) -> Self {
        Self(self.0.iter().cloned().chain([step.to_string()]).collect())
    }

    /// Says of the text that follows where it stood.
    fn mark(&self, text: String) -> String {
        let (begin, end) = cql::MARK;
        let slash = if self.0.is_empty() { "" } else { "/" };
        format!("{begin}{slash}{}{end}{text}", self.0.join("/"))
    }

    fn fail<T>(&self, detail: &str) -> Result<T, String> {
        if self.0.is_empty() {
            return Err(detail.to_owned());
        }
        Err(format!("at /{}: {detail}", self.0.join("/")))
    }
}

/// An operation and its arguments.
fn operation<'a>(value: &'a Value, at: &At) -> Result<(String, &'a [Value]), String> {
    if at.0.len() > MAX_DEPTH {
        return at.fail("too deep");
    }
    let parts = value.as_object().and_then(|o| Some((o.get("op")?.as_str()?, o.get("args")?.as_array()?)));
    match parts {
        Some((op, args)) => Ok((op.to_ascii_lowercase(), args)),
        None => at.fail("an expression is an object with a text \"op\" and an array \"args\""),
    }
}

fn boolean(value: &Value, at: &At) -> Result<String, String> {
    told(value, at).map(|text| at.mark(text))
}

fn told(value: &Value, at: &At) -> Result<String, String> {
    if let Value::Bool(b) = value {
        return Ok(if *b { "TRUE" } else { "FALSE" }.to_owned());
    }
    let (op, args) = operation(value, at)?;
    let arg = |i: usize| at.then("args").then(i);
    let scalars = |n: usize| -> Result<Vec<String>, String> {
        if args.len() != n {
            return at.fail(&format!("\"{}\" has {n} arguments", shown(&op)));
        }
        args.iter().enumerate().map(|(i, a)| scalar(a, &arg(i))).collect()
    };
    match op.as_str() {
        "and" | "or" => {
            if args.is_empty() {
                return at.fail(&format!("\"{op}\" has at least one argument"));
            }
            let parts = args.iter().enumerate().map(|(i, a)| boolean(a, &arg(i)));
            let parts = parts.collect::<Result<Vec<_>, _>>()?;
            let word = if op == "and" { " AND " } else { " OR " };
            Ok(format!("({})", parts.join(word)))
        }
        "not" => match args {
            [inner] => Ok(format!("NOT {}", boolean(inner, &arg(0))?)),
            _ => at.fail("\"not\" has one argument"),
        },
        "=" | "<>" | "<" | "<=" | ">" | ">=" => {
            let sides = scalars(2)?;
            Ok(format!("{} {op} {}", sides[0], sides[1]))
        }
        "like" => {
            let sides = scalars(2)?;
            Ok(format!("{} LIKE {}", sides[0], sides[1]))
        }
        "between" => {
            let sides = scalars(3)?;
            Ok(format!("{} BETWEEN {} AND {}", sides[0], sides[1], sides[2]))
        }
        "isnull" => Ok(format!("{} IS NULL", scalars(1)?[0])),
        "in" => {
            let [what, Value::Array(list)] = args else {
                return at.fail("\"in\" has two arguments, the second an array of values");
            };
            let list = list.iter().enumerate().map(|(i, v)| scalar(v, &arg(1).then(i)));
            let list = list.collect::<Result<Vec<_>, _>>()?.join(",");
            Ok(format!("{} IN ({list})", scalar(what, &arg(0))?))
        }
        name if name.starts_with("s_") || name.starts_with("t_") => {
            if !plain(name) {
                return at.fail("this is no function");
            }
            let args = args.iter().enumerate().map(|(i, a)| argument(a, &arg(i)));
            Ok(format!("{}({})", name.to_ascii_uppercase(), args.collect::<Result<Vec<_>, _>>()?.join(",")))
        }
        name => at.fail(&format!("there is no operation \"{}\" here", shown(name))),
    }
}

/// A property or a value.
fn scalar(value: &Value, at: &At) -> Result<String, String> {
    let found = match value {
        Value::String(t) => text(t, at),
        Value::Number(n) => Ok(n.to_string()),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Object(o) => object(value, o, at),
        Value::Null | Value::Array(_) => at.fail("a property or a value is right here"),
    };
    found.map(|text| at.mark(text))
}

fn object(value: &Value, o: &Map<String, Value>, at: &At) -> Result<String, String> {
    for (member, function) in [("date", "DATE"), ("timestamp", "TIMESTAMP")] {
        if let Some(v) = o.get(member) {
            let Some(t) = v.as_str() else { return at.then(member).fail("must be a text") };
            return Ok(format!("{function}({})", text(t, &at.then(member))?));
        }
    }
    if let Some(v) = o.get("property") {
        let Some(name) = v.as_str() else { return at.then("property").fail("must be a text") };
        if name.contains([cql::MARK.0, cql::MARK.1]) {
            return at.then("property").fail("must be the name of a property");
        }
        return Ok(format!("\"{}\"", name.replace('"', "\"\"")));
    }
    let (op, args) = operation(value, at)?;
    match (op.as_str(), args) {
        ("casei" | "accenti", [inner]) => {
            Ok(format!("{}({})", op.to_ascii_uppercase(), scalar(inner, &at.then("args").then(0))?))
        }
        _ => at.fail(&format!("“{}” gives no value; casei and accenti of one argument do", shown(&op))),
    }
}

/// An argument of a function: a shape and an interval may stand there, too.
fn argument(value: &Value, at: &At) -> Result<String, String> {
    shape_or_value(value, at).map(|text| at.mark(text))
}

fn shape_or_value(value: &Value, at: &At) -> Result<String, String> {
    let Value::Object(o) = value else { return scalar(value, at) };
    if let Some(ends) = o.get("interval") {
        let at = at.then("interval");
        let Some([from, to]) = ends.as_array().map(Vec::as_slice) else {
            return at.fail("must have two ends");
        };
        return Ok(format!("INTERVAL({},{})", scalar(from, &at.then(0))?, scalar(to, &at.then(1))?));
    }
    if let Some(numbers) = o.get("bbox") {
        let at = at.then("bbox");
        let numbers = numbers.as_array().filter(|n| n.iter().all(Value::is_number));
        let Some(numbers) = numbers else { return at.fail("must be an array of numbers") };
        return Ok(format!(
            "BBOX({})",
            numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        ));
    }
    if o.contains_key("type") {
        let shape = geometry::from_json(value).ok().flatten();
        let Some(shape) = shape.filter(|g| !matches!(g, Geometry::GeometryCollection(c) if c.0.is_empty()))
        else {
            return at.fail("must be a GeoJSON geometry");
        };
        return Ok(geometry::to_wkt(&shape));
    }
    scalar(value, at)
}

fn text(t: &str, at: &At) -> Result<String, String> {
    // In the text form a backslash before a quote takes the quote as it is.
    if t.ends_with('\\') || t.contains("\\'") {
        return at.fail("a backslash may not stand before a quote or at the end");
    }
    if t.contains([cql::MARK.0, cql::MARK.1]) {
        return at.fail("a text may not hold control characters");
    }
    Ok(format!("'{}'", t.replace('\'', "''")))
}

fn plain(name: &str) -> bool {
    name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Shown back only when short.
fn shown(t: &str) -> String {
    t.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_says_what_text_says() {
        let property = |name: &str| json!({ "property": name });
        let text =
            |op: &str, args: Value| cql::unmarked(&to_text(&json!({ "op": op, "args": args })).unwrap());
        assert_eq!(text("=", json!([property("a b"), "it's"])), "\"a b\" = 'it''s'");
        assert_eq!(text("in", json!([property("votes"), [1, 2.5]])), "\"votes\" IN (1,2.5)");
        assert_eq!(
            text(
                "and",
                json!([true, { "op": "not", "args": [{ "op": "isNull", "args": [property("due_at")] }] }])
            ),
            "(TRUE AND NOT \"due_at\" IS NULL)"
        );
        assert_eq!(
            text("t_during", json!([property("t"), { "interval": ["2026-01-01", ".."] }])),
            "T_DURING(\"t\",INTERVAL('2026-01-01','..'))"
        );
        assert_eq!(
            text(
                "s_intersects",
                json!([property("geometry"), { "type": "Point", "coordinates": [106.7, 10.7] }])
            ),
            "S_INTERSECTS(\"geometry\",POINT(106.7 10.7))"
        );
        assert_eq!(
            text(
                "like",
                json!([{ "op": "casei", "args": [property("name")] }, { "op": "casei", "args": ["a%"] }])
            ),
            "CASEI(\"name\") LIKE CASEI('a%')"
        );
    }

    #[test]
    fn faults_name_their_place() {
        let said = |v: Value| to_text(&v).unwrap_err();
        assert_eq!(
            said(json!({ "op": "and", "args": [true, 5] })),
            "at /args/1: an expression is an object with a text \"op\" and an array \"args\""
        );
        assert_eq!(said(json!({ "op": "=", "args": [{ "property": "a" }] })), "\"=\" has 2 arguments");
        assert_eq!(said(json!({ "op": "s_x(1) or (1", "args": [] })), "this is no function");
        assert_eq!(
            said(json!({ "op": "=", "args": [{ "property": "a" }, "x\\"] })),
            "at /args/1: a backslash may not stand before a quote or at the end"
        );
    }

    #[test]
    fn faults_of_meaning_name_their_place_in_the_document_too() {
        let schema = [
            cql::Queryable::new("votes", cql::Type::Of(crate::domain::field::Kind::Integer)),
            cql::Queryable::new("geometry", cql::Type::Place),
        ];
        let said = |v: Value| cql::parse_as(&to_text(&v).unwrap(), cql::Dialect::Json, &schema).unwrap_err();
        let many = json!({ "op": "=", "args": [{ "property": "votes" }, "many"] });
        assert!(said(many.clone()).starts_with("at /args/1: “votes” must be compared with a number"));
        let deep = json!({ "op": "and", "args": [true, { "op": "not", "args": [many] }] });
        assert!(said(deep).starts_with("at /args/1/args/0/args/1: “votes”"));
        let name = json!({ "op": "in", "args": [{ "property": "vote" }, [1, 2]] });
        assert!(said(name).starts_with("at /args/0: “vote” is no property"), "{name}", name = 1);
        let bad = json!({ "op": "in", "args": [{ "property": "votes" }, [1, "x"]] });
        assert!(said(bad).starts_with("at /args/1/1: "));
        let line = json!({ "type": "LineString", "coordinates": [[1, 1], [1, 1]] });
        let shape = json!({ "op": "s_within", "args": [{ "property": "geometry" }, line] });
        assert!(said(shape).starts_with("at /args/1: the shape "));
        // Marks are not read in a text that somebody sends.
        assert!(cql::parse("\u{1}/x\u{2}votes = 1", &schema).is_err());
    }
}
