//! The operator's basemap: the tiles of an archive at `/basemap/{z}/{x}/{y}` with their `TileJSON`,
//! or an external style that the page loads itself.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::basemap::{Archive, BasemapError, Tiles};
use crate::http::Service;
use crate::http::doors::page;
use crate::http::doors::styles::Styles;
use crate::http::doors::tiles;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::problem::Problem;
use diaban_core::geo::Bbox;
use diaban_core::map::{BASEMAP, Background};

/// The basemap setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BasemapSetting {
    /// No basemap: the styles' own simple background.
    #[default]
    None,
    /// A `PMTiles` archive.
    File(PathBuf),
    /// An external style, and the origins that it needs.
    Style {
        /// Its URL.
        url: String,
        /// Its own origin and those of its tiles, images and fonts, like `https://tiles.example`.
        origins: Vec<String>,
    },
}

/// The opened basemap.
#[derive(Debug)]
pub struct Basemap {
    archive: Option<Archive>,
    background: Background,
    /// The page's content security policy.
    pub(in crate::http) policy: HeaderValue,
}

impl BasemapSetting {
    /// Parses the setting: a URL, otherwise a path. `more` are origins that the style needs in
    /// addition to its own.
    ///
    /// # Errors
    /// When a URL or an origin is invalid.
    pub fn parse(basemap: Option<String>, more: Vec<String>) -> Result<Self, BasemapError> {
        if let Some(wrong) = more.iter().find(|o| origin(o) != Some(o)) {
            let problem =
                "basemap_origins: must be scheme and host alone, like https://tiles.example".to_owned();
            return Err(BasemapError { file: wrong.clone(), problem });
        }
        match basemap {
            None => Ok(Self::None),
            Some(text) if !text.contains("://") => Ok(Self::File(text.into())),
            Some(url) => {
                if let Some(own) = origin(&url) {
                    let origins =
                        [own.to_owned()].into_iter().chain(more.into_iter().filter(|o| o != own)).collect();
                    Ok(Self::Style { url, origins })
                } else {
                    let problem = "is not valid; use the https://… URL of a MapLibre style or the path of a PMTiles archive";
                    Err(BasemapError { file: url, problem: problem.to_owned() })
                }
            }
        }
    }
}

/// Scheme and host of an http(s) URL; `None` if it has none, or if a header cannot carry it.
fn origin(url: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|s| url.starts_with(s))?;
    let host = url[scheme.len()..].split(['/', '?', '#']).next().unwrap_or_default();
    let right = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
    (right && url.bytes().all(|b| b.is_ascii_graphic())).then(|| &url[..scheme.len() + host.len()])
}

impl Basemap {
    /// Opens the configured basemap. `city` is the area that it must cover.
    ///
    /// # Errors
    /// When the file is not an archive, or nothing of it would be visible. The error names the file
    /// and what would be right.
    pub async fn open(setting: &BasemapSetting, styles: &Styles, city: Bbox) -> Result<Self, BasemapError> {
        let origins: &[String] =
            if let BasemapSetting::Style { origins, .. } = setting { origins } else { &[] };
        let policy = page::policy(origins);
        let path = match setting {
            BasemapSetting::None => {
                return Ok(Self { archive: None, background: Background::Sketch, policy });
            }
            BasemapSetting::Style { url, .. } => {
                return Ok(Self { archive: None, background: Background::Style(url.clone()), policy });
            }
            BasemapSetting::File(path) => path,
        };
        let fail = |problem: String| BasemapError { file: path.display().to_string(), problem };
        let archive = Archive::open(path).await?;
        let own = archive.bounds();
        if own.east < city.west || own.west > city.east || own.north < city.south || own.south > city.north {
            let corners = |b: Bbox| format!("{},{},{},{}", b.west, b.south, b.east, b.north);
            return Err(fail(format!("covers {}, and the city lies in {}", corners(own), corners(city))));
        }
        let background = match archive.tiles() {
            Some(Tiles::Pictures(_)) => Background::Pictures,
            Some(Tiles::Vector(layers)) => {
                let drawn = styles.basemap_layers();
                if !layers.iter().any(|l| drawn.contains(l.as_str())) {
                    let has = layers.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                    let drawn = drawn.into_iter().collect::<Vec<_>>().join(", ");
                    return Err(fail(format!(
                        "has the layers {has}; the styles draw those of OpenMapTiles, Protomaps and Shortbread: {drawn}"
                    )));
                }
                Background::Vector(layers)
            }
            None => Background::Sketch,
        };
        Ok(Self { archive: Some(archive), background, policy })
    }

