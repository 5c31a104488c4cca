//! `/api`: the description of the API as `OpenAPI` 3.0.3, made once from the table of routes. Schemas come from
//! the wire types (schemars) and, for features, from the tables of their fields.

mod features;
mod feeds;
mod operation;
pub(in crate::http) mod operations;
mod parameters;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::http::Service;
use crate::http::doors::features::no_parameter_but_f;
use crate::http::routes::{Callers, Described, Table};
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::{self, Problem};
use diaban_core::format::georeport::Form;
use diaban_core::map::Layer;
use diaban_core::pack::Pack;

pub(in crate::http) use operation::Operation;

/// Media type of the description (OGC API Features Part 1, requirement class oas30).
pub(in crate::http) const MEDIA: &str = "application/vnd.oai.openapi+json;version=3.0";
const OFFERS: &[Offer<()>] = &[Offer {
    names: &["json"],
    media: &["application/vnd.oai.openapi+json", "application/openapi+json", "application/json"],
    format: (),
}];

/// The operations of a route.
pub(in crate::http) type Operations = fn(&mut Describe<'_>) -> Vec<Operation>;

/// The bytes of the description, once somebody has asked for it.
#[derive(Default)]
pub struct Description(OnceLock<Bytes>);

pub(in crate::http) async fn api(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let f = no_parameter_but_f(query.as_deref())?;
    choose(OFFERS, f.as_deref(), &headers)?;
    let bytes = service.description.0.get_or_init(|| {
        let about = About {
            pack: &service.city.pack,
            layers: &service.layers,
            styles: service.styles.names().collect(),
            public_url: &service.public_url,
        };
        document(&about, &Table::new()).to_string().into()
    });
    Ok(Document::new(MEDIA, bytes.clone(), CachePolicy::Hour).answer(&headers))
}

/// What the description depends on besides the program.
pub(in crate::http) struct About<'a> {
    pub(in crate::http) pack: &'a Pack,
    pub(in crate::http) layers: &'a [Layer],
    pub(in crate::http) styles: Vec<&'a str>,
    pub(in crate::http) public_url: &'a str,
}

/// The description in the making: operations name schemas, which are collected here.
pub(in crate::http) struct Describe<'a> {
    about: &'a About<'a>,
    types: SchemaGenerator,
    /// Schemas that no type stands for, by name.
    named: BTreeMap<String, Value>,
    /// Query parameters that some operation takes.
    parameters: BTreeSet<String>,
}

impl Describe<'_> {
    /// The schema of a wire type.
    fn json<T: JsonSchema>(&mut self) -> Value {
        schema::plain(self.types.subschema_for::<T>().to_value())
    }

    /// A reference to a schema, made unless there is one of that name.
    fn named(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.named.contains_key(name) {
            let schema = make(self);
            self.named.insert(name.to_owned(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }
}

/// The whole description.
fn document(about: &About<'_>, table: &Table) -> Value {
    let types = SchemaSettings::openapi3().for_serialize().into_generator();
    let mut describe = Describe { about, types, named: BTreeMap::new(), parameters: BTreeSet::new() };
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut left_out = Map::new();
    for route in table.rows() {
        let operations = match route.described {
            Described::As(operations) => operations(&mut describe),
            Described::Not(reason) => {
                left_out.insert(route.pattern.to_owned(), reason.into());
                continue;
            }
        };
        for operation in operations {
            let method = route.method.as_str().to_ascii_lowercase();
            let path = operation.path.clone();
            let mut written = operation.written(&mut describe);
            if let Callers::Key(scope) = route.callers {
                written["security"] = json!([{ "key": [] }, { "session": [] }]);
                written["description"] =
                    format!("Needs a key with the scope {scope}, or the session of an account with it.")
                        .into();
            }
            paths.entry(path).or_default().insert(method, written);
        }
    }
    let problem = describe.named("Problem", |_| schema::problem());
    let georeport = describe.named("GeoReportErrors", |_| schema::georeport_errors());
    let Describe { mut types, mut named, parameters, .. } = describe;
    named.extend(types.take_definitions(true).into_iter().map(|(name, s)| (name, schema::plain(s))));
    let parameters: Map<String, Value> =
        parameters.into_iter().map(|name| (name.clone(), parameters::query(about, &name))).collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "diaban",
            "description": "Phản ánh của người dân trên bản đồ / citizen reports on the map",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": about.public_url }],
        "paths": paths,
        "x-left-out": left_out,
        "components": {
            "parameters": parameters,
            "responses": {
                "problem": {
                    "description": "What is wrong and what would be right (RFC 9457)",
                    "content": { problem::MEDIA: { "schema": problem } },
                },
                "georeport": {
                    "description": "What is wrong, each with code and description (GeoReport v2)",
                    "content": {
                        Form::Json.media(): { "schema": georeport },
                        Form::Xml.media(): { "schema": schema::text() },
                    },
                },
            },
            "schemas": named,
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer" },
                "session": {
                    "type": "apiKey", "in": "cookie", "name": "__Host-session",
                    "description": "Of an account, from /account; to change anything a page of this service must send it",
                },
            },
        },
    })
}
