//! Raster images of the map: `/tiles/{layers}/{z}/{x}/{y}.png` and
//! `/static/{lon},{lat},{zoom}/{width}x{height}.png`. The latter has a background, labels and a
//! note.

use std::sync::{Arc, LazyLock};

use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::http::Service;
use crate::http::doors::page;
use crate::http::doors::tiles::{cache_policy, filter_names, filters, view_at};
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::{asked, lang};
use crate::http::wire::problem::Problem;
use diaban_core::domain::{Instant, Lang, Violation};
use diaban_core::geo::{LonLat, LonLatError, TileId};
use diaban_core::map::{Source, Sources, Tileset, View, Viewport, figures};
use diaban_core::query::Joint;
use diaban_core::query::params::check_names;
use diaban_core::raster::{self, Face, Scene, Style};

/// Registered media type of Portable Network Graphics.
pub(in crate::http) const MEDIA: &str = "image/png";
/// Parameters of a static map, in addition to the filters of its layers.
pub(in crate::http) const PARAMS: [&str; 4] = ["layers", "marker", "lang", "style"];
/// The default layers of a static map, if they exist.
const DEFAULT_LAYERS: [&str; 4] = ["wards", "alerts", "traffic", "incidents"];
/// The longest side in pixels.
const MAX_PX: u32 = 1280;
/// Most pins.
const MAX_MARKERS: usize = 100;
/// The highest zoom.
const MAX_ZOOM: f64 = 18.0;

static FACE: LazyLock<Face> =
    LazyLock::new(|| Face::parse(page::typeface()).expect("a test draws with the embedded font"));

/// A tile of a set as an image with a transparent background, with the filters of the query.
pub(in crate::http) fn tile(
    service: &Service,
    set: &Tileset<'_>,
    id: TileId,
    scale: u32,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let now = service.clock.now();
    let filters = filters(set, &asked(query)?, &view.codebook, now).map_err(Problem::parameters)?;
    let view = view_at(service, view, &filters)?;
    let scene = Scene {
        viewport: Viewport::of_tile(id),
        scale,
        style: Style::default(),
        lang: service.city.pack.city.lang,
        figures: Vec::new(),
        markers: Vec::new(),
        clear: true,
        note: None,
    };
    answer((&view, now), set, &filters, scene, headers)
}

