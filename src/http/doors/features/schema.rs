//! `/collections/{c}/schema`, `/queryables` and `/feature-schema`: what the features of a collection hold (OGC
//! API Features Part 5), by what of it they can be asked for (Part 3), and the same as the schema of a whole
//! GeoJSON feature, by which GDAL types its columns. All are JSON Schema from one list of properties. Codes
//! have their names in both languages.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::landing::no_parameter_but_f;
use super::{collections, wards};
use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::Problem;
use diaban_core::domain::field::{self, Field, Kind, Type, Vocabulary};
use diaban_core::domain::{Collection, Property, PropertyKind, Text};
use diaban_core::pack::{Pack, UnitWords};
use diaban_core::query::{Queryable, features, reports};

/// Media type of the documents.
pub(in crate::http) const MEDIA: &str = "application/schema+json";
const JSON: &str = "application/json";
/// Both are the same document; GDAL takes none of another type than it accepts.
const OFFERS: &[Offer<&str>] = &[
    Offer { names: &["json"], media: &[MEDIA], format: MEDIA },
    Offer { names: &["json"], media: &[JSON], format: JSON },
];

/// What the features of a declared collection hold beside what it declares.
const COMMON: [(&str, Kind, &str, &str); 6] = [
    ("id", Kind::Integer, "Mã", "Id"),
    ("source", Kind::Text, "Nguồn", "Source"),
    ("source_id", Kind::Text, "Mã của nguồn", "Id in the source"),
    ("revision", Kind::Integer, "Lần sửa", "Revision"),
    ("created_at", Kind::Instant, "Có từ", "Here since"),
    ("updated_at", Kind::Instant, "Cập nhật lúc", "Last changed at"),
];

/// What the features of a collection hold.
pub(in crate::http) struct Holdings<'a> {
    title: Text,
    pub(in crate::http) properties: Map<String, Value>,
    /// What each of them has.
    pub(in crate::http) required: Vec<&'a str>,
    /// By what they can be asked for.
    asked: Vec<Queryable<'a>>,
}

/// `/collections/{c}/schema`
pub(in crate::http) async fn schema(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (held, media) = asked(&service, &id, query.as_deref(), &headers)?;
    let mut body = begun(&service, &id, "schema", &held.title);
    body["properties"] = held.properties.into();
    body["required"] = held.required.into();
    Ok(answer(media, &body, &headers))
}

/// `/collections/{c}/queryables`: what `filter` can name, in lists, tiles and feeds alike.
pub(in crate::http) async fn queryables(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (held, media) = asked(&service, &id, query.as_deref(), &headers)?;
    let mut body = begun(&service, &id, "queryables", &held.title);
    let about = |q: &Queryable<'_>| {
        held.properties.get(q.name).cloned().unwrap_or_else(|| beside(q, &service.city.pack))
    };
    let asked = || held.asked.iter().filter(|q| !q.presence_only);
    body["properties"] = asked().map(|q| (q.name.to_owned(), about(q))).collect::<Map<_, _>>().into();
    // The list of the drafts before Part 3: GDAL sends no test of a property that is not in it.
    body["queryables"] = asked().map(|q| json!({ "id": q.name })).collect();
    // Another name is refused, as the standard asks of a list that says so.
    body["additionalProperties"] = false.into();
    Ok(answer(media, &body, &headers))
}

/// `/collections/{c}/feature-schema`: a feature as GeoJSON writes it. A property that may be without a value
/// is `nullable`, in the words of `OpenAPI` 3.0: GDAL reads no list of types.
pub(in crate::http) async fn feature_schema(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (mut held, media) = asked(&service, &id, query.as_deref(), &headers)?;
    let of_id = held.properties.remove("id");
    for (name, about) in &mut held.properties {
        if !held.required.contains(&name.as_str()) {
            about["nullable"] = true.into();
        }
        // GDAL holds a whole number in 32 bits.
        if about["maximum"].as_i64().is_some_and(|most| most > i32::MAX.into()) {
            about["type"] = "number".into();
            about["multipleOf"] = 1.into();
        }
    }
    let mut body = begun(&service, &id, "feature-schema", &held.title);
    body["required"] = json!(["type", "geometry", "properties"]);
    body["properties"] = json!({
        "type": { "const": "Feature" },
        "id": of_id.unwrap_or_else(|| json!({ "type": "string" })),
        "geometry": { "format": "geometry-any", "nullable": true },
        "properties": { "type": "object", "properties": held.properties },
    });
    Ok(answer(media, &body, &headers))
}

fn asked<'a>(
    service: &'a Service,
    id: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<(Holdings<'a>, &'static str), Problem> {
    let held = held(&service.city.pack, id)
        .ok_or_else(|| Problem::not_found("no such collection; /collections lists them"))?;
    let f = no_parameter_but_f(query)?;
    Ok((held, choose(OFFERS, f.as_deref(), headers)?))
}

fn answer(media: &'static str, body: &Value, headers: &HeaderMap) -> Response {
    let document = Document::json(media, body, CachePolicy::Hour);
    document.header(header::VARY, HeaderValue::from_static("Accept")).answer(headers)
}

/// What the features of a collection hold; `None` when there is no such collection.
pub(in crate::http) fn held<'a>(pack: &'a Pack, id: &str) -> Option<Holdings<'a>> {
    match id {
        collections::REPORTS => Some(of_reports(pack)),
        collections::WARDS => Some(of_wards(&pack.city.unit)),
        _ => declared(pack, id).map(|c| of_declared(c, pack)),
    }
}

