//! Schemas in the dialect of `OpenAPI` 3.0: their parts, and those of documents that no wire type stands for.

use serde_json::{Map, Value, json};

use crate::http::doors::features::SUBMITTED;

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn instant() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub(super) fn bytes() -> Value {
    json!({ "type": "string", "format": "binary" })
}

pub(super) fn integer() -> Value {
    json!({ "type": "integer", "format": "int64" })
}

pub(super) fn number() -> Value {
    json!({ "type": "number", "format": "double" })
}

pub(super) fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// JSON that is defined elsewhere.
pub(super) fn any() -> Value {
    json!({})
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// An object with names of its own.
pub(super) fn map(values: Value) -> Value {
    json!({ "type": "object", "additionalProperties": values })
}

/// An object with these members, the first ones always.
pub(super) fn object<'n>(
    required: impl IntoIterator<Item = (&'n str, Value)>,
    optional: impl IntoIterator<Item = (&'n str, Value)>,
) -> Value {
    let required: Vec<(&str, Value)> = required.into_iter().collect();
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let mut schema = json!({ "type": "object" });
    if !names.is_empty() {
        schema["required"] = names.into();
    }
    let members = required.into_iter().chain(optional);
    schema["properties"] = members.map(|(name, s)| (name.to_owned(), s)).collect::<Map<_, _>>().into();
    schema
}

/// The same, or null. Nothing may stand beside a reference.
pub(super) fn nullable(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() {
        return json!({ "allOf": [schema], "nullable": true });
    }
    schema["nullable"] = true.into();
    schema
}

/// A schema as schemars writes it, without what generators of clients do not understand: a type or null as two
/// cases, and formats of integers that only Rust has.
pub(super) fn plain(mut schema: Value) -> Value {
    match &mut schema {
        Value::Array(all) => all.iter_mut().for_each(|s| *s = plain(s.take())),
        Value::Object(members) => {
            if let Some(Value::Array(cases)) = members.remove("anyOf") {
                let named = cases.into_iter().find(|c| c.get("$ref").is_some()).unwrap_or_default();
                members.insert("allOf".into(), json!([named]));
                members.insert("nullable".into(), true.into());
            }
            let format = members.get("format").and_then(Value::as_str);
            let known = match format {
                Some("uint8" | "int8" | "uint16" | "int16") => Some("int32"),
                Some("uint32" | "uint64" | "uint" | "int") => Some("int64"),
                _ => None,
            };
            if let Some(known) = known {
                members.insert("format".into(), known.into());
            }
            members.values_mut().for_each(|s| *s = plain(s.take()));
        }
        _ => {}
    }
    schema
}

/// A problem document with the members that one or another has.
pub(super) fn problem() -> Value {
    let finding = object([("severity", text()), ("ward", nullable(text())), ("text", text())], []);
    let error = object([("field", text()), ("detail", text())], []);
    let ward = object(
        [("generation", text()), ("code", text()), ("id", text()), ("name", text()), ("approximate", flag())],
        [],
    );
    let successor = || object([("ward", text()), ("name", text()), ("feed", text())], [("href", text())]);
    object(
        [("type", text()), ("title", text()), ("status", integer())],
        [
            ("detail", text()),
            ("errors", list(error)),
            ("policy", text()),
            ("applied", integer()),
            ("head", integer()),
            ("reason", text()),
            ("distance_m", number()),
            ("swapped", flag()),
            ("nearest", ward),
            ("successors", list(successor())),
            ("former", list(successor())),
            ("former_feeds", list(text())),
            ("findings", list(finding)),
            ("state", text()),
            ("legal", list(text())),
            ("undo_until", instant()),
        ],
    )
}

pub(super) fn georeport_errors() -> Value {
    list(object([("code", integer()), ("description", text())], []))
}

/// The body of a POST: a feature. Other members of its own are passed over, other properties are refused.
pub(super) fn new_report(point: Value) -> Value {
    let member = |name: &str| match name {
        "accuracy_m" | "accuracy_confidence" => nullable(number()),
        "observed_at" => nullable(instant()),
        // Numbers and flags are taken, too; one type is what clients can be made for.
        "answers" => nullable(map(text())),
        "category" => text(),
        _ => nullable(text()),
    };
    let (category, others): (Vec<&str>, Vec<&str>) = SUBMITTED.iter().partition(|name| **name == "category");
    let members = |names: Vec<&'static str>| names.into_iter().map(move |name| (name, member(name)));
    let kind = json!({ "type": "string", "enum": ["Feature"] });
    object(
        [
            ("type", kind),
            ("geometry", nullable(point)),
            ("properties", object(members(category), members(others))),
        ],
        [],
    )
}

/// `TileJSON` 3.0.0.
pub(super) fn tilejson() -> Value {
    let layer = object(
        [("id", text()), ("fields", map(text()))],
        [("description", text()), ("minzoom", integer()), ("maxzoom", integer())],
    );
    object(
        [
            ("tilejson", text()),
            ("tiles", list(text())),
            ("scheme", text()),
            ("minzoom", integer()),
            ("maxzoom", integer()),
            ("bounds", list(number())),
        ],
        [
            ("name", text()),
            ("description", text()),
            ("attribution", text()),
            ("center", list(number())),
            ("vector_layers", list(layer)),
        ],
    )
}

/// `metadata.json` of a tile archive, with texts where tile archives have texts.
pub(super) fn tiles_metadata() -> Value {
    object(
        [
            ("name", text()),
            ("format", text()),
            ("type", text()),
            ("minzoom", integer()),
            ("maxzoom", integer()),
            ("bounds", text()),
            ("center", text()),
            ("json", text()),
        ],
        [],
    )
}

/// A `MapLibre` style; what its layers hold is the style specification's.
pub(super) fn map_style() -> Value {
    object(
        [("version", integer()), ("sources", map(any())), ("layers", list(map(any())))],
        [
            ("name", text()),
            ("sprite", text()),
            ("glyphs", text()),
            ("center", list(number())),
            ("zoom", number()),
            ("metadata", map(any())),
        ],
    )
}

/// A sheet of pictures by name: where each stands.
pub(super) fn sprite_sheet() -> Value {
    let place = [("x", integer()), ("y", integer()), ("width", integer()), ("height", integer())];
    map(object(place, [("pixelRatio", number()), ("sdf", flag())]))
}

/// The JSON Schema of the features of a collection.
pub(super) fn json_schema() -> Value {
    object(
        [
            ("$schema", text()),
            ("$id", text()),
            ("type", text()),
            ("title", text()),
            ("properties", map(json_property())),
        ],
        [
            ("x-title-vi", text()),
            ("required", list(text())),
            ("additionalProperties", flag()),
            ("queryables", list(object([("id", text())], []))),
        ],
    )
}

/// What a JSON Schema says of a whole GeoJSON feature.
pub(super) fn feature_json_schema() -> Value {
    let properties = object([("type", text()), ("properties", map(json_property()))], []);
    let members = object(
        [
            ("type", object([("const", text())], [])),
            ("id", json_property()),
            ("geometry", object([("format", text()), ("nullable", flag())], [])),
            ("properties", properties),
        ],
        [],
    );
    let required = [
        ("$schema", text()),
        ("$id", text()),
        ("type", text()),
        ("title", text()),
        ("properties", members),
        ("required", list(text())),
    ];
    object(required, [("x-title-vi", text())])
}

/// What a JSON Schema says of one property.
fn json_property() -> Value {
    let choice = object([("const", text()), ("title", text())], [("x-title-vi", text())]);
    object(
        [],
        [
            ("type", text()),
            ("format", text()),
            ("title", text()),
            ("x-title-vi", text()),
            ("enum", list(text())),
            ("oneOf", list(choice)),
            ("minimum", number()),
            ("maximum", number()),
            ("multipleOf", number()),
            ("maxLength", integer()),
            ("nullable", flag()),
            ("items", object([("type", text())], [])),
            ("x-ogc-role", text()),
        ],
    )
}

/// This document.
pub(super) fn openapi() -> Value {
    let info =
        object([("title", text()), ("version", text())], [("description", text()), ("license", map(any()))]);
    object(
        [("openapi", text()), ("info", info), ("paths", map(map(any())))],
        [("servers", list(map(text()))), ("components", map(map(any()))), ("x-left-out", map(text()))],
    )
}