/// `/static/{lon},{lat},{zoom}/{width}x{height}.png` or `…@2x.png`
pub(in crate::http) async fn map(
    State(service): State<Arc<Service>>,
    Path((place, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut faults = Vec::new();
    let (viewport, scale) = viewport(&place, &file, &mut faults)?;
    let (pins, pairs): (Vec<_>, Vec<_>) =
        asked(query.as_deref())?.into_iter().partition(|(name, _)| name == "marker");
    let get = |name: &str| pairs.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let lang = lang(&pairs, service.city.pack.city.lang, &mut faults);
    let style = style(get("style"), &mut faults);
    let pins: Vec<String> = pins.into_iter().map(|(_, text)| text).collect();
    let markers = markers(&pins.join("|"), &mut faults);
    let usual = || -> Vec<&str> {
        DEFAULT_LAYERS.into_iter().filter(|id| service.layers.iter().any(|l| l.id == *id)).collect()
    };
    let list = get("layers").map_or_else(|| usual().join(","), str::to_owned);
    let set = Tileset::named(&service.layers, &list)
        .map_err(|e| faults.push(Violation::new("layers", format!("must name layers: {e}"))));
    let (Ok(set), Some(viewport)) = (set, viewport) else { return Err(Problem::parameters(faults)) };
    let names: Vec<&str> = PARAMS.into_iter().chain(filter_names(&set)).collect();
    faults.extend(check_names(&pairs, &names));
    let of_layers = |name: &str| !PARAMS.contains(&name) && names.contains(&name);
    let rest: Vec<_> = pairs.iter().filter(|(k, _)| of_layers(k)).cloned().collect();
    let view = service.map()?;
    let now = service.clock.now();
    let filters = filters(&set, &rest, &view.codebook, now).map_err(|more| faults.extend(more));
    let (Ok(filters), true) = (filters, faults.is_empty()) else { return Err(Problem::parameters(faults)) };
    let view = view_at(&service, view, &filters)?;
    let note = Some(note(&service.city.pack.city.page.name, &set, &view, lang));
    let scene = Scene { viewport, scale, style, lang, figures: Vec::new(), markers, clear: false, note };
    answer((&view, now), &set, &filters, scene, &headers)
}

/// Draws the layers of a set at an instant into a scene without figures.
fn answer<'a>(
    (view, now): (&'a View, Instant),
    set: &Tileset<'_>,
    filters: &Joint,
    mut scene: Scene<'a>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    // Other tasks of this thread move to another one meanwhile. The permit lasts as long as the
    // work, so a client that disconnects leaves no work behind.
    let bytes = tokio::task::block_in_place(|| {
        let sources = Sources::of(view, now);
        let of = |l| figures(&sources, l, filters, &scene.viewport, scene.scale);
        scene.figures = set.layers().iter().flat_map(|l| of(l)).collect();
        raster::draw(&scene, &FACE)
    });
    let bytes = bytes.map_err(|error| {
        tracing::error!(%error, "picture");
        Problem::internal()
    })?;
    let cache: CachePolicy = cache_policy(set);
    Ok(Document::new(MEDIA, bytes, cache).answer(headers))
}

/// Position, zoom and size from the path; `None` if one of them is invalid.
fn viewport(
    place: &str,
    file: &str,
    faults: &mut Vec<Violation>,
) -> Result<(Option<Viewport>, u32), Problem> {
    let form = || {
        Problem::not_found("static maps are at /static/{lon},{lat},{zoom}/{width}x{height}.png or …@2x.png")
    };
    let numbers: Vec<&str> = place.split(',').collect();
    let &[lon, lat, zoom] = &numbers[..] else { return Err(form()) };
    let (size, scale) = match (file.strip_suffix("@2x.png"), file.strip_suffix(".png")) {
        (Some(size), _) => (size, 2),
        (None, Some(size)) => (size, 1),
        (None, None) => return Err(form()),
    };
    let (width, height) = size.split_once('x').ok_or_else(form)?;
    let place = position([("lon", lon), ("lat", lat)], faults);
    let zoom = number(zoom).filter(|z| (0.0..=MAX_ZOOM).contains(z));
    if zoom.is_none() {
        faults.push(Violation::new("zoom", format!("must be a number from 0 to {MAX_ZOOM}")));
    }
    let mut side = |name: &str, text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let px = text.parse::<u32>().ok().filter(|px| digits && (1..=MAX_PX).contains(px));
        if px.is_none() {
            faults.push(Violation::new(name, format!("must be a whole number of pixels from 1 to {MAX_PX}")));
        }
        px
    };
    let (width, height) = (side("width", width), side("height", height));
    let viewport = match (place, zoom, width, height) {
        (Some(place), Some(zoom), Some(width), Some(height)) => {
            Some(Viewport::around(place, zoom, (width, height)))
        }
        _ => None,
    };
    Ok((viewport, scale))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

/// A position from two texts, each with its field name for errors.
fn position([lon, lat]: [(&str, &str); 2], faults: &mut Vec<Violation>) -> Option<LonLat> {
    let mut read = |(name, text): (&str, &str)| {
        let read = number(text);
        if read.is_none() {
            faults.push(Violation::new(name, "must be a number: degrees (WGS 84)"));
        }
        read
    };
    let (x, y) = (read(lon), read(lat));
    LonLat::new(x?, y?)
        .map_err(|e| {
            let name = if matches!(e, LonLatError::Lon) { lon.0 } else { lat.0 };
            faults.push(Violation::new(name, e.to_string()));
        })
        .ok()
}

/// The places of pins: pairs of numbers, separated by `|`, `;` or like the numbers by commas; the parameter may
/// come more than once.
fn markers(text: &str, faults: &mut Vec<Violation>) -> Vec<LonLat> {
    let mut out = Vec::new();
    for some in text.split(['|', ';']).filter(|t| !t.is_empty()) {
        let numbers: Vec<&str> = some.split(',').collect();
        if !numbers.len().is_multiple_of(2) || out.len() + numbers.len() / 2 > MAX_MARKERS {
            let detail =
                format!("must be lon,lat in degrees (WGS 84), or up to {MAX_MARKERS} of them separated by |");
            faults.push(Violation::new("marker", detail));
            return out;
        }
        out.extend(numbers.chunks(2).filter_map(|c| position([("marker", c[0]), ("marker", c[1])], faults)));
    }
    out
}

fn style(text: Option<&str>, faults: &mut Vec<Violation>) -> Style {
    let found = text.map_or(Some(Style::default()), |t| Style::ALL.into_iter().find(|s| s.name() == t));
    found.unwrap_or_else(|| {
        let valid = Style::ALL.map(Style::name).join(" or ");
        faults.push(Violation::new("style", format!("must be {valid}")));
        Style::default()
    })
}

/// Whose map it is, and that borders are not the official ones where they show.
fn note(name: &str, set: &Tileset<'_>, view: &View, lang: Lang) -> String {
    let wards = set.layers().iter().any(|l| l.source == Source::Wards);
    let approximate = match lang {
        Lang::Vi => " · ranh giới gần đúng",
        Lang::En => " · approximate boundaries",
    };
    format!("{name}{}", if wards && view.shapes.approximate() { approximate } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(place: &str, file: &str) -> Vec<String> {
        let mut faults = Vec::new();
        let (viewport, _) = viewport(place, file, &mut faults).unwrap();
        assert_eq!(viewport.is_none(), !faults.is_empty());
        faults.into_iter().map(|f| f.field.clone()).collect()
    }

    #[test]
    fn every_bound_is_told_by_its_name() {
        assert!(faults("106.7,10.78,12.5", "600x400@2x.png").is_empty());
        assert!(faults("-180,90,0", "1x1280.png").is_empty());
        assert_eq!(faults("181,10,12", "1x1.png"), ["lon"]);
        assert_eq!(faults("106.7,x,18.1", "0x1281.png"), ["lat", "zoom", "width", "height"]);
        assert_eq!(faults("106.7,10,nan", "+1x1.png"), ["zoom", "width"]);
        for (place, file) in
            [("1,2", "1x1.png"), ("1,2,3,4", "1x1.png"), ("1,2,3", "1.png"), ("1,2,3", "1x1.jpg")]
        {
            assert!(viewport(place, file, &mut Vec::new()).is_err(), "{place}/{file}");
        }
    }

    #[test]
    fn several_pins_are_several_pairs() {
        let read = |text: &str| {
            let mut faults = Vec::new();
            (markers(text, &mut faults).len(), faults.len())
        };
        for (text, pins) in [
            ("", 0),
            ("106.7,10.8", 1),
            ("106.7,10.8|106.8,10.9", 2),
            ("106.7,10.8;1,2;3,4", 3),
            ("1,2,3,4", 2),
        ] {
            assert_eq!(read(text), (pins, 0), "{text}");
        }
        for wrong in ["106.7", "106.7,10.8,106.8", "a,b", "181,0", &["1,2"; 101].join("|")] {
            assert!(read(wrong).1 > 0, "{wrong}");
        }
    }

    #[test]
    fn the_embedded_typeface_can_be_read() {
        LazyLock::force(&FACE);
    }
}
