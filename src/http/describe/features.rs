//! Schemas of features and of their pages, from the tables of their fields.

use serde_json::{Map, Value, json};

use super::Describe;
use super::schema::{any, flag, instant, integer, list, nullable, number, object, text};
use crate::http::doors::features::{declared, held};
use crate::http::wire::parts::{Link, Point};
use diaban_core::query::params;

/// Ids of the two collections that the pack does not declare.
pub(super) const REPORTS: &str = "reports";
pub(super) const WARDS: &str = "wards";

/// The parameters of the list of reports.
pub(super) fn report_list() -> Vec<&'static str> {
    params::LIST.to_vec()
}

/// The parameters that filter reports.
pub(super) fn report_filters() -> Vec<&'static str> {
    params::FILTERS.to_vec()
}

/// The properties of a collection's features, each as the description has it, with whether it is always there.
pub(super) fn properties(describe: &Describe<'_>, collection: &str) -> Vec<(String, Value, bool)> {
    let pack = describe.about.pack;
    let Some(held) = held(pack, collection) else { return Vec::new() };
    let declared = declared(pack, collection);
    held.properties
        .into_iter()
        .map(|(name, about)| {
            // What a declared collection does not declare, each of its features has.
            let common = declared.is_some_and(|c| c.position(&name).is_none());
            let always = common || held.required.contains(&name.as_str());
            (name, property(about, always), always)
        })
        .collect()
}

/// A property as JSON Schema describes it, in the dialect of `OpenAPI` 3.0. Values that the city's data may add to
/// are no `enum`, which clients would take for the whole.
fn property(mut about: Value, always: bool) -> Value {
    if let Some(Value::Array(cases)) = about.as_object_mut().and_then(|m| m.remove("oneOf")) {
        about["x-extensible-enum"] = cases.into_iter().map(|mut case| case["const"].take()).collect();
    }
    if about["type"] == "integer" {
        about["format"] = "int64".into();
    }
    if always { about } else { nullable(about) }
}

/// The name of a collection's features among the schemas.
pub(super) fn type_name(collection: &str) -> String {
    match collection {
        REPORTS => "Report".to_owned(),
        WARDS => "Ward".to_owned(),
        id => format!("{}Feature", pascal(id)),
    }
}

/// `slow_points` as `SlowPoints`.
pub(super) fn pascal(id: &str) -> String {
    let word = |w: &str| {
        let mut letters = w.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    id.split(['_', '-']).filter_map(word).collect()
}

/// A feature of a collection.
pub(super) fn feature(describe: &mut Describe<'_>, collection: &str) -> Value {
    let name = type_name(collection);
    describe.named(&name.clone(), |d| {
        let properties = d.named(&format!("{name}Properties"), |d| written(properties(d, collection)));
        let (id, geometry) = match collection {
            REPORTS => (integer(), nullable(d.json::<Point>())),
            WARDS => (text(), multi_polygon(d)),
            _ => (integer(), nullable(geometry(d))),
        };
        let links = list(d.json::<Link>());
        let mut optional = vec![("links", links)];
        if collection == REPORTS {
            // In the answer to its POST: the texts of which everybody reads less than was sent.
            optional.push(("masked", list(text())));
        }
        object([("type", text()), ("id", id), ("geometry", geometry), ("properties", properties)], optional)
    })
}

/// A page of a collection.
pub(super) fn page(describe: &mut Describe<'_>, collection: &str) -> Value {
    let name = format!("{}Page", type_name(collection));
    describe.named(&name, |d| {
        let (features, links) = (list(feature(d, collection)), list(d.json::<Link>()));
        let counts = [("numberMatched", integer()), ("numberReturned", integer())];
        object([("type", text()), ("features", features), ("links", links)].into_iter().chain(counts), [])
    })
}

/// The places nearest to a position: features of a collection, with how far and whether open.
pub(super) fn nearest(describe: &mut Describe<'_>, collection: &str) -> Value {
    describe.named("NearestPage", |d| {
        let mut held = properties(d, collection);
        held.extend([
            ("distance_m".to_owned(), number(), true),
            ("open_now".to_owned(), nullable(flag()), false),
            ("closes_at".to_owned(), nullable(instant()), false),
            ("opens_at".to_owned(), nullable(instant()), false),
        ]);
        let properties = d.named("NearestProperties", |_| written(held));
        let geometry = nullable(geometry(d));
        let members =
            [("type", text()), ("id", integer()), ("geometry", geometry), ("properties", properties)];
        let feature = d.named("NearestFeature", |_| object(members, []));
        object([("type", text()), ("numberReturned", integer()), ("features", list(feature))], [])
    })
}

/// An object with these properties.
pub(super) fn written(properties: Vec<(String, Value, bool)>) -> Value {
    let required: Vec<&str> = properties.iter().filter(|p| p.2).map(|p| &*p.0).collect();
    let mut schema = object([], []);
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema["properties"] = properties.into_iter().map(|(name, s, _)| (name, s)).collect::<Map<_, _>>().into();
    schema
}

/// A geometry of any type: how deep its coordinates are nested depends on it, which no generator of clients can
/// tell by cases.
pub(super) fn geometry(describe: &mut Describe<'_>) -> Value {
    let types = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"];
    describe.named("Geometry", |_| {
        let kind = json!({ "type": "string", "enum": types });
        object([("type", kind), ("coordinates", list(any()))], [])
    })
}

fn multi_polygon(describe: &mut Describe<'_>) -> Value {
    describe.named("MultiPolygonGeometry", |_| {
        object([("type", text()), ("coordinates", list(list(list(list(number())))))], [])
    })
}
