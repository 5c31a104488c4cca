//! What is about the service as a whole, a place, or the operator.

use super::document;
use crate::http::describe::{self, Describe, Operation, features, schema};
use crate::http::doors::categories::CategoryList;
use crate::http::doors::devices::DeviceToken;
use crate::http::doors::features::{Conformance, LandingPage};
use crate::http::doors::health::{Alive, Readiness};
use crate::http::doors::locate::{self, Located};
use crate::http::doors::nearest as nearest_door;
use crate::http::edge::metrics as metrics_text;
use diaban_core::format::geojson;
use diaban_core::query::features::filter_names;

pub(in crate::http) fn landing(d: &mut Describe<'_>) -> Vec<Operation> {
    let page = document("/", "landing", "Links to everything, or the map", d.json::<LandingPage>());
    vec![page.answers("text/html", schema::text())]
}

pub(in crate::http) fn api(d: &mut Describe<'_>) -> Vec<Operation> {
    let openapi = d.named("OpenApi", |_| schema::openapi());
    let operation = Operation::new("/api", "api", "This description").query(["f"]);
    vec![operation.answers(describe::MEDIA, openapi)]
}

pub(in crate::http) fn conformance(d: &mut Describe<'_>) -> Vec<Operation> {
    let conformance = d.json::<Conformance>();
    vec![document("/conformance", "conformance", "What this service conforms to", conformance)]
}

pub(in crate::http) fn devices(d: &mut Describe<'_>) -> Vec<Operation> {
    let about = "A token that tells this device from others behind the same address";
    let operation = Operation::new("/devices", "issueDeviceToken", about);
    vec![operation.status("201", "Issued", "application/json", d.json::<DeviceToken>())]
}

pub(in crate::http) fn categories(d: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/categories", "categories", "What a report can be about");
    vec![operation.query(["lon", "lat", "lang"]).json(d.json::<CategoryList>())]
}

pub(in crate::http) fn locate(d: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/locate", "locate", "Whose ward is this place");
    vec![operation.query(locate::PARAMS.iter().copied()).json(d.json::<Located>())]
}

pub(in crate::http) fn nearest(d: &mut Describe<'_>) -> Vec<Operation> {
    let Some(collection) = d.about.pack.collection(nearest_door::USUAL) else { return Vec::new() };
    let about = "The nearest places, how far they are and whether they are open";
    let operation = Operation::new("/nearest", "nearest", about)
        .query(nearest_door::PARAMS.into_iter().chain(filter_names(collection)));
    vec![operation.answers(geojson::MEDIA, features::nearest(d, nearest_door::USUAL))]
}

pub(in crate::http) fn healthz(d: &mut Describe<'_>) -> Vec<Operation> {
    vec![Operation::new("/healthz", "healthz", "The process lives").json(d.json::<Alive>())]
}

pub(in crate::http) fn readyz(d: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/readyz", "readyz", "The map is level with the record");
    vec![operation.json(d.json::<Readiness>())]
}

pub(in crate::http) fn metrics(_: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/metrics", "metrics", "Numbers for the operator (OpenMetrics)");
    vec![operation.answers(metrics_text::MEDIA, schema::text())]
}
