//! Collections, their features, and the POST that makes a report.

use serde_json::Value;

use super::{collections_of, declared_of, document, operation_name};
use crate::http::describe::features::{self, REPORTS, WARDS, feature as feature_of, page};
use crate::http::describe::{Describe, Operation, schema};
use crate::http::doors::features::{CollectionInfo, Collections, SCHEMA_MEDIA};
use crate::http::wire::parts::Point;
use diaban_core::format::geojson;
use diaban_core::format::list::ALL;
use diaban_core::query::features::filter_names;
use diaban_core::query::params::{PAGE, SORT};

pub(in crate::http) fn collections(d: &mut Describe<'_>) -> Vec<Operation> {
    vec![document("/collections", "collections", "The collections", d.json::<Collections>())]
}

pub(in crate::http) fn collection(d: &mut Describe<'_>) -> Vec<Operation> {
    let info = d.json::<CollectionInfo>();
    let one = |(id, title): (String, String)| {
        let operation = if [REPORTS, WARDS].contains(&&*id) {
            id.clone()
        } else {
            format!("{}Collection", operation_name(&id))
        };
        document(format!("/collections/{id}"), operation, format!("About {title}"), info.clone())
    };
    collections_of(d).into_iter().map(one).collect()
}

/// A list: a page, or all rows as a stream.
fn list(d: &mut Describe<'_>, collection: &str, operation: Operation) -> Operation {
    let page = page(d, collection);
    ALL.iter().fold(operation, |operation, f| {
        let schema = if f.media == geojson::MEDIA { page.clone() } else { schema::text() };
        operation.answers(f.media, schema)
    })
}

/// One feature.
fn one(d: &mut Describe<'_>, (id, whole): (&str, &str), operation: &str, summary: &str) -> Operation {
    let path = format!("/collections/{id}/items/{{id}}");
    let feature = feature_of(d, whole);
    Operation::new(path, operation, summary).query(["f", "crs"]).answers(geojson::MEDIA, feature)
}

pub(in crate::http) fn reports(d: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/collections/reports/items", "listReports", "Reports, newest first")
        .query(features::report_list().into_iter().chain(["bbox-crs"]));
    vec![list(d, REPORTS, operation)]
}

pub(in crate::http) fn submit(d: &mut Describe<'_>) -> Vec<Operation> {
    let report = feature_of(d, REPORTS);
    let point = d.json::<Point>();
    let body = d.named("NewReport", |_| schema::new_report(point));
    let summary = "A citizen's report: routed, stored durably, answered with the ward and the body; the header \
                   Report-Token has what opens it later";
    let mut key = schema::text();
    key["maxLength"] = 200.into();
    let operation = Operation::new("/collections/reports/items", "submitReport", summary)
        .header("Idempotency-Key", "A repeat with the same key makes no second report", key)
        .header("Device-Token", "A token of POST /devices: limits then count the device", schema::text())
        .body(geojson::MEDIA, body)
        .status("201", "Stored", geojson::MEDIA, report.clone())
        .status("200", "Stored before, by the same key", geojson::MEDIA, report);
    vec![operation]
}

pub(in crate::http) fn report(d: &mut Describe<'_>) -> Vec<Operation> {
    vec![one(d, (REPORTS, REPORTS), "report", "One report")]
}

pub(in crate::http) fn wards(d: &mut Describe<'_>) -> Vec<Operation> {
    let filters = ["bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs"];
    let query = filters.into_iter().chain(PAGE);
    let operation = Operation::new("/collections/wards/items", "listWards", "Wards in force").query(query);
    vec![list(d, WARDS, operation)]
}

pub(in crate::http) fn ward(d: &mut Describe<'_>) -> Vec<Operation> {
    vec![one(d, (WARDS, WARDS), "ward", "One ward")]
}

pub(in crate::http) fn features(d: &mut Describe<'_>) -> Vec<Operation> {
    let mut all = Vec::new();
    for (id, whole, title) in declared_of(d) {
        let Some(c) = d.about.pack.collection(&whole) else { continue };
        let path = format!("/collections/{id}/items");
        let query = filter_names(c).into_iter().chain(["bbox-crs"]).chain(PAGE).chain(SORT);
        let operation = Operation::new(path, format!("{}List", operation_name(&id)), title).query(query);
        all.push(list(d, &whole, operation));
    }
    all
}

pub(in crate::http) fn feature(d: &mut Describe<'_>) -> Vec<Operation> {
    let mut all = Vec::new();
    for (id, whole, title) in declared_of(d) {
        let name = format!("{}Item", operation_name(&id));
        all.push(one(d, (&id, &whole), &name, &format!("One of {title}")));
    }
    all
}

/// A list whose question is too long for an address.
pub(in crate::http) fn search(d: &mut Describe<'_>) -> Vec<Operation> {
    let page = d.named("SearchPage", |_| schema::map(schema::any()));
    let body = d.named("Search", |_| schema::map(schema::any()));
    let summary = "A list of one collection by a question too long for an address: its parameters as members";
    let operation = Operation::new("/search", "search", summary).body("application/json", body);
    vec![ALL.iter().fold(operation, |operation, f| {
        let schema = if f.media == geojson::MEDIA { page.clone() } else { schema::text() };
        operation.answers(f.media, schema)
    })]
}

/// A document about the features of each collection, as JSON Schema.
fn of_each(
    d: &mut Describe<'_>,
    document: &Value,
    name: &str,
    operation: &str,
    about: &str,
) -> Vec<Operation> {
    let one = |(id, title): (String, String)| {
        let path = format!("/collections/{id}/{name}");
        let summary = about.replace("{}", &title);
        let operation = Operation::new(path, format!("{}{operation}", operation_name(&id)), summary);
        operation.query(["f"]).answers(SCHEMA_MEDIA, document.clone())
    };
    collections_of(d).into_iter().map(one).collect()
}

pub(in crate::http) fn schema(d: &mut Describe<'_>) -> Vec<Operation> {
    let document = d.named("JsonSchema", |_| schema::json_schema());
    of_each(d, &document, "schema", "Schema", "What {} hold")
}

pub(in crate::http) fn queryables(d: &mut Describe<'_>) -> Vec<Operation> {
    let document = d.named("JsonSchema", |_| schema::json_schema());
    of_each(d, &document, "queryables", "Queryables", "By what {} can be asked for")
}

pub(in crate::http) fn feature_schema(d: &mut Describe<'_>) -> Vec<Operation> {
    let document = d.named("FeatureJsonSchema", |_| schema::feature_json_schema());
    of_each(d, &document, "feature-schema", "FeatureSchema", "One of {} as GeoJSON writes it")
}
