//! Tiles and what describes them: `/tiles/{layers}/{z}/{x}/{y}.mvt`, TileJSON, metadata.json.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use self::cache::Key;
use crate::http::Service;
use crate::http::doors::features::json_only;
use crate::http::doors::pictures;
use crate::http::edge::shed::Class;
use crate::http::routes::Asked;
use crate::http::wire::coding::Coding;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::problem::Problem;
use diaban_core::domain::{CodeBook, Instant, Violation};
use diaban_core::geo::{Bbox, TileId};
use diaban_core::map::{Layer, Source, Sources, Tileset, View};
use diaban_core::pack::MapView;
use diaban_core::query::{AT, Joint, features, params};

mod cache;
mod changes;
mod clusters;
mod ogc;

pub use cache::TileCache;
pub(in crate::http) use changes::changes;
pub(in crate::http) use clusters::{Cluster, cluster};
pub(in crate::http) use ogc::{
    MatrixSet, MatrixSets, TilesetDocument, Tilesets, matrix_set, matrix_sets, tile as ogc_tile,
    tileset as ogc_tileset, tilesets as ogc_tilesets, tilesets_link,
};

/// Registered media type of Mapbox Vector Tiles.
pub(in crate::http) const MEDIA: &str = "application/vnd.mapbox-vector-tile";
/// What may stand after the row's number; nothing may, too.
const EXTENSIONS: [&str; 2] = [".mvt", ".pbf"];
/// What stands after the row's number of a tile as a picture, and its pixels to one of 256 a side.
const PICTURES: [(&str, u32); 2] = [("@2x.png", 2), (".png", 1)];
/// Tiles up to this zoom show so much of the city that each is work.
const COSTLY_ZOOM: u8 = 8;

/// The class of a request for a tile, at either address.
pub(in crate::http) fn class(asked: &Asked<'_>) -> Class {
    if picture(&asked.segment("file")).is_some() {
        return Class::Picture;
    }
    let costly = asked.segment("z").parse::<u8>().is_ok_and(|z| z <= COSTLY_ZOOM);
    if costly { Class::CostlyTile } else { Class::Read }
}

/// Where the TileJSON of a layer is.
pub(in crate::http) fn tilejson_path(layers: &str) -> String {
    format!("/tiles/{layers}.json")
}

/// `/tiles/{layers}.json`
pub(in crate::http) async fn tilejson(
    State(service): State<Arc<Service>>,
    Path(file): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let list = file
        .strip_suffix(".json")
        .ok_or_else(|| Problem::not_found("TileJSON is at /tiles/{layers}.json"))?;
    let set = tileset(&service, list)?;
    let query = filter_query(&service, &set, query.as_deref())?;
    let template = format!("{}/tiles/{}/{{z}}/{{x}}/{{y}}.mvt{query}", service.public_url, set.id());
    let (bounds, begin) = extent(&service);
    let body = set.tilejson(&template, bounds, begin.center, begin.overview_zoom);
    Ok(Document::json("application/json", &body, CachePolicy::Revalidate).answer(&headers))
}

/// `/tiles/{layers}/metadata.json`
pub(in crate::http) async fn metadata(
    State(service): State<Arc<Service>>,
    Path(list): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    json_only(query.as_deref(), &headers)?;
    let (bounds, begin) = extent(&service);
    let body = tileset(&service, &list)?.metadata(bounds, begin.center, begin.overview_zoom);
    Ok(Document::json("application/json", &body, CachePolicy::Revalidate).answer(&headers))
}

/// `/tiles/{layers}/{z}/{x}/{y}.mvt`, with the filters of the list.
pub(in crate::http) async fn tile(
    State(service): State<Arc<Service>>,
    Path((list, z, x, file)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let set = tileset(&service, &list)?;
    let picture = picture(&file);
    let id = match picture {
        Some((y, _)) => numbers(&z, &x, y),
        None => address(&z, &x, &file),
    };
    let id = id.filter(|id| id.z() <= set.maxzoom()).ok_or_else(|| {
        Problem::not_found(format!(
            "tiles are z/x/y.mvt, z/x/y.png or z/x/y@2x.png with z from 0 to {} and x, y below 2^z",
            set.maxzoom()
        ))
    })?;
    match picture {
        Some((_, scale)) => pictures::tile(&service, &set, id, scale, query.as_deref(), &headers),
        None => answer(&service, &set, id, query.as_deref(), &headers).await,
    }
}

/// The row's number and the scale of a tile as a picture.
fn picture(file: &str) -> Option<(&str, u32)> {
    PICTURES.iter().find_map(|(end, scale)| Some((file.strip_suffix(end)?, *scale)))
}

/// The tile of a set at an address, with the filters of the query.
async fn answer(
    service: &Service,
    set: &Tileset<'_>,
    id: TileId,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let now = service.clock.now();
    let filters = filters(set, &asked(query)?, &view.codebook, now).map_err(Problem::parameters)?;
    let coding = Coding::of(headers);
    let view = view_at(service, view, &filters)?;
    let key = Key {
        set: set.id().into(),
        query: query_text(&filters, &view.codebook).into(),
        id,
        version: version(service, set, id, view.step),
        as_of: set.as_of(&view.features, now).max(filters.as_of()).unwrap_or(Instant::MIN),
        coding,
    };
    let tile = service.tiles.get(key, || set.tile(&Sources::of(&view, now), &filters, id)).await;
    let cache = cache_policy(set);
    if tile.bytes.is_empty() {
        let mut empty = StatusCode::NO_CONTENT.into_response();
        empty.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cache.header()));
        return Ok(empty);
    }
    let mut answer = Document::new(MEDIA, tile.bytes, cache)
        .tagged(tile.tag)
        .header(header::VARY, HeaderValue::from_static("accept-encoding"))
        .answer(headers);
    if let Some(coding) = coding.filter(|_| answer.status() == StatusCode::OK) {
        let name = HeaderValue::from_static(coding.name());
        answer.headers_mut().insert(header::CONTENT_ENCODING, name);
    }
    Ok(answer)
}

