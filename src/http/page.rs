//! The map page and what it loads: `web/dist`, embedded. Nothing of it comes from elsewhere.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use rust_embed::{Embed, EmbeddedFile};

use super::document::{Document, Keep};
use super::problem::Problem;

#[derive(Embed)]
#[folder = "web/dist/"]
struct Dist;

/// MapLibre makes its worker from a file of ours, sets inline styles and draws to blobs.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// The page itself.
pub(super) fn index() -> Document {
    let file = Dist::get("index.html").expect("build.rs checks that web/dist holds the page");
    let policy = HeaderValue::from_static(POLICY);
    let geolocation = HeaderValue::from_static("geolocation=(self), camera=(), microphone=()");
    Document::new("text/html; charset=utf-8", bytes(file), Keep::Revalidate)
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .header(HeaderName::from_static("permissions-policy"), geolocation)
}

/// `/assets/…`
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    serve(&path, &headers)
}

/// `/licences/…`: the texts of what is embedded.
pub(super) async fn licence(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    serve(&format!("licences/{path}"), &headers)
}

/// `/licences` and `/licences/`
pub(super) async fn licences(headers: HeaderMap) -> Result<Response, Problem> {
    serve("licences/index.html", &headers)
}

fn serve(path: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let file = Dist::get(path).ok_or_else(|| Problem::not_found("no such file"))?;
    // A worker has the policy of its own response.
    let policy = HeaderValue::from_static(POLICY);
    Ok(Document::new(media(path), bytes(file), Keep::Revalidate)
        .header(header::CONTENT_SECURITY_POLICY, policy)
        .answer(headers))
}

fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        std::borrow::Cow::Borrowed(data) => Bytes::from_static(data),
        std::borrow::Cow::Owned(data) => data.into(),
    }
}

fn media(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => "text/plain; charset=utf-8",
    }
}
