//! The map page and what it loads: `web/dist`, embedded. Nothing of it comes from elsewhere but the basemap of
//! others that the operator may name. What the page must know of the city is in the page itself.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use rust_embed::Embed;
use serde_json::{Value, json};

use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::problem::Problem;
use diaban_core::domain::Text;
use diaban_core::pack::Pack;

#[derive(Embed)]
#[folder = "web/dist/"]
struct Dist;

/// The page's content security policy: MapLibre loads its worker from one of our files, sets inline
/// styles and draws to blobs. `origins` are those of an external basemap style.
pub(in crate::http) fn policy(origins: &[String]) -> HeaderValue {
    let connect =
        std::iter::once("'self'").chain(origins.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    HeaderValue::try_from(format!(
        "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: blob:; font-src 'self'; connect-src {connect}; manifest-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ))
    .expect("an origin has letters, digits, dots, hyphens and colons")
}

/// The page.
pub(in crate::http) fn index(service: &Service) -> Document {
    let file = file("index.html").expect("build.rs checks that web/dist holds the page");
    let page = filled(&String::from_utf8_lossy(&file), &service.city.pack);
    let geolocation = HeaderValue::from_static("geolocation=(self), camera=(), microphone=()");
    Document::new("text/html; charset=utf-8", page, CachePolicy::Revalidate)
        .header(header::CONTENT_SECURITY_POLICY, service.basemap.policy.clone())
        .header(HeaderName::from_static("permissions-policy"), geolocation)
}

/// The page with the city's words and facts in the places that `{{name}}` marks.
fn filled(template: &str, pack: &Pack) -> String {
    let city = &pack.city;
    let degrees = |d: f64| format!("{d:.5}");
    let mut parts = template.split("{{");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        match name {
            "lang" => page += city.lang.tag(),
            "title" => page += &escaped(city.page.title.get(city.lang)),
            "name" => page += &escaped(&city.page.name),
            "lon" => page += &degrees(city.map.center.lon()),
            "lat" => page += &degrees(city.map.center.lat()),
            // Inside a script no sequence may close it or open a comment.
            "city" => page += &facts(pack).to_string().replace('<', "\\u003c"),
            _ => debug_assert!(false, "the page marks a place for {name}, which nobody fills"),
        }
        page += rest;
    }
    page
}

/// What the page must know of the city before it asks for anything.
fn facts(pack: &Pack) -> Value {
    let city = &pack.city;
    let both = |text: &Text| json!({ "vi": text.vi, "en": text.en });
    let (center, bounds) = (city.map.center, city.map.bounds);
    json!({
        "id": city.id,
        "name": both(&city.name),
        "language": city.lang.tag(),
        "time_zone": pack.time_zone().iana_name(),
        "page": { "title": both(&city.page.title), "tagline": both(&city.page.tagline) },
        "unit": { "one": both(&city.unit.one), "many": both(&city.unit.many), "all": both(&city.unit.all) },
        "map": {
            "center": [center.lon(), center.lat()],
            "zoom": city.map.zoom,
            "bounds": [bounds.west, bounds.south, bounds.east, bounds.north],
        },
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The typeface of pictures.
pub(in crate::http) fn typeface() -> &'static [u8] {
    let file = Dist::get("fonts/BeVietnamPro-Regular.ttf").expect("web/build.mjs puts it there");
    match file.data {
        std::borrow::Cow::Borrowed(data) => data,
        std::borrow::Cow::Owned(data) => Vec::leak(data),
    }
}

/// `/assets/…`
pub(in crate::http) async fn asset(
    State(service): State<Arc<Service>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    serve(&service, &path, &headers)
}

/// `/licences/…`: the licences of embedded code and fonts.
pub(in crate::http) async fn licence(
    State(service): State<Arc<Service>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    serve(&service, &format!("licences/{path}"), &headers)
}

/// `/licences` and `/licences/`
pub(in crate::http) async fn licences(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    serve(&service, "licences/index.html", &headers)
}

fn serve(service: &Service, path: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let file = file(path).ok_or_else(|| Problem::not_found("no such file"))?;
    // A worker uses the policy of its own response.
    Ok(Document::new(media(path), file, CachePolicy::Revalidate)
        .header(header::CONTENT_SECURITY_POLICY, service.basemap.policy.clone())
        .answer(headers))
}

/// A file of `web/dist` by its path there.
pub(in crate::http) fn file(path: &str) -> Option<Bytes> {
    Some(match Dist::get(path)?.data {
        std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
        std::borrow::Cow::Owned(data) => data.into(),
    })
}

/// The relative paths of the files below a folder of `web/dist`.
pub(in crate::http) fn files(folder: &str) -> impl Iterator<Item = String> {
    Dist::iter().filter_map(move |path| path.strip_prefix(folder).map(str::to_owned))
}

pub(in crate::http) fn media(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "webmanifest" => "application/manifest+json",
        _ => "text/plain; charset=utf-8",
    }
}
