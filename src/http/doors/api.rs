//! `/api`: the `OpenAPI` 3.0 description, written from one table of operations and one of parameters.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::http::Service;
use crate::http::doors::features::{SCHEMA_MEDIA, no_parameter_but_f};
use crate::http::doors::tiles::layer_filters;
use crate::http::doors::{nearest, open311, pictures};
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::{self, Problem};
use diaban_core::domain::Collection;
use diaban_core::domain::field::{self, Operator, Parameter, Vocabulary};
use diaban_core::format::georeport::Form;
use diaban_core::format::{feed, geojson, list};
use diaban_core::map::Layer;
use diaban_core::query::cql;
use diaban_core::query::features;
use diaban_core::query::params::{self, DEFAULT_LIMIT, MAX_LIMIT};
use diaban_core::raster::Style;

/// Media type of the description (OGC API Features Part 1, requirement class oas30).
pub(in crate::http) const MEDIA: &str = "application/vnd.oai.openapi+json;version=3.0";
const OFFERS: &[Offer<()>] = &[Offer {
    names: &["json"],
    media: &["application/vnd.oai.openapi+json", "application/openapi+json", "application/json"],
    format: (),
}];

const JSON: &[&str] = &["application/json"];
const TILE: &str = "application/vnd.mapbox-vector-tile";

/// One operation: path, id, summary, query parameters, media types of the answer.
struct Operation {
    path: String,
    id: String,
    summary: String,
    query: Vec<String>,
    media: Vec<&'static str>,
    /// Whether its JSON is an array.
    array: bool,
}

pub(in crate::http) async fn api(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let f = no_parameter_but_f(query.as_deref())?;
    choose(OFFERS, f.as_deref(), &headers)?;
    Ok(Document::json(MEDIA, &document(&service), CachePolicy::Hour).answer(&headers))
}

fn document(service: &Service) -> Value {
    let mut paths = Map::new();
    let mut used = BTreeSet::new();
    for o in operations(service) {
        let georeport = o.path.starts_with(open311::ROOT);
        if !georeport {
            used.extend(o.query.iter().cloned());
        }
        let in_path = o.path.split('{').skip(1).filter_map(|p| p.split('}').next()).map(
            |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
        );
        let in_query = o.query.iter().map(|q| {
            if georeport {
                return or_empty(parameter(service, q));
            }
            json!({ "$ref": format!("#/components/parameters/{q}") })
        });
        let content: Map<String, Value> =
            o.media.iter().map(|m| ((*m).to_owned(), json!({ "schema": schema_of(m, o.array) }))).collect();
        let errors = if georeport { "georeport" } else { "problem" };
        let mut get = json!({
            "operationId": o.id,
            "summary": o.summary,
            "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
            "responses": {
                "200": { "description": "OK", "content": content },
                "default": { "$ref": format!("#/components/responses/{errors}") },
            },
        });
        if o.media == [TILE] {
            get["responses"]["204"] = json!({ "description": "Nothing is there" });
        }
        paths.insert(o.path, json!({ "get": get }));
    }
    if let Some(items) = paths.get_mut("/collections/reports/items") {
        items["post"] = submit();
    }
    let parameters: Map<String, Value> =
        used.into_iter().map(|name| (name.clone(), parameter(service, &name))).collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "diaban",
            "description": "Phản ánh của người dân trên bản đồ / citizen reports on the map",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": service.public_url }],
        "paths": paths,
        "components": {
            "parameters": parameters,
            "responses": {
                "problem": {
                    "description": "What is wrong and what would be right (RFC 9457)",
                    "content": { problem::MEDIA: { "schema": { "$ref": "#/components/schemas/problem" } } },
                },
                "georeport": {
                    "description": "What is wrong, each with code and description (GeoReport v2)",
                    "content": {
                        Form::Json.media(): { "schema": schema_of(Form::Json.media(), true) },
                        Form::Xml.media(): { "schema": schema_of(Form::Xml.media(), true) },
                    },
                },
            },
            "schemas": {
                "problem": {
                    "type": "object",
                    "required": ["type", "title", "status"],
                    "properties": {
                        "type": { "type": "string" },
                        "title": { "type": "string" },
                        "status": { "type": "integer" },
                        "detail": { "type": "string" },
                        "errors": { "type": "array", "items": {
                            "type": "object",
                            "properties": { "field": { "type": "string" }, "detail": { "type": "string" } },
                        } },
                    },
                },
            },
        },
    })
}

