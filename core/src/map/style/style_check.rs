//! Checks a style against the declared layers: each layer of the style must have a valid source,
//! source layer, and fields in its expressions. Not here: whether the file is a valid style at all
//! (the style validator).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::map::layer::layer_check::hint;
use crate::map::layer::mistake::{Mistake, line_at};
use crate::map::layer::{Layer, VectorLayer};
use crate::map::tile::tilejson::Tileset;

#[derive(Deserialize)]
struct Style<'a> {
    version: Value,
    sources: BTreeMap<String, Source>,
    #[serde(borrow)]
    layers: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    url: Option<String>,
    #[serde(default)]
    tiles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StyleLayer {
    id: String,
    source: Option<String>,
    source_layer: Option<String>,
    filter: Option<Value>,
    layout: Option<Value>,
    paint: Option<Value>,
}

/// The mistakes of a style (`file` is only used in the messages): a source that does not exist or
/// lists unknown layers, a `source-layer` that its tile set does not have, an expression that reads
/// an unknown field. Sources of other servers are skipped.
pub fn check_style(layers: &[Layer], file: &str, text: &str) -> Vec<Mistake> {
    let mistake = |line, what| Mistake { file: file.to_owned(), line, what };
    let style: Style = match serde_json::from_str(text) {
        Ok(style) => style,
        Err(e) => return vec![mistake(e.line().max(1), e.to_string())],
    };
    let mut out = Vec::new();
    let line_of = |name: &str| text.find(&format!("\"{name}\"")).map_or(1, |at| line_at(text, at));
    if style.version != 8 {
        out.push(mistake(line_of("version"), "version: must be 8".to_owned()));
    }
    for (name, source) in &style.sources {
        if let Some(Err(what)) = source.tileset(layers) {
            out.push(mistake(line_of(name), format!("source {name:?}: {what}")));
        }
    }
    for raw in &style.layers {
        // The raw value is a slice of the text, so its offset is the difference of the addresses.
        let line = line_at(text, raw.get().as_ptr().addr() - text.as_ptr().addr());
        match serde_json::from_str::<StyleLayer>(raw.get()) {
            Err(e) => out.push(mistake(line + e.line() - 1, e.to_string())),
            Ok(layer) => {
                let found = layer.problems(&style.sources, layers);
                out.extend(
                    found.into_iter().map(|what| mistake(line, format!("layer {:?}: {what}", layer.id))),
                );
            }
        }
    }
    out
}

impl Source {
    /// The layers of this service in the source; `None` for a source of another server or of
    /// another kind.
    fn tileset<'l>(&self, layers: &'l [Layer]) -> Option<Result<Tileset<'l>, String>> {
        let url = self.url.as_ref().or(self.tiles.first()).filter(|_| self.kind == "vector")?;
        Some(Tileset::named(layers, own_list(url)?).map_err(|e| e.to_string()))
    }
}

/// The list of our layers in the address of a source; our addresses begin with a slash.
pub(in crate::map) fn own_list(url: &str) -> Option<&str> {
    let list = url.strip_prefix("/tiles/")?.split(['/', '?']).next()?;
    Some(list.strip_suffix(".json").unwrap_or(list))
}

impl StyleLayer {
    fn problems(&self, sources: &BTreeMap<String, Source>, layers: &[Layer]) -> Vec<String> {
        let Some(name) = &self.source else { return Vec::new() };
        let Some(source) = sources.get(name) else {
            return vec![format!(
                "there is no source {name:?}, {}",
                hint(name, sources.keys().map(String::as_str))
            )];
        };
        // A mistake there is reported once, for the source.
        let Some(Ok(set)) = source.tileset(layers) else { return Vec::new() };
        let all = || set.layers().iter().flat_map(|l| &l.vector_layers);
        let names = all().map(|v| v.id.as_str());
        let Some(wanted) = &self.source_layer else {
            return vec![format!(
                "a layer of the vector source {name:?} needs a source-layer, {}",
                hint("", names)
            )];
        };
        let Some(shown) = all().find(|v| v.id == *wanted) else {
            let hint = hint(wanted, names);
            return vec![format!("the tile set {:?} has no source-layer {wanted:?}, {hint}", set.id())];
        };
        let parts = [&self.filter, &self.layout, &self.paint];
        let mut read = Vec::new();
        parts.into_iter().flatten().for_each(|v| fields(v, &mut read));
        read.sort_unstable();
        read.dedup();
        read.into_iter().filter(|f| !shown.has(f)).map(|f| unknown(f, shown)).collect()
    }
}

