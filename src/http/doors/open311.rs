//! `/open311/…`: the service discovery and service list of GeoReport v2, and its error format.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{lang, pairs};
use crate::http::wire::problem::{Problem, Reasons};
use diaban_core::domain::Lang;
use diaban_core::format::georeport::{self, Form};
use diaban_core::query::params::check_names;

/// The root of all Open311 paths.
pub(in crate::http) const ROOT: &str = "/open311/";
/// Parameters of every handler here.
pub(in crate::http) const PARAMS: [&str; 2] = ["jurisdiction_id", "lang"];

/// `/open311/discovery.{json,xml}`
pub(in crate::http) async fn discovery(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(("discovery", form)) = Form::of(&file) else { return Err(missing()) };
    let lang = read(&service, query.as_deref())?;
    // The pack has not changed since the start of the process; when it changed before is unknown.
    let document = georeport::discovery(&service.public_url, service.started, lang);
    Ok(answer(&document, form, &headers))
}

/// `/open311/v2/services.{json,xml}`
pub(in crate::http) async fn services(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(("services", form)) = Form::of(&file) else { return Err(missing()) };
    let lang = read(&service, query.as_deref())?;
    Ok(answer(&georeport::services(&service.city.pack.categories, lang), form, &headers))
}

/// `/open311/v2/services/{service_code}.{json,xml}`
pub(in crate::http) async fn definition(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (code, form) = Form::of(&file).ok_or_else(missing)?;
    let lang = read(&service, query.as_deref())?;
    let category = service.city.pack.categories.by_code(code);
    let category = category.ok_or_else(|| {
        Problem::not_found("no service has this service_code; /open311/v2/services.json lists them")
    })?;
    Ok(answer(&georeport::definition(category, lang), form, &headers))
}

fn missing() -> Problem {
    Problem::not_found("no such resource; /open311/discovery.json and .xml say what there is")
}

fn answer(document: &georeport::Document, form: Form, headers: &HeaderMap) -> Response {
    Document::new(form.media(), document.write(form), CachePolicy::Revalidate).answer(headers)
}

/// Reads the parameters. An empty one counts as absent, as GeoReport requires.
fn read(service: &Service, query: Option<&str>) -> Result<Lang, Problem> {
    let pairs: Vec<_> = pairs(query).into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let mut faults = check_names(&pairs, &PARAMS);
    let lang = lang(&pairs, service.city.pack.city.lang, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::parameters(faults));
    }
    let asked = pairs.iter().find(|(name, _)| name == "jurisdiction_id").map(|(_, value)| value.as_str());
    if asked.is_some_and(|id| jurisdiction(&service.public_url).as_deref() != Some(id)) {
        return Err(Problem::not_found(
            "no such jurisdiction_id; this service has only one, leave the parameter out",
        ));
    }
    Ok(lang)
}

/// The jurisdiction of a service is the host of its public address, without `www.`.
fn jurisdiction(public_url: &str) -> Option<String> {
    let url: axum::http::Uri = public_url.parse().ok()?;
    url.host().map(|h| h.strip_prefix("www.").unwrap_or(h).to_owned())
}

/// Middleware: below `/open311` every problem is written in GeoReport's error format, whatever part
/// reported it (handler, router, limits, shedding), so that clients need to know only one format.
pub(in crate::http) async fn errors(
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let path = request.uri().path();
    let here = path.starts_with(ROOT);
    // A client that accepts neither format gets a normal problem document.
    let form = Form::of(path).map_or(Form::Json, |(_, form)| form);
    let mut response = next(request).await;
    let reasons = if here { response.extensions_mut().remove::<Reasons>() } else { None };
    let Some(Reasons(reasons)) = reasons else { return response };
    let body = georeport::errors(response.status().as_u16(), &reasons).write(form);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media()));
    // These headers described the replaced body.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_ENCODING);
    *response.body_mut() = Body::from(body);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jurisdiction_is_a_host() {
        let of = |url: &str| jurisdiction(url).unwrap();
        assert_eq!(of("https://www.example.vn"), "example.vn");
        assert_eq!(of("http://map.example.vn:8443/a"), "map.example.vn");
    }
}
