//! `POST /search`: a list of one collection whose question is too long for an address, as the drafts of OGC API
//! Features for searches have it. The members of the body are the parameters of the list; a filter may be an
//! object (CQL2 JSON) or a text.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value};

use super::collections::{REPORTS, WARDS};
use super::{declared, items, wards};
use crate::http::Service;
use crate::http::wire::extract::{SEARCH_BYTES, json_within, no_parameters};
use crate::http::wire::problem::Problem;
use diaban_core::domain::Violation;
use diaban_core::format::cql2_json;
use diaban_core::query::cql::LANGUAGES;
use diaban_core::query::params::turn_bbox;

/// Names of members in the drafts and elsewhere, and the parameters that they are.
const ALIASES: [(&str, &str); 6] = [
    ("filterLang", "filter-lang"),
    ("filterCrs", "filter-crs"),
    ("filter_lang", "filter-lang"),
    ("filter_crs", "filter-crs"),
    ("bboxCrs", "bbox-crs"),
    ("sortBy", "sortby"),
];

pub(in crate::http) async fn search(
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    no_parameters(query.as_deref())?;
    let body = json_within(&headers, body, &["application/json"], SEARCH_BYTES).await?;
    let (collection, asked) = read(&body).map_err(|fault| Problem::parameters(vec![fault]))?;
    match collection.as_str() {
        REPORTS => items::list(&service, &asked, &headers, Some(body)).await,
        WARDS => wards::list(&service, &asked, &headers, Some(body)).await,
        id => declared::list(&service, id, &asked, &headers, Some(body)).await,
    }
}

/// The collection and the parameters of its list.
fn read(body: &Value) -> Result<(String, Vec<(String, String)>), Violation> {
    let Some(members) = body.as_object() else { return Err(Violation::new("", "must be an object")) };
    let collection = collection(members)?;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in
        members.iter().filter(|(name, _)| !["collection", "collections"].contains(&name.as_str()))
    {
        let name = ALIASES.iter().find(|(alias, _)| alias == name).map_or(name.as_str(), |(_, name)| name);
        if value.is_null() {
            continue;
        }
        let value = match (name, value) {
            ("filter", Value::Object(_)) => {
                pairs.retain(|(name, _)| name != "filter-lang");
                pairs.push(("filter-lang".to_owned(), LANGUAGES[1].to_owned()));
                cql2_json::to_text(value).map_err(|detail| Violation::new("filter", detail))?
            }
            ("sortby", Value::Array(list)) => {
                list.iter().map(sort_key).collect::<Option<Vec<_>>>().map_or_else(
                    || Err(Violation::new("sortby", "must be names, or objects of field and direction")),
                    |keys| Ok(keys.join(",")),
                )?
            }
            ("filter-lang", Value::String(_)) if members.get("filter").is_some_and(Value::is_object) => {
                continue;
            }
            (_, Value::Array(list)) => {
                let parts: Option<Vec<String>> = list.iter().map(scalar).collect();
                parts.ok_or_else(|| Violation::new(name, "must be a list of texts or numbers"))?.join(",")
            }
            (_, value) => scalar(value).ok_or_else(|| Violation::new(name, "must be a text or a number"))?,
        };
        pairs.push((name.to_owned(), value));
    }
    turn_bbox(&mut pairs)?;
    Ok((collection, pairs))
}

fn collection(members: &Map<String, Value>) -> Result<String, Violation> {
    let one = match (members.get("collections"), members.get("collection")) {
        (Some(Value::Array(list)), None) if list.len() == 1 => list[0].as_str(),
        (None, Some(Value::String(id))) => Some(id.as_str()),
        _ => None,
    };
    one.map(str::to_owned).ok_or_else(|| {
        Violation::new(
            "collections",
            "must be a list of one collection, like [\"reports\"]; /collections lists them",
        )
    })
}

/// `-created_at`, or `{"field": "created_at", "direction": "desc"}`.
fn sort_key(value: &Value) -> Option<String> {
    if let Value::String(name) = value {
        return Some(name.clone());
    }
    let field = value.get("field")?.as_str()?;
    match value.get("direction").map(Value::as_str) {
        None | Some(Some("asc")) => Some(field.to_owned()),
        Some(Some("desc")) => Some(format!("-{field}")),
        Some(_) => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(t) => Some(t.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_the_parameters_of_the_list() {
        let (collection, pairs) = read(&json!({
            "collections": ["reports"], "filter": { "op": "=", "args": [{ "property": "votes" }, 1] },
            "filter-lang": "cql2-json", "limit": 5, "bbox": [10, 106, 11, 107], "bbox-crs": "EPSG:4326",
            "properties": ["title", "status"], "sortby": [{ "field": "due_at", "direction": "desc" }], "cursor": null,
        }))
        .unwrap();
        let get =
            |name: &str| pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect::<Vec<_>>();
        assert_eq!(collection, "reports");
        assert_eq!(diaban_core::query::cql::unmarked(get("filter")[0]), "\"votes\" = 1");
        for (name, value) in [
            ("filter-lang", "cql2-json"),
            ("limit", "5"),
            ("bbox", "106,10,107,11"),
            ("properties", "title,status"),
            ("sortby", "-due_at"),
        ] {
            assert_eq!(get(name), [value], "{name}");
        }
        assert!(get("cursor").is_empty() && get("bbox-crs").is_empty());
        for (wrong, field) in [
            (json!([]), ""),
            (json!({ "filter": "TRUE" }), "collections"),
            (json!({ "collections": ["reports", "wards"] }), "collections"),
            (json!({ "collection": "reports", "limit": {} }), "limit"),
            (json!({ "collection": "reports", "filter": { "op": "=" } }), "filter"),
            (json!({ "collection": "reports", "sortby": [{ "field": "due_at", "direction": 1 }] }), "sortby"),
        ] {
            assert_eq!(read(&wrong).unwrap_err().field, field, "{wrong}");
        }
    }
}