/// The map with the wards that are asked for.
pub(in crate::http) fn view_at(
    service: &Service,
    view: Arc<View>,
    filters: &Joint,
) -> Result<Arc<View>, Problem> {
    let Some(day) = &filters.generation else { return Ok(view) };
    let areas = service.city.areas();
    // The first who asks for a generation waits until its shapes are drawn.
    tokio::task::block_in_place(|| areas.view_at(view, Some(day))).map_err(|error| {
        tracing::error!(%error, day = &**day, "shapes of wards");
        Problem::internal()
    })
}

/// The last step of the live map, up to this one, that touched a tile of the set.
fn version(service: &Service, set: &Tileset<'_>, id: TileId, step: u64) -> u64 {
    let versions = service.live.versions();
    let of = |source: &Source| match source {
        Source::Reports => versions.reports(id, step),
        Source::Features(_) => versions.features(step),
        Source::Wards => versions.all(step),
    };
    set.layers().iter().map(|l| of(&l.source)).max().unwrap_or_default()
}

/// How long others may keep what shows a set.
pub(in crate::http) fn cache_policy(set: &Tileset<'_>) -> CachePolicy {
    if set.layers().iter().any(|l| l.is_timed()) { CachePolicy::Second } else { CachePolicy::Live }
}

/// The parameters that filter a set, each once.
pub(in crate::http) fn filter_names<'a>(set: &Tileset<'a>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for name in set.layers().iter().flat_map(|l| layer_filters(l)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The parameters that filter a layer.
pub(in crate::http) fn layer_filters(layer: &Layer) -> Vec<&str> {
    match (&layer.source, &layer.collection) {
        (Source::Reports, _) => params::FILTERS.to_vec(),
        (_, Some(c)) => features::filter_names(c),
        (Source::Wards, None) => vec![AT],
        (_, None) => Vec::new(),
    }
}

/// What is asked of each layer of a set.
pub(in crate::http) fn filters(
    set: &Tileset<'_>,
    pairs: &[(String, String)],
    codebook: &CodeBook,
    now: Instant,
) -> Result<Joint, Vec<Violation>> {
    set.filters(pairs, codebook, now)
}

fn tileset<'a>(service: &'a Service, list: &str) -> Result<Tileset<'a>, Problem> {
    Tileset::named(&service.layers, list).map_err(|e| Problem::not_found(e.to_string()))
}

/// Reads z, x and y with its extension; `None` for what is no address of a tile.
fn address(z: &str, x: &str, file: &str) -> Option<TileId> {
    let y = EXTENSIONS.iter().find_map(|e| file.strip_suffix(e)).unwrap_or(file);
    numbers(z, x, y)
}

pub(in crate::http) fn numbers(z: &str, x: &str, y: &str) -> Option<TileId> {
    // `parse` alone would take a plus sign.
    let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit()).then(|| t.parse::<u32>().ok()).flatten();
    TileId::new(u8::try_from(number(z)?).ok()?, number(x)?, number(y)?).ok()
}

/// The filter of a TileJSON request in normal form, so that its tiles carry it.
fn filter_query(service: &Service, set: &Tileset<'_>, query: Option<&str>) -> Result<String, Problem> {
    let codebook = service.city.areas().codebook.clone();
    let pairs: Vec<_> = asked(query)?.into_iter().filter(|(k, _)| k != "f").collect();
    let text = query_text(
        &filters(set, &pairs, &codebook, service.clock.now()).map_err(Problem::parameters)?,
        &codebook,
    );
    Ok(if text.is_empty() { text } else { format!("?{text}") })
}

/// What is asked, in normal form.
fn query_text(filters: &Joint, codebook: &CodeBook) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(filters.pairs(codebook));
    text.finish()
}

/// The city's bounds, and where a map of it begins.
fn extent(service: &Service) -> (Bbox, MapView) {
    let [west, south, east, north] = service.city.areas().bounds();
    (Bbox { west, south, east, north }, service.city.pack.city.map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_forms_of_an_address() {
        for file in ["3.mvt", "3.pbf", "3"] {
            assert_eq!(address("3", "6", file), TileId::new(3, 6, 3).ok());
        }
        for (z, x, file) in [
            ("3", "8", "0.mvt"),
            ("3", "-1", "0.mvt"),
            ("40", "0", "0.mvt"),
            ("3", "a", "0.mvt"),
            ("3", "+6", "3.mvt"),
            ("3", "99999999999999999999", "0.mvt"),
            ("3", "6", "3.exe"),
            ("3", "6", "3.mvt.json"),
            ("3", "6", ".mvt"),
            ("", "6", "3.mvt"),
        ] {
            assert_eq!(address(z, x, file), None, "{z}/{x}/{file}");
        }
    }
}
