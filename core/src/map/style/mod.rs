//! A map style (MapLibre style specification, version 8) for the declared layers. It is checked
//! once against the layers (`style_check`), then written for a base address, a language and a
//! background. Not here: how the layers look (`web/look`), fonts and sprites, HTTP (http).
//!
//! What a style of ours may say beyond the specification:
//! - addresses in `sprite`, `glyphs` and `sources` that begin with `/` are this service's own;
//! - `["global-state", "lang"]` is the language asked for, so that clients need not know the expression;
//! - `["global-state", "short-name"]` is the name of a ward as maps show it where wards are small;
//! - sources at `/basemap.json`, and layers of them, are there when the basemap has what they show;
//! - a layer's `metadata` may say under `diaban:over-basemap` how it is painted above a basemap.

pub(in crate::map) mod style_check;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::domain::{Lang, UnitScheme};
use crate::geo::LonLat;
use crate::map::layer::Layer;
use crate::map::layer::mistake::Mistakes;
use crate::map::style::style_check::{check_style, own_list};
use crate::map::tile::tilejson::Tileset;

/// The address of the `TileJSON` of the operator's basemap.
pub const BASEMAP: &str = "/basemap.json";
const OVER_BASEMAP: &str = "diaban:over-basemap";
/// The metadata key under which the page finds the address of the background style.
const BASEMAP_STYLE: &str = "diaban:basemap-style";

/// A checked style.
#[derive(Clone, Debug)]
pub struct Style {
    document: Map<String, Value>,
}

/// The background below the layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Background {
    /// The style's own simple background.
    Sketch,
    /// An external style. Its address is written into the metadata, for clients that can combine
    /// styles.
    Style(String),
    /// Vector tiles with these layers.
    Vector(BTreeSet<String>),
    /// Raster tiles.
    Pictures,
}

/// The parameters for which a style is written.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The base address of the service, without a slash at the end.
    pub base: &'a str,
    /// The language of the labels.
    pub lang: Lang,
    /// The background.
    pub background: &'a Background,
    /// The initial centre of the map.
    pub center: LonLat,
    /// The initial zoom.
    pub zoom: u8,
    /// The kinds of wards, some of whose names are shortened.
    pub units: &'a UnitScheme,
}

impl Style {
    /// Parses a style. `file` is only used in errors; `layers` are those it may show. Sources of
    /// those layers get their zoom range.
    ///
    /// # Errors
    /// All mistakes, each with its line, if the text is not a style or shows something that does
    /// not exist.
    pub fn parse(file: &str, text: &str, layers: &[Layer]) -> Result<Self, Mistakes> {
        let mistakes = check_style(layers, file, text);
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        // The check ensures an object with an object of sources.
        let mut document: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        for (_, source) in document.get_mut("sources").and_then(Value::as_object_mut).into_iter().flatten() {
            if let Some(Ok(set)) = list_of(source).map(|list| Tileset::named(layers, list)) {
                source["minzoom"] = set.minzoom().into();
                source["maxzoom"] = set.maxzoom().into();
            }
        }
        Ok(Self { document })
    }

    /// Like [`Style::parse`], but drops the parts of a built-in style for which the city has no
    /// layers.
    ///
    /// # Errors
    /// See [`Style::parse`].
    pub fn fitted(file: &str, text: &str, layers: &[Layer]) -> Result<Self, Mistakes> {
        let mut value: Value = serde_json::from_str(text).unwrap_or_default();
        if let Some(sources) = value.get_mut("sources").and_then(Value::as_object_mut) {
            sources.retain(|_, s| list_of(s).is_none_or(|list| Tileset::named(layers, list).is_ok()));
            let left: Vec<String> = sources.keys().cloned().collect();
            if let Some(all) = value.get_mut("layers").and_then(Value::as_array_mut) {
                all.retain(|l| l["source"].as_str().is_none_or(|s| left.iter().any(|id| id == s)));
            }
        }
        let fitted = if value.is_null() { text.to_owned() } else { value.to_string() };
        Self::parse(file, &fitted, layers)
    }