fn schema_of(media: &str, array: bool) -> Value {
    match media {
        m if array && m.contains("json") => json!({ "type": "array", "items": { "type": "object" } }),
        m if m.contains("json") && !m.contains("seq") => json!({ "type": "object" }),
        _ => json!({ "type": "string" }),
    }
}

fn one(path: &str, id: &str, summary: &str, query: &[&str], media: &[&'static str]) -> Operation {
    Operation {
        path: path.to_owned(),
        id: id.to_owned(),
        summary: summary.to_owned(),
        query: query.iter().map(|q| (*q).to_owned()).collect(),
        media: media.to_vec(),
        array: false,
    }
}

fn operations(service: &Service) -> Vec<Operation> {
    let formats: Vec<&str> = list::media().collect();
    let mut all = vec![
        one("/", "landing", "Links to everything, or the map", &["f"], &["application/json", "text/html"]),
        one("/api", "api", "This description", &["f"], &[MEDIA]),
        one("/conformance", "conformance", "What this service conforms to", &["f"], JSON),
        one("/collections", "collections", "The collections", &["f"], JSON),
        one("/categories", "categories", "What a report can be about", &["lon", "lat", "lang"], JSON),
        one(
            "/locate",
            "locate",
            "Whose ward is this place",
            &["lon", "lat", "accuracy_m", "at", "category"],
            JSON,
        ),
        one("/collections/reports", "reports", "About the reports", &["f"], JSON),
        one("/collections/reports/items", "listReports", "Reports, newest first", params::LIST, &formats),
        one("/collections/reports/items/{id}", "report", "One report", &["f"], &[geojson::MEDIA]),
        one("/collections/wards", "wards", "About the wards", &["f"], JSON),
        one(
            "/collections/wards/items",
            "listWards",
            "Wards in force",
            &["bbox", "datetime", "filter", "filter-lang", "filter-crs", "limit", "cursor", "f"],
            &formats,
        ),
        one("/collections/wards/items/{id}", "ward", "One ward", &["f"], &[geojson::MEDIA]),
        one("/tileMatrixSets", "matrixSets", "How tiles are cut", &["f"], JSON),
        one(
            "/tileMatrixSets/WebMercatorQuad",
            "webMercatorQuad",
            "The zooms and squares of web mercator",
            &["f"],
            JSON,
        ),
        one("/healthz", "healthz", "The process lives", &[], JSON),
        one("/readyz", "readyz", "The map is level with the record", &[], JSON),
    ];
    for c in &service.city.pack.collections {
        let (id, title) = (&c.id, &c.title.en);
        let path = |rest: &str| format!("/collections/{id}{rest}");
        let filters = features::filter_names(c);
        let list: Vec<&str> = filters.into_iter().chain(["limit", "cursor", "f"]).collect();
        all.extend([
            one(&path(""), &format!("{id}Collection"), &format!("About {title}"), &["f"], JSON),
            one(&path("/items"), &format!("{id}List"), title, &list, &formats),
            one(
                &path("/items/{id}"),
                &format!("{id}Item"),
                &format!("One of {title}"),
                &["f"],
                &[geojson::MEDIA],
            ),
        ]);
        all.extend(of_properties(id, title));
    }
    all.extend(of_properties("reports", "reports"));
    all.extend(of_properties("wards", "wards"));
    all.extend(Form::ALL.into_iter().flat_map(of_open311));
    if let Some(c) = service.city.pack.collection(nearest::USUAL) {
        let query: Vec<&str> = nearest::PARAMS.into_iter().chain(features::filter_names(c)).collect();
        all.push(one(
            "/nearest",
            "nearest",
            "The nearest places, how far they are and whether they are open",
            &query,
            &[geojson::MEDIA],
        ));
    }
    let mut query = pictures::PARAMS.to_vec();
    for layer in &service.layers {
        all.extend(of_layer(layer));
        query.extend(layer_filters(layer));
    }
    let mut seen = BTreeSet::new();
    query.retain(|name| seen.insert(*name));
    all.push(one(
        "/static/{lon},{lat},{zoom}/{width}x{height}.png",
        "staticMap",
        "The map around a place as a picture; {height}@2x has twice the pixels",
        &query,
        &[pictures::MEDIA],
    ));
    all.push(one("/styles", "styles", "The map styles", &["f"], JSON));
    all.extend(service.styles.names().map(|name| {
        one(&format!("/styles/{name}.json"), &format!("{name}Style"), "A MapLibre style", &["lang"], JSON)
    }));
    all.extend(feeds(&service.city.pack.collections));
    all
}

/// The feeds of the city and of a ward, each in all formats, and their live streams.
fn feeds(collections: &[Arc<Collection>]) -> Vec<Operation> {
    let formats: Vec<&str> = feed::ALL.iter().map(|f| f.media).collect();
    let paged = |filters: &[&str], bound: bool| -> Vec<String> {
        let filters = filters.iter().copied().filter(|f| !bound || *f != "ward");
        filters.chain(["limit", "cursor"]).map(str::to_owned).collect()
    };
    let feed = |path: &str, id: String, summary: String, query: Vec<String>| Operation {
        path: format!("/feeds/{path}.{{format}}"),
        id,
        summary,
        query,
        media: formats.clone(),
        array: false,
    };
    let reports = |bound| paged(params::FILTERS, bound);
    let live = |path, id, summary| one(path, id, summary, &[], &["text/event-stream"]);
    let mut all = vec![
        feed("reports", "reportsFeed".into(), "Reports, newest update first".into(), reports(false)),
        feed("wards/{ward}", "wardFeed".into(), "Reports of a ward".into(), reports(true)),
        feed("wards/{ward}/changes", "wardChanges".into(), "What happened in a ward".into(), reports(true)),
        live("/feeds/reports/events", "reportsEvents", "What happens, live"),
        live("/feeds/wards/{ward}/events", "wardEvents", "What happens in a ward, live"),
    ];
    for c in collections.iter().filter(|c| c.feed.is_some()) {
        let (id, title, filters) = (&c.id, &c.title.en, features::filter_names(c));
        let summary = |place: &str| format!("{title} in force{place}");
        all.push(feed(id, format!("{id}Feed"), summary(""), paged(&filters, false)));
        let ward = format!("wards/{{ward}}/{id}");
        all.push(feed(&ward, format!("{id}WardFeed"), summary(" in a ward"), paged(&filters, true)));
    }
    all
}

/// What the features of a collection hold, and by what they can be asked for.
fn of_properties(id: &str, title: &str) -> [Operation; 2] {
    let path = |document: &str| format!("/collections/{id}/{document}");
    [
        one(&path("schema"), &format!("{id}Schema"), &format!("What {title} hold"), &["f"], &[SCHEMA_MEDIA]),
        one(
            &path("queryables"),
            &format!("{id}Queryables"),
            &format!("By what {title} can be asked for"),
            &["f"],
            &[SCHEMA_MEDIA],
        ),
    ]
}

/// The doors of Open311 in one form.
fn of_open311(form: Form) -> [Operation; 3] {
    let extension = form.extension();
    let of = |path: &str, id: &str, summary: &str| {
        let path = format!("{}{path}.{extension}", open311::ROOT);
        one(&path, &format!("{id}_{extension}"), summary, &open311::PARAMS, &[form.media()])
    };
    [
        of("discovery", "open311Discovery", "Where Open311 GeoReport v2 is served"),
        Operation { array: true, ..of("v2/services", "open311Services", "The categories as services") },
        of("v2/services/{service_code}", "open311Service", "What a service asks beside place and text"),
    ]
}

/// The tiles of a layer at both addresses, with what describes them.
fn of_layer(layer: &Layer) -> Vec<Operation> {
    let (id, title) = (&layer.id, &layer.title.en);
    let filters = layer_filters(layer);
    let mut all = vec![
        one(
            &format!("/tiles/{id}/{{z}}/{{x}}/{{y}}.mvt"),
            &format!("{id}Tile"),
            &format!("A vector tile of {title}"),
            &filters,
            &[TILE],
        ),
        one(
            &format!("/tiles/{id}/{{z}}/{{x}}/{{y}}.png"),
            &format!("{id}Picture"),
            &format!("A tile of {title} as a picture of 256 pixels; y@2x has 512"),
            &filters,
            &[pictures::MEDIA],
        ),
        one(
            &format!("/tiles/{id}.json"),
            &format!("{id}TileJson"),
            &format!("TileJSON of {title}"),
            &filters,
            JSON,
        ),
    ];
    let Some(collection) = layer.collection_id() else { return all };
    let tiles = format!("/collections/{collection}/tiles");
    all.extend([
        one(&tiles, &format!("{id}Tilesets"), &format!("Tile sets of {title}"), &["f"], JSON),
        one(
            &format!("{tiles}/WebMercatorQuad"),
            &format!("{id}Tileset"),
            &format!("The tile set of {title}"),
            &["f"],
            JSON,
        ),
        one(
            &format!("{tiles}/WebMercatorQuad/{{z}}/{{row}}/{{column}}"),
            &format!("{id}MatrixTile"),
            &format!("A vector tile of {title}, row before column"),
            &filters,
            &[TILE],
        ),
    ]);
    all
}

/// The value of a parameter that asks for a field.
fn value_of(service: &Service, operator: Operator, vocabulary: Vocabulary<'_>) -> Value {
    let codes = |all: Vec<&str>| json!({ "type": "array", "items": { "type": "string", "enum": all } });
    match (operator, vocabulary) {
        (Operator::OneOf, Vocabulary::Categories) => {
            codes(service.city.pack.categories.iter().map(|c| &*c.code).collect())
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

/// The parameter of that name that asks for a field of reports or of all features, with the codes it knows.
fn declared(name: &str) -> Option<(Parameter<'static>, Vocabulary<'static>)> {
    let reports = field::TABLE.iter().filter_map(|f| Some((f.parameter?, f.vocabulary)));
    let features = features::common().filter_map(|q| Some((q.parameter?, q.vocabulary)));
    reports.chain(features).find(|(p, _)| p.name == name)
}

/// One parameter, described once for all operations that take it.
fn parameter(service: &Service, name: &str) -> Value {
    let text = json!({ "type": "string" });
    let all_layers: Vec<&str> = service.layers.iter().map(|l| l.id.as_str()).collect();
    let styles = Style::ALL.map(Style::name);
    let formats: Vec<String> = list::ALL.iter().map(|f| format!("{} ({})", f.names[0], f.title)).collect();
    let formats =
        format!("The format, where the Accept header does not say it; of lists {}", formats.join(", "));
    let number = |low: f64, high: f64| json!({ "type": "number", "minimum": low, "maximum": high });
    let of_field = declared(name).map(|(p, known)| (value_of(service, p.operator, known), p.about));
    let (schema, about): (Value, &str) = of_field.unwrap_or_else(|| match name {
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
        "lon" => (number(-180.0, 180.0), "Longitude in degrees (CRS84); never without lat"),
        "lat" => (number(-90.0, 90.0), "Latitude in degrees (CRS84); never without lon"),
        "collection" => (text, "A collection of places"),
        "max_m" => (json!({ "type": "number", "minimum": 0 }), "At most so many metres away"),
        "open" => (json!({ "type": "boolean", "enum": [true] }), "Only what is open now"),
        "accuracy_m" => (json!({ "type": "number", "minimum": 0 }), "Metres the place may be off"),
        "lang" => (json!({ "type": "string", "enum": ["vi", "en"] }), "Language"),
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
    });
    let mut parameter = json!({ "name": name, "in": "query", "required": false, "description": about });
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter["schema"] = schema;
    parameter
}

/// The same parameter where an empty one counts as none.
fn or_empty(mut parameter: Value) -> Value {
    if let Some(Value::Array(values)) = parameter.pointer_mut("/schema/enum") {
        values.push("".into());
    }
    parameter
}

fn submit() -> Value {
    json!({
        "operationId": "submitReport",
        "summary": "A citizen's report: routed, stored durably, answered with the ward and the body",
        "parameters": [{
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A repeat with the same key makes no second report",
            "schema": { "type": "string", "maxLength": 200 },
        }],
        "requestBody": { "required": true, "content": { geojson::MEDIA: { "schema": {
            "type": "object",
            "required": ["type", "geometry", "properties"],
            "properties": {
                "type": { "type": "string", "enum": ["Feature"] },
                "geometry": { "type": "object", "nullable": true },
                "properties": { "type": "object", "required": ["category"], "properties": {
                    "category": { "type": "string" },
                    "title": { "type": "string" },
                    "description": { "type": "string" },
                    "accuracy_m": { "type": "number" },
                } },
            },
        } } } },
        "responses": {
            "201": { "description": "Stored", "content": { geojson::MEDIA: { "schema": { "type": "object" } } } },
            "200": { "description": "Stored before, by the same key", "content": { geojson::MEDIA: { "schema": { "type": "object" } } } },
            "default": { "$ref": "#/components/responses/problem" },
        },
    })
}
