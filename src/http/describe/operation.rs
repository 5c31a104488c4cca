//! One operation of the description.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Describe, parameters, schema};
use crate::http::doors::open311;

/// An operation in the making: path, id, summary, parameters, answers.
#[derive(Clone)]
pub(in crate::http) struct Operation {
    pub(in crate::http) path: String,
    pub(in crate::http) id: String,
    summary: String,
    query: Vec<String>,
    headers: Vec<Value>,
    body: Option<Value>,
    /// Content by status.
    answers: BTreeMap<&'static str, (&'static str, Map<String, Value>)>,
}

impl Operation {
    pub(super) fn new(path: impl Into<String>, id: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            id: id.into(),
            summary: summary.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
        }
    }

    /// Takes these query parameters, which `parameters` knows.
    pub(super) fn query<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        for name in names {
            if !self.query.iter().any(|n| n == name) {
                self.query.push(name.to_owned());
            }
        }
        self
    }

    /// Takes an optional header.
    pub(super) fn header(mut self, name: &str, about: &str, schema: Value) -> Self {
        self.headers.push(json!({
            "name": name, "in": "header", "required": false, "description": about, "schema": schema,
        }));
        self
    }

    /// Reads a body of this media type.
    pub(super) fn body(mut self, media: &str, schema: Value) -> Self {
        self.body = Some(json!({ "required": true, "content": { media: { "schema": schema } } }));
        self
    }

    /// Answers 200 with this media type; generators of clients take the first.
    pub(super) fn answers(self, media: &str, schema: Value) -> Self {
        self.status("200", "OK", media, schema)
    }

    /// Answers 200 with JSON.
    pub(super) fn json(self, schema: Value) -> Self {
        self.answers("application/json", schema)
    }

    /// Answers with this status and media type.
    pub(super) fn status(mut self, status: &'static str, about: &'static str, media: &str, s: Value) -> Self {
        let content = &mut self.answers.entry(status).or_insert_with(|| (about, Map::new())).1;
        content.insert(media.to_owned(), json!({ "schema": s }));
        self
    }

    /// Answers 204, too.
    pub(super) fn or_nothing(self) -> Self {
        self.nothing("Nothing is there")
    }

    /// Answers 204.
    pub(super) fn nothing(mut self, about: &'static str) -> Self {
        self.answers.insert("204", (about, Map::new()));
        self
    }

    /// Answers 303: the answer is another page.
    pub(super) fn see_other(mut self, about: &'static str) -> Self {
        self.answers.insert("303", (about, Map::new()));
        self
    }

    /// The operation as the description has it.
    pub(super) fn written(self, describe: &mut Describe<'_>) -> Value {
        let georeport = self.path.starts_with(open311::ROOT);
        let mut parameters: Vec<Value> = path_names(&self.path).map(|n| in_path(&self.path, n)).collect();
        for name in &self.query {
            if georeport {
                parameters.push(or_empty(parameters::query(describe.about, name)));
            } else {
                describe.parameters.insert(name.clone());
                parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
            }
        }
        parameters.extend(self.headers);
        let errors = if georeport { "georeport" } else { "problem" };
        let mut responses: Map<String, Value> = self
            .answers
            .into_iter()
            .map(|(status, (about, content))| {
                let answer = if content.is_empty() {
                    json!({ "description": about })
                } else {
                    json!({ "description": about, "content": content })
                };
                (status.to_owned(), answer)
            })
            .collect();
        responses.insert("default".into(), json!({ "$ref": format!("#/components/responses/{errors}") }));
        let mut written = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [tag(&self.path)],
            "parameters": parameters,
            "responses": responses,
        });
        if let Some(body) = self.body {
            written["requestBody"] = body;
        }
        written
    }
}

/// The names in braces of a path.
pub(super) fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|part| part.split('}').next())
}

fn in_path(path: &str, name: &str) -> Value {
    let schema = match name {
        "z" | "x" | "y" | "row" | "column" | "edition" => json!({ "type": "integer", "minimum": 0 }),
        "width" | "height" => json!({ "type": "integer", "minimum": 1 }),
        "lon" | "lat" | "zoom" => schema::number(),
        // A ward's is a code, alone or after its generation.
        "id" if !path.starts_with("/collections/wards/") => schema::integer(),
        _ => schema::text(),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

/// The same parameter where an empty one counts as none.
fn or_empty(mut parameter: Value) -> Value {
    if let Some(Value::Array(values)) = parameter.pointer_mut("/schema/enum") {
        values.push("".into());
    }
    parameter
}

/// What an operation is about: generators of clients make a class of each.
fn tag(path: &str) -> &'static str {
    match path.split('/').nth(1).unwrap_or_default() {
        "tiles" | "tileMatrixSets" | "styles" | "sprites" | "fonts" | "basemap" | "basemap.json"
        | "static" => "map",
        "collections" if path.contains("/tiles") => "map",
        "collections" if path.contains("/reports/items/{id}/") => "offices",
        "collections" => "features",
        "feeds" | "events" => "feeds",
        "account" | "r" => "pages",
        "open311" => "open311",
        "areas" | "healthz" | "readyz" | "metrics" => "operator",
        _ => "service",
    }
}