    /// Its title for people.
    pub fn title(&self) -> Option<&str> {
        self.document.get("name")?.as_str()
    }

    /// The layers of vector basemaps that it uses.
    pub fn basemap_layers(&self) -> BTreeSet<&str> {
        let basemaps = self.sources().filter(|(_, s)| s["url"] == BASEMAP).map(|(id, _)| id);
        let basemaps: BTreeSet<&str> = basemaps.collect();
        let layers = self.document["layers"].as_array().into_iter().flatten();
        let of_basemap = layers.filter(|l| l["source"].as_str().is_some_and(|s| basemaps.contains(s)));
        of_basemap.filter_map(|l| l["source-layer"].as_str()).collect()
    }

    /// The style as MapLibre reads it.
    pub fn document(&self, reader: &Reader<'_>) -> Value {
        let mut document = self.document.clone();
        document.remove("state");
        document.entry("center").or_insert_with(|| json!([reader.center.lon(), reader.center.lat()]));
        document.entry("zoom").or_insert_with(|| reader.zoom.into());
        let (sources, layers) = self.on(reader.background);
        document.insert("sources".to_owned(), sources.into());
        document.insert("layers".to_owned(), layers.into());
        if let Background::Style(url) = reader.background {
            document.insert("metadata".to_owned(), json!({ BASEMAP_STYLE: url }));
        }
        let mut document = Value::Object(document);
        let values = [("lang", reader.lang.tag().into()), ("short-name", short_name(reader.units))];
        fill(&mut document, &values);
        for name in ["sprite", "glyphs", "sources"] {
            if let Some(value) = document.get_mut(name) {
                locate(value, reader.base);
            }
        }
        document
    }

    fn sources(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.document["sources"].as_object().into_iter().flatten().map(|(id, s)| (id.as_str(), s))
    }

    /// The sources and layers that this background can show.
    fn on(&self, background: &Background) -> (Map<String, Value>, Vec<Value>) {
        let fits = |source: &Value| {
            source["url"] != BASEMAP
                || match background {
                    Background::Sketch | Background::Style(_) => false,
                    Background::Vector(_) => source["type"] == "vector",
                    Background::Pictures => source["type"] == "raster",
                }
        };
        let sources: Map<String, Value> =
            self.sources().filter(|(_, s)| fits(s)).map(|(id, s)| (id.to_owned(), s.clone())).collect();
        let drawn = |layer: &&Value| {
            let Some(id) = layer["source"].as_str() else { return true };
            let Some(source) = sources.get(id) else { return false };
            match (background, layer["source-layer"].as_str()) {
                (Background::Vector(there), Some(name)) if source["url"] == BASEMAP => there.contains(name),
                _ => true,
            }
        };
        let mut layers: Vec<Value> =
            self.document["layers"].as_array().into_iter().flatten().filter(drawn).cloned().collect();
        if matches!(background, Background::Vector(_) | Background::Pictures) {
            layers.iter_mut().for_each(paint_over);
        }
        (sources, layers)
    }
}

/// Applies a layer's paint properties for use above a basemap.
fn paint_over(layer: &mut Value) {
    let Some(Value::Object(paint)) = layer["metadata"].get(OVER_BASEMAP).cloned() else { return };
    for (name, value) in paint {
        layer["paint"][name] = value;
    }
}

/// Puts values where the style asks for a global state of that name.
fn fill(value: &mut Value, values: &[(&str, Value)]) {
    if let Value::Array(items) = &*value
        && let [operator, name] = &items[..]
        && operator == "global-state"
        && let Some((_, known)) = values.iter().find(|(known, _)| name == known)
    {
        *value = known.clone();
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|v| fill(v, values)),
        Value::Object(members) => members.values_mut().for_each(|v| fill(v, values)),
        _ => {}
    }
}