/// The collection of that name, or of which a part has it.
pub(in crate::http) fn declared<'a>(pack: &'a Pack, id: &str) -> Option<&'a Arc<Collection>> {
    pack.collection(id).or_else(|| pack.collections.iter().find(|c| c.part(id).is_some()))
}

fn begun(service: &Service, id: &str, document: &str, title: &Text) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{}/collections/{id}/{document}", service.public_url),
        "type": "object",
        "title": title.en,
        "x-title-vi": title.vi,
    })
}

/// A property that is asked for and not held: the place, and what is computed.
fn beside(q: &Queryable<'_>, pack: &Pack) -> Value {
    let (vi, en) = Field::named(q.name).map_or((q.name, q.name), |f| f.title);
    match q.holds {
        Type::Of(kind) => {
            let mut about = plain(kind, vi, en);
            codes(&mut about, q.vocabulary, pack);
            about
        }
        Type::Place => {
            let mut about = json!({ "format": "geometry-any", "x-ogc-role": "primary-geometry" });
            title(&mut about, vi, en);
            about
        }
    }
}

fn of_reports(pack: &Pack) -> Holdings<'static> {
    let field = |f: &Field| {
        let (vi, en) = f.title;
        let mut about = plain(f.kind().unwrap_or(Kind::Text), vi, en);
        codes(&mut about, f.vocabulary, pack);
        (f.name.to_owned(), about)
    };
    // The id stands beside the properties, too.
    let held = || field::TABLE.iter().filter(|f| f.name == "id").chain(field::REPORT);
    Holdings {
        title: collections::reports_title(),
        properties: held().map(field).collect(),
        required: held().filter(|f| !f.nullable).map(|f| f.name).collect(),
        asked: reports::schema().queryables().to_vec(),
    }
}

/// Says which codes a property may have, with their names where they have some.
fn codes(about: &mut Value, vocabulary: Vocabulary<'_>, pack: &Pack) {
    match vocabulary {
        Vocabulary::Categories => {
            about["oneOf"] =
                pack.categories.iter().map(|c| choice(&c.code, &c.name.vi, &c.name.en)).collect();
        }
        Vocabulary::Clocks => {
            let all = pack.clocks.list.iter();
            about["oneOf"] = all.map(|c| choice(&c.code, &c.name.vi, &c.name.en)).collect();
        }
        Vocabulary::Choices(codes) => {
            about["oneOf"] = codes.iter().map(|c| choice(&c.code, &c.name.vi, &c.name.en)).collect();
        }
        Vocabulary::Terms(terms) => {
            let titled = terms.iter().map(|t| t.title.map(|(vi, en)| choice(t.name, vi, en)));
            match titled.collect::<Option<Vec<_>>>() {
                Some(all) => about["oneOf"] = all.into(),
                None => about["enum"] = terms.iter().map(|t| t.name).collect(),
            }
        }
        // Wards come with each generation; any name may be a body's of before.
        Vocabulary::Wards | Vocabulary::Bodies | Vocabulary::Free => {}
    }
}

fn of_wards(unit: &UnitWords) -> Holdings<'static> {
    Holdings {
        title: unit.title(),
        properties: wards::PROPERTIES.iter().map(named).collect(),
        required: wards::PROPERTIES.iter().map(|p| p.0).collect(),
        asked: wards::schema().queryables().to_vec(),
    }
}

fn of_declared<'a>(collection: &'a Collection, pack: &Pack) -> Holdings<'a> {
    let mut properties: Map<String, Value> =
        collection.properties.iter().map(|p| (p.name.clone(), property(p, pack))).collect();
    properties.extend(COMMON.iter().map(named));
    let mut wards = json!({ "type": "array", "items": { "type": "string" } });
    let names = pack.city.unit.many_title();
    title(&mut wards, &names.vi, &names.en);
    properties.insert("wards".to_owned(), wards);
    Holdings {
        title: collection.title.clone(),
        properties,
        required: collection.properties.iter().filter(|p| p.required).map(|p| p.name.as_str()).collect(),
        asked: features::schema(collection).queryables().to_vec(),
    }
}

fn property(p: &Property, pack: &Pack) -> Value {
    let mut about = plain(p.kind.kind(), &p.title.vi, &p.title.en);
    codes(&mut about, p.kind.vocabulary(), pack);
    match &p.kind {
        PropertyKind::Text(max) => about["maxLength"] = (*max).into(),
        PropertyKind::Integer(low, high) => {
            about["minimum"] = (*low).into();
            about["maximum"] = (*high).into();
        }
        PropertyKind::Code(_) | PropertyKind::Number | PropertyKind::Boolean | PropertyKind::Instant => {}
    }
    about
}

fn named((name, kind, vi, en): &(&str, Kind, &str, &str)) -> (String, Value) {
    ((*name).to_owned(), plain(*kind, vi, en))
}

/// A property of which only type and title are known.
fn plain(kind: Kind, vi: &str, en: &str) -> Value {
    let mut about = match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Instant => json!({ "type": "string", "format": "date-time" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Boolean => json!({ "type": "boolean" }),
    };
    title(&mut about, vi, en);
    about
}

fn title(about: &mut Value, vi: &str, en: &str) {
    about["title"] = en.into();
    about["x-title-vi"] = vi.into();
}

fn choice(code: &str, vi: &str, en: &str) -> Value {
    json!({ "const": code, "title": en, "x-title-vi": vi })
}
