//! Query parameters, each described once for all operations that take it.

use serde_json::{Value, json};

use super::About;
use diaban_core::area::{CONFIDENCE, USUAL_CONFIDENCE};
use diaban_core::domain::field::{Operator, Parameter, TABLE, Vocabulary};
use diaban_core::format::list::ALL;
use diaban_core::query::params::{Crs, DEFAULT_LIMIT, MAX_LIMIT};
use diaban_core::query::{cql, features};
use diaban_core::raster::Style;

/// The parameter of that name that asks for a field of reports or of all features, with the codes it knows.
fn declared(name: &str) -> Option<(Parameter<'static>, Vocabulary<'static>)> {
    let reports = TABLE.iter().filter_map(|f| Some((f.parameter?, f.vocabulary)));
    let features = features::common().filter_map(|q| Some((q.parameter?, q.vocabulary)));
    reports.chain(features).find(|(p, _)| p.name == name)
}

/// The value of a parameter that asks for a field.
fn value_of(about: &About<'_>, operator: Operator, vocabulary: Vocabulary<'_>) -> Value {
    let codes = |all: Vec<&str>| json!({ "type": "array", "items": { "type": "string", "enum": all } });
    match (operator, vocabulary) {
        (Operator::OneOf, Vocabulary::Categories) => {
            codes(about.pack.categories.iter().map(|c| &*c.code).collect())
        }
        (Operator::OneOf, Vocabulary::Clocks) => {
            codes(about.pack.clocks.list.iter().map(|c| &*c.code).collect())
        }
        (Operator::OneOf, Vocabulary::Terms(terms)) => codes(terms.iter().map(|t| t.name).collect()),
        (Operator::OneOf, _) => json!({ "type": "array", "items": { "type": "string" } }),
        (Operator::AtLeast, _) => json!({ "type": "integer", "minimum": 0 }),
        (Operator::Interval, _) => json!({ "type": "string" }),
        (Operator::Flag, _) => json!({ "type": "boolean" }),
        (Operator::Box, _) => {
            json!({ "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } })
        }
    }
}

/// A parameter by its name; one that is unknown here is a code of a collection.
pub(super) fn query(about: &About<'_>, name: &str) -> Value {
    let text = json!({ "type": "string" });
    let systems =
        json!({ "type": "string", "enum": Crs::ALL.map(Crs::uri), "default": Crs::default().uri() });
    let all_layers: Vec<&str> = about.layers.iter().map(|l| l.id.as_str()).collect();
    let styles = Style::ALL.map(Style::name);
    let number = |low: f64, high: f64| json!({ "type": "number", "minimum": low, "maximum": high });
    let of_field = declared(name).map(|(p, known)| (value_of(about, p.operator, known), p.about));
    let formats: Vec<String> = ALL.iter().map(|f| format!("{} ({})", f.names[0], f.title)).collect();
    let formats =
        format!("The format, where the Accept header does not say it; of lists {}", formats.join(", "));
    let (schema, meaning): (Value, &str) = of_field.unwrap_or_else(|| match name {
        "filter" => (
            json!({ "type": "string", "maxLength": cql::MAX_BYTES }),
            "CQL2 over the properties that /collections/{c}/queryables lists",
        ),
        "filter-lang" => (
            json!({ "type": "string", "enum": cql::LANGUAGES, "default": cql::LANGUAGES[0] }),
            "The language of filter",
        ),
        "filter-crs" => (
            json!({ "type": "string", "enum": [cql::CRS84] }),
            "The coordinates in filter: longitude, latitude",
        ),
        "limit" => (
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
            "Rows of a page; more is clamped",
        ),
        "cursor" => (text, "Where the next page begins; follow the next link"),
        "f" => (text, &formats),
        "properties" => (
            json!({ "type": "array", "items": { "type": "string" } }),
            "The only properties that the answer is to hold, separated by commas",
        ),
        "crs" => (systems, "The coordinates of the answer: CRS84 has longitude first, EPSG 4326 latitude"),
        "bbox-crs" => (systems, "The coordinates of bbox"),
        "sortby" => {
            (text, "The order: created_at, updated_at, due_at or distance, with - for the last first")
        }
        "near" => (
            json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": { "type": "number" } }),
            "lon,lat in degrees (CRS84) from where distances are measured",
        ),
        "lon" => (number(-180.0, 180.0), "Longitude in degrees (CRS84); never without lat"),
        "lat" => (number(-90.0, 90.0), "Latitude in degrees (CRS84); never without lon"),
        "collection" => (text, "A collection of places"),
        "max_m" => (json!({ "type": "number", "minimum": 0 }), "At most so many metres away"),
        "dry_run" => (json!({ "type": "boolean", "default": false }), "Only check; nothing is kept"),
        "open" => (json!({ "type": "boolean", "enum": [true] }), "Only what is open now"),
        "accuracy_m" => (
            json!({ "type": "number", "minimum": 0 }),
            "How exact the position is: the radius in metres within which the true place lies with the probability \
             accuracy_confidence, as coords.accuracy of browsers",
        ),
        "accuracy_confidence" => (
            json!({
                "type": "number", "minimum": CONFIDENCE.start(), "maximum": CONFIDENCE.end(),
                "default": USUAL_CONFIDENCE,
            }),
            "What accuracy_m means: 0.95 as browsers state it, 0.68 as Android does; never without accuracy_m",
        ),
        "lang" => (json!({ "type": "string", "enum": ["vi", "en"] }), "Language"),
        "zoom" => (text, "A zoom like 12, or the first and the last like 10-12"),
        "last_event_id" => (text, "The id of the last event that arrived; what came after it is sent first"),
        "since" => (text, "The cursor `next` of the page before; without it nothing is told, and `next` is now"),
        "jurisdiction_id" => (text, "There is one here, so nobody needs to say it"),
        "at" => (
            json!({ "type": "string", "format": "date" }),
            "The day whose wards are meant, by the calendar of the city; today without it",
        ),
        "layers" => {
            (json!({ "type": "array", "items": { "type": "string", "enum": all_layers } }), "What is drawn")
        }
        "marker" => (
            json!({ "type": "array", "minItems": 2, "items": { "type": "number" } }),
            "lon,lat in degrees (CRS84) of a pin; several may follow one another",
        ),
        "style" => (json!({ "type": "string", "enum": styles }), "Colours"),
        _ => (json!({ "type": "array", "items": { "type": "string" } }), "Codes, separated by commas"),
    });
    let mut parameter = json!({ "name": name, "in": "query", "required": false, "description": meaning });
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter["schema"] = schema;
    parameter
}