/// The expression of a ward's short name: without the prefix of its kind, where the kind is left out.
fn short_name(units: &UnitScheme) -> Value {
    let name = json!(["get", "name"]);
    let prefixes = units.kinds().iter().filter(|k| k.short).filter_map(|k| k.prefix.as_ref());
    let cases = prefixes.flat_map(|prefix| {
        let prefix = format!("{prefix} ");
        // MapLibre counts in UTF-16.
        let length = prefix.encode_utf16().count();
        [json!(["==", ["slice", name, 0, length], prefix]), json!(["slice", name, length])]
    });
    let cases: Vec<Value> = cases.collect();
    if cases.is_empty() { name } else { [vec!["case".into()], cases, vec![name]].concat().into() }
}

/// Makes the service's own addresses absolute.
fn locate(value: &mut Value, base: &str) {
    match value {
        Value::String(text) if text.starts_with('/') => *text = format!("{base}{text}"),
        Value::Array(items) => items.iter_mut().for_each(|v| locate(v, base)),
        Value::Object(members) => members.values_mut().for_each(|v| locate(v, base)),
        _ => {}
    }
}

/// The comma list of our layers that a source shows.
fn list_of(source: &Value) -> Option<&str> {
    own_list(source["url"].as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::testing::layers;

    fn own() -> Value {
        json!({
            "version": 8,
            "state": { "lang": { "default": "vi" } },
            "sprite": "/sprites/light",
            "glyphs": "https://fonts.example/{fontstack}/{range}.pbf",
            "sources": {
                "basemap": { "type": "vector", "url": "/basemap.json" },
                "pictures": { "type": "raster", "url": "/basemap.json" },
                "wards": { "type": "vector", "url": "/tiles/wards,incidents.json" },
            },
            "layers": [
                { "id": "sky", "type": "background", "paint": { "background-color": "#000" },
                  "metadata": { "diaban:over-basemap": { "background-color": "#111" } } },
                { "id": "sea", "type": "fill", "source": "basemap", "source-layer": "water" },
                { "id": "ocean", "type": "fill", "source": "basemap", "source-layer": "ocean" },
                { "id": "photo", "type": "raster", "source": "pictures" },
                { "id": "names", "type": "symbol", "source": "wards", "source-layer": "ward_labels",
                  "layout": { "text-field": ["get", ["concat", "name:", ["global-state", "lang"]]] } },
                { "id": "short", "type": "symbol", "source": "wards", "source-layer": "ward_labels",
                  "layout": { "text-field": ["step", ["zoom"], ["global-state", "short-name"], 13, "x"] } },
            ],
        })
    }

    fn written(background: &Background) -> Value {
        let style = Style::parse("own.json", &own().to_string(), &layers()).unwrap();
        let center = LonLat::new(106.7, 10.8).unwrap();
        let units = &UnitScheme::vietnamese();
        style.document(&Reader { base: "https://x.vn", lang: Lang::En, background, center, zoom: 9, units })
    }

    fn ids(style: &Value) -> Vec<&str> {
        style["layers"].as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap()).collect()
    }

    #[test]
    fn addresses_are_absolute_and_words_are_in_the_language() {
        let style = written(&Background::Sketch);
        assert_eq!(style["sprite"], "https://x.vn/sprites/light");
        assert_eq!(style["glyphs"], "https://fonts.example/{fontstack}/{range}.pbf");
        let expected = json!({
            "type": "vector", "url": "https://x.vn/tiles/wards,incidents.json", "minzoom": 0, "maxzoom": 18,
        });
        assert_eq!(style["sources"], json!({ "wards": expected }));
        assert_eq!(style["center"], json!([106.7, 10.8]));
        assert_eq!(style["layers"][1]["layout"]["text-field"], json!(["get", ["concat", "name:", "en"]]));
        let name = json!(["get", "name"]);
        let short = json!([
            "case",
            ["==", ["slice", name, 0, 7], "Phường "],
            ["slice", name, 7],
            ["==", ["slice", name, 0, 3], "Xã "],
            ["slice", name, 3],
            name
        ]);
        assert_eq!(style["layers"][2]["layout"]["text-field"], json!(["step", ["zoom"], short, 13, "x"]));
        assert!(!style.to_string().contains("global-state") && style.get("state").is_none());
    }

    #[test]
    fn a_basemap_gets_the_layers_that_it_has_something_for() {
        assert_eq!(ids(&written(&Background::Sketch)), ["sky", "names", "short"]);
        let vector = written(&Background::Vector(["water".to_owned(), "roads".to_owned()].into()));
        assert_eq!(ids(&vector), ["sky", "sea", "names", "short"]);
        assert_eq!(vector["sources"]["basemap"]["url"], "https://x.vn/basemap.json");
        assert_eq!(vector["layers"][0]["paint"]["background-color"], "#111");
        let pictures = written(&Background::Pictures);
        assert_eq!(ids(&pictures), ["sky", "photo", "names", "short"]);
        let url = "https://tiles.example/style.json".to_owned();
        let style = written(&Background::Style(url.clone()));
        assert_eq!(
            (ids(&style), &style["metadata"]["diaban:basemap-style"]),
            (vec!["sky", "names", "short"], &json!(url))
        );
        assert_eq!(style["layers"][0]["paint"]["background-color"], "#000");
    }

    #[test]
    fn basemap_layers_are_those_of_its_sources() {
        let style = Style::parse("own.json", &own().to_string(), &layers()).unwrap();
        assert_eq!(style.basemap_layers().into_iter().collect::<Vec<_>>(), ["ocean", "water"]);
    }

    #[test]
    fn a_style_of_ours_shows_what_the_city_has() {
        let wards = &layers()[1..];
        let mut style = own();
        style["sources"]["incidents"] = json!({ "type": "vector", "url": "/tiles/incidents.json" });
        style["sources"]["wards"]["url"] = json!("/tiles/wards.json");
        let layers = style["layers"].as_array_mut().unwrap();
        layers.push(
            json!({ "id": "dots", "type": "circle", "source": "incidents", "source-layer": "incidents" }),
        );
        let text = style.to_string();
        assert!(Style::parse("light", &text, wards).is_err());
        let fitted = Style::fitted("light", &text, wards).unwrap();
        assert_eq!(ids(&Value::Object(fitted.document)), ["sky", "sea", "ocean", "photo", "names", "short"]);
        assert!(Style::fitted("light", "{", wards).is_err());
    }

    #[test]
    fn what_shows_nothing_is_refused_with_what_there_is() {
        let refused = |change: fn(&mut Value)| {
            let mut style = own();
            change(&mut style);
            Style::parse("tiles/styles/own.json", &style.to_string(), &layers()).unwrap_err().to_string()
        };
        for (change, expected) in [
            (
                (|s| s["layers"][4]["source-layer"] = json!("ward_names")) as fn(&mut Value),
                "has no source-layer \"ward_names\"",
            ),
            (|s| s["layers"][4]["source"] = json!("ward"), "there is no source \"ward\""),
            (|s| s["sources"]["wards"]["url"] = json!("/tiles/ward.json"), "there is no layer \"ward\""),
            (|s| s["version"] = json!(7), "version: must be 8"),
            (|s| s["sources"] = json!([]), "expected a map"),
            (|s| s["layers"] = json!({}), "expected a sequence"),
        ] {
            let error = refused(change);
            assert!(error.starts_with("tiles/styles/own.json:1: ") && error.contains(expected), "{error}");
        }
        let error = Style::parse("own.json", "{\n  \"version\": 8,\n}", &layers()).unwrap_err().to_string();
        assert!(error.starts_with("own.json:3: "), "{error}");
    }
}