    /// The background for the styles.
    pub(in crate::http) fn background(&self) -> &Background {
        &self.background
    }
}

/// `/basemap.json`
pub(in crate::http) async fn tilejson(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archive = archive(&service)?;
    let (minzoom, maxzoom) = archive.zooms();
    let bounds = archive.bounds();
    let mut body = json!({
        "tilejson": "3.0.0",
        "tiles": [format!("{}{}/{{z}}/{{x}}/{{y}}", service.public_url, BASEMAP.trim_end_matches(".json"))],
        "scheme": "xyz",
        "minzoom": minzoom,
        "maxzoom": maxzoom,
        "bounds": [bounds.west, bounds.south, bounds.east, bounds.north],
    });
    for name in ["name", "description", "attribution", "vector_layers"] {
        if let Some(value) = archive.metadata().get(name).filter(|v| v.is_string() || v.is_array()) {
            body[name] = value.clone();
        }
    }
    Ok(Document::json("application/json", &body, CachePolicy::Hour).answer(&headers))
}

/// `/basemap/{z}/{x}/{y}`, with or without an extension.
pub(in crate::http) async fn tile(
    State(service): State<Arc<Service>>,
    Path((z, x, file)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let archive = archive(&service)?;
    let y = file.split_once('.').map_or(file.as_str(), |(y, _)| y);
    let id = tiles::numbers(&z, &x, y)
        .ok_or_else(|| Problem::not_found("tiles are z/x/y with x and y below 2^z"))?;
    let found = archive.tile(id).await.map_err(|error| {
        tracing::error!(%error, "basemap");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "basemap-failed", "The basemap cannot be read")
            .detail("its file was changed or is damaged")
            .retry_after(30)
    })?;
    match (found, archive.tiles()) {
        (Some(picture), Some(Tiles::Pictures(media))) => {
            Ok(Document::new(media, picture, CachePolicy::Hour).answer(&headers))
        }
        (Some(bytes), _) => Ok(Document::new(tiles::MEDIA, bytes, CachePolicy::Hour).answer(&headers)),
        // There is no empty image for a raster tile.
        (None, Some(Tiles::Pictures(_))) => Err(Problem::not_found("the basemap has no tile here")),
        (None, _) => {
            let mut empty = StatusCode::NO_CONTENT.into_response();
            empty
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static(CachePolicy::Hour.header()));
            Ok(empty)
        }
    }
}

fn archive(service: &Service) -> Result<&Archive, Problem> {
    service
        .basemap
        .archive
        .as_ref()
        .ok_or_else(|| Problem::not_found("no basemap of tiles is set (--basemap)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(basemap: &str, more: &[&str]) -> Result<BasemapSetting, String> {
        let more = more.iter().map(|o| (*o).to_owned()).collect();
        BasemapSetting::parse(Some(basemap.to_owned()), more).map_err(|e| e.to_string())
    }

    #[test]
    fn an_address_is_a_style_and_anything_else_a_file() {
        assert_eq!(parse("/srv/hcm.pmtiles", &[]), Ok(BasemapSetting::File("/srv/hcm.pmtiles".into())));
        let url = "https://maps.example:8443/styles/x?key=1".to_owned();
        let origins = ["https://maps.example:8443", "https://tiles.example"].map(str::to_owned).to_vec();
        assert_eq!(parse(&url, &["https://tiles.example"]), Ok(BasemapSetting::Style { url, origins }));
        assert_eq!(BasemapSetting::parse(None, Vec::new()).unwrap(), BasemapSetting::None);
    }

    #[test]
    fn nothing_gets_into_the_policy_that_is_no_origin() {
        for wrong in [
            "ftp://x.example/style.json",
            "https://",
            "https://x y",
            "https://*/style.json",
            "https://x;script-src *",
        ] {
            assert!(parse(wrong, &[]).unwrap_err().contains("is not valid"), "{wrong}");
        }
        for wrong in ["tiles.example", "https://tiles.example/", "https://*.example", "*", "'unsafe-eval'"] {
            assert!(
                parse("https://x.example/s.json", &[wrong]).unwrap_err().contains("basemap_origins"),
                "{wrong}"
            );
        }
    }
}