fn unknown(field: &str, shown: &VectorLayer) -> String {
    format!(
        "reads {field:?}, which {:?} does not have, {}",
        shown.id,
        hint(field, shown.fields.keys().map(String::as_str))
    )
}

/// The feature fields that expressions read: `["get", F]` and `["has", F]` without an object.
fn fields<'v>(value: &'v Value, out: &mut Vec<&'v str>) {
    match value {
        Value::Array(list) => {
            if let [Value::String(op), Value::String(field)] = &list[..]
                && (op == "get" || op == "has")
            {
                out.push(field);
            }
            list.iter().for_each(|v| fields(v, out));
        }
        Value::Object(map) => map.values().for_each(|v| fields(v, out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::read_layers;

    const STYLE: &str = r#"{
  "version": 8,
  "sources": {
    "city": { "type": "vector", "url": "/tiles/incidents,wards.json" },
    "places": { "type": "vector", "tiles": ["/tiles/facilities/{z}/{x}/{y}.mvt?kind=park"] },
    "ground": { "type": "vector", "url": "https://other.example/tiles/anything.json" },
    "dots": { "type": "geojson", "data": {} }
  },
  "layers": [
    { "id": "background", "type": "background" },
    { "id": "roads", "type": "line", "source": "ground", "source-layer": "roads" },
    { "id": "here", "type": "circle", "source": "dots" },
    {
      "id": "clusters",
      "type": "circle",
      "source": "city",
      "source-layer": "incidents",
      "filter": ["has", "point_count"],
      "paint": { "circle-radius": ["step", ["get", "point_count"], 10, 100, ["get", "top_1_count"]] }
    },
    { "id": "parks", "type": "symbol", "source": "places", "source-layer": "facilities",
      "layout": { "text-field": ["coalesce", ["get", "name_vi"], ["get", "x", ["literal", {}]]] } }
  ]
}"#;

    fn mistakes(from: &str, to: &str) -> Vec<String> {
        let pack = crate::pack::testing::pack();
        let layers = read_layers(pack.layer_files(), &pack.collections).unwrap();
        let text = STYLE.replacen(from, to, 1);
        assert!(from == to || text != STYLE);
        check_style(&layers, "light.json", &text).iter().map(Mistake::to_string).collect()
    }

    #[test]
    fn a_style_whose_layers_all_exist_is_right() {
        assert_eq!(mistakes("", ""), Vec::<String>::new());
    }

    #[test]
    fn a_mistake_says_its_line_and_what_there_is() {
        for (from, to, wanted) in [
            (
                "incidents,wards.json",
                "incidents,ward.json",
                "light.json:4: source \"city\": there is no layer \"ward\"; there are alerts, facilities, heat, incidents, traffic, wards",
            ),
            (
                "\"source-layer\": \"incidents\"",
                "\"source-layer\": \"incident\"",
                "light.json:13: layer \"clusters\": the tile set \"incidents,wards\" has no source-layer \"incident\", did you mean incidents?",
            ),
            (
                "\"source-layer\": \"facilities\"",
                "\"source-layer\": \"wards\"",
                "light.json:21: layer \"parks\": the tile set \"facilities\" has no source-layer \"wards\", known are facilities",
            ),
            (
                "      \"source-layer\": \"incidents\",\n",
                "",
                "light.json:13: layer \"clusters\": a layer of the vector source \"city\" needs a source-layer, known are incidents, wards, ward_labels",
            ),
            (
                "\"source\": \"places\"",
                "\"source\": \"place\"",
                "light.json:21: layer \"parks\": there is no source \"place\", did you mean places?",
            ),
            (
                "[\"get\", \"top_1_count\"]",
                "[\"get\", \"top_9_count\"]",
                "light.json:13: layer \"clusters\": reads \"top_9_count\", which \"incidents\" does not have, did you mean top_",
            ),
        ] {
            let mistakes = mistakes(from, to);
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert!(mistakes[0].starts_with(wanted), "{}", mistakes[0]);
        }
        assert!(mistakes("\"version\": 8,", "\"version\": 8")[0].starts_with("light.json:3: "));
        assert_eq!(mistakes("\"version\": 8", "\"version\": 7"), ["light.json:2: version: must be 8"]);
    }
}
