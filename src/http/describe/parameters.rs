//! Query parameters, each described once for all operations that take it.

use serde_json::{Value, json};

use super::About;
use diaban_core::domain::{State, Status};
use diaban_core::query::cql;
use diaban_core::query::params::{DEFAULT_LIMIT, MAX_LIMIT};
use diaban_core::raster::Style;

/// A parameter by its name; one that is unknown here is a code of a collection.
pub(super) fn query(about: &About<'_>, name: &str) -> Value {
    let text = json!({ "type": "string" });
    let codes = |all: Vec<&str>| json!({ "type": "array", "items": { "type": "string", "enum": all } });
    let all_layers: Vec<&str> = about.layers.iter().map(|l| l.id.as_str()).collect();
    let styles = Style::ALL.map(Style::name);
    let number = |low: f64, high: f64| json!({ "type": "number", "minimum": low, "maximum": high });
    let (schema, meaning): (Value, &str) = match name {
        "bbox" => (
            json!({ "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } }),
            "west,south,east,north in degrees (CRS84), or six numbers with heights",
        ),
        "datetime" => (text, "RFC 3339 instant, date, or interval with / and .. for an open end"),
        "updated" => (text, "The same, for the last change"),
        "category" => {
            let all = about.pack.categories.iter().map(|c| &*c.code).collect();
            (codes(all), "Codes of /categories, separated by commas")
        }
        "status" => (codes([Status::Open, Status::Closed].map(Status::name).to_vec()), "Open or closed"),
        "state" => (codes(State::ALL.iter().map(|s| s.name()).collect()), "States, separated by commas"),
        "ward" => (
            json!({ "type": "array", "items": { "type": "string" } }),
            "Codes of the generation in force, or {generation}.{code}",
        ),
        "body" => (
            json!({ "type": "array", "items": { "type": "string" } }),
            "Ids of the bodies that must answer; ward:CODE is a ward's own office",
        ),
        "min_votes" => {
            (json!({ "type": "integer", "minimum": 0 }), "At least so many people support the report")
        }
        "overdue" => {
            (json!({ "type": "boolean" }), "Open, and due before now, which moves every five minutes; or not")
        }
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
        "source" => (json!({ "type": "array", "items": { "type": "string" } }), "Names of imports"),
        "active" => (json!({ "type": "boolean" }), "Shown now, or not now"),
        "limit" => (
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
            "Rows of a page; more is clamped",
        ),
        "cursor" => (text, "Where the next page begins; follow the next link"),
        "f" => (text, "The format, where the Accept header does not say it"),
        "lon" => (number(-180.0, 180.0), "Longitude in degrees (CRS84); never without lat"),
        "lat" => (number(-90.0, 90.0), "Latitude in degrees (CRS84); never without lon"),
        "collection" => (text, "A collection of places"),
        "max_m" => (json!({ "type": "number", "minimum": 0 }), "At most so many metres away"),
        "open" => (json!({ "type": "boolean", "enum": [true] }), "Only what is open now"),
        "accuracy_m" => (json!({ "type": "number", "minimum": 0 }), "Metres the place may be off"),
        "lang" => (json!({ "type": "string", "enum": ["vi", "en"] }), "Language"),
        "zoom" => (text, "A zoom like 12, or the first and the last like 10-12"),
        "last_event_id" => (text, "The id of the last event that arrived; what came after it is sent first"),
        "jurisdiction_id" => (text, "There is one here, so nobody needs to say it"),
        "at" => (text, "The instant whose wards are meant"),
        "layers" => {
            (json!({ "type": "array", "items": { "type": "string", "enum": all_layers } }), "What is drawn")
        }
        "marker" => (
            json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": { "type": "number" } }),
            "lon,lat in degrees (CRS84) of a pin",
        ),
        "style" => (json!({ "type": "string", "enum": styles }), "Colours"),
        _ => (json!({ "type": "array", "items": { "type": "string" } }), "Codes, separated by commas"),
    };
    let mut parameter = json!({ "name": name, "in": "query", "required": false, "description": meaning });
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter["schema"] = schema;
    parameter
}
