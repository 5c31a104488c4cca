//! Open311 `GeoReport` v2, in each of its forms.

use serde_json::Value;

use crate::http::describe::schema::{flag, instant, integer, list, nullable, object, text};
use crate::http::describe::{Describe, Operation};
use crate::http::doors::open311;
use diaban_core::format::georeport::Form;

fn both(path: &str, id: &str, summary: &str, json: &Value) -> Vec<Operation> {
    let one = |form: Form| {
        let extension = form.extension();
        let path = format!("{}{path}.{extension}", open311::ROOT);
        let schema = if form == Form::Json { json.clone() } else { text() };
        let operation = Operation::new(path, format!("{id}_{extension}"), summary);
        operation.query(open311::PARAMS).answers(form.media(), schema)
    };
    Form::ALL.map(one).to_vec()
}

pub(in crate::http) fn discovery(d: &mut Describe<'_>) -> Vec<Operation> {
    let endpoint = object(
        [
            ("specification", text()),
            ("url", text()),
            ("changeset", instant()),
            ("type", text()),
            ("formats", list(text())),
        ],
        [],
    );
    let members = [
        ("changeset", instant()),
        ("contact", text()),
        ("key_service", text()),
        ("endpoints", list(endpoint)),
    ];
    let json = d.named("GeoReportDiscovery", |_| object(members, []));
    both("discovery", "open311Discovery", "Where Open311 GeoReport v2 is served", &json)
}

pub(in crate::http) fn services(d: &mut Describe<'_>) -> Vec<Operation> {
    let members = [
        ("service_code", text()),
        ("service_name", text()),
        ("description", nullable(text())),
        ("metadata", flag()),
        ("type", text()),
        ("keywords", text()),
        ("group", nullable(text())),
    ];
    let json = list(d.named("GeoReportService", |_| object(members, [])));
    both("v2/services", "open311Services", "The categories as services", &json)
}

pub(in crate::http) fn definition(d: &mut Describe<'_>) -> Vec<Operation> {
    let value = object([("key", text()), ("name", text())], []);
    let attribute = object(
        [
            ("variable", flag()),
            ("code", text()),
            ("datatype", text()),
            ("required", flag()),
            ("datatype_description", nullable(text())),
            ("order", integer()),
            ("description", text()),
        ],
        [("values", list(value))],
    );
    let members = [("service_code", text()), ("attributes", list(attribute))];
    let json = d.named("GeoReportServiceDefinition", |_| object(members, []));
    let about = "What a service asks beside place and text";
    both("v2/services/{service_code}", "open311Service", about, &json)
}
