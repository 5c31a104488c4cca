//! Tiles, what describes them, pictures, styles and the basemap.

use super::{document, stream};
use crate::http::describe::{Describe, Operation, features, schema};
use crate::http::doors::styles::{GLYPHS, StyleList};
use crate::http::doors::tiles::{Cluster, MatrixSet, MatrixSets, TilesetDocument, Tilesets, layer_filters};
use crate::http::doors::{pictures, tiles};
use diaban_core::format::geojson;
use diaban_core::map::{Layer, Source};

/// The parameters that filter a layer.
fn filters(layer: &Layer) -> Vec<&str> {
    if layer.source == Source::Reports { features::report_filters() } else { layer_filters(layer) }
}

/// The layers that show a collection, each with the path of its tile sets.
fn ogc<'a>(d: &Describe<'a>) -> Vec<(&'a Layer, String)> {
    let mut all: Vec<(&Layer, String)> = Vec::new();
    for layer in d.about.layers {
        let Some(collection) = layer.collection_id() else { continue };
        let path = format!("/collections/{collection}/tiles");
        // The first layer of a collection is the one that the tiles of the collection show.
        if all.iter().all(|(_, known)| *known != path) {
            all.push((layer, path));
        }
    }
    all
}

pub(in crate::http) fn tilesets(d: &mut Describe<'_>) -> Vec<Operation> {
    let tilesets = d.json::<Tilesets>();
    let one = |(l, path): (&Layer, String)| {
        let summary = format!("Tile sets of {}", l.title.en);
        document(path, format!("{}Tilesets", l.id), summary, tilesets.clone())
    };
    ogc(d).into_iter().map(one).collect()
}

pub(in crate::http) fn tileset(d: &mut Describe<'_>) -> Vec<Operation> {
    let tileset = d.json::<TilesetDocument>();
    let one = |(l, path): (&Layer, String)| {
        let (path, summary) = (format!("{path}/WebMercatorQuad"), format!("The tile set of {}", l.title.en));
        document(path, format!("{}Tileset", l.id), summary, tileset.clone())
    };
    ogc(d).into_iter().map(one).collect()
}

pub(in crate::http) fn ogc_tile(d: &mut Describe<'_>) -> Vec<Operation> {
    let one = |(l, path): (&Layer, String)| {
        let path = format!("{path}/WebMercatorQuad/{{z}}/{{row}}/{{column}}");
        let summary = format!("A vector tile of {}, row before column", l.title.en);
        let operation = Operation::new(path, format!("{}MatrixTile", l.id), summary).query(filters(l));
        operation.answers(tiles::MEDIA, schema::bytes()).or_nothing()
    };
    ogc(d).into_iter().map(one).collect()
}

pub(in crate::http) fn matrix_sets(d: &mut Describe<'_>) -> Vec<Operation> {
    vec![document("/tileMatrixSets", "matrixSets", "How tiles are cut", d.json::<MatrixSets>())]
}

pub(in crate::http) fn matrix_set(d: &mut Describe<'_>) -> Vec<Operation> {
    let (path, summary) = ("/tileMatrixSets/WebMercatorQuad", "The zooms and squares of web mercator");
    vec![document(path, "webMercatorQuad", summary, d.json::<MatrixSet>())]
}

pub(in crate::http) fn tile(d: &mut Describe<'_>) -> Vec<Operation> {
    let one = |l: &Layer| {
        let (id, title) = (&l.id, &l.title.en);
        let path = format!("/tiles/{id}/{{z}}/{{x}}/{{y}}");
        let vector =
            Operation::new(format!("{path}.mvt"), format!("{id}Tile"), format!("A vector tile of {title}"));
        let summary = format!("A tile of {title} as a picture of 256 pixels; y@2x has 512");
        let picture = Operation::new(format!("{path}.png"), format!("{id}Picture"), summary);
        [
            vector.query(filters(l)).answers(tiles::MEDIA, schema::bytes()).or_nothing(),
            picture.query(filters(l)).answers(pictures::MEDIA, schema::bytes()),
        ]
    };
    d.about.layers.iter().flat_map(one).collect()
}

pub(in crate::http) fn tilejson(d: &mut Describe<'_>) -> Vec<Operation> {
    let tilejson = d.named("TileJson", |_| schema::tilejson());
    let one = |l: &Layer| {
        let summary = format!("TileJSON of {}", l.title.en);
        let operation = Operation::new(tiles::tilejson_path(&l.id), format!("{}TileJson", l.id), summary);
        operation.query(filters(l)).json(tilejson.clone())
    };
    d.about.layers.iter().map(one).collect()
}

pub(in crate::http) fn metadata(d: &mut Describe<'_>) -> Vec<Operation> {
    let metadata = d.named("TilesMetadata", |_| schema::tiles_metadata());
    let one = |l: &Layer| {
        let summary = format!("{} as tile archives describe their tiles", l.title.en);
        let path = format!("/tiles/{}/metadata.json", l.id);
        document(path, format!("{}Metadata", l.id), summary, metadata.clone())
    };
    d.about.layers.iter().map(one).collect()
}

pub(in crate::http) fn changes(d: &mut Describe<'_>) -> Vec<Operation> {
    let one = |l: &Layer| {
        let summary = format!("Which tiles of {} are new, live", l.title.en);
        stream(format!("/tiles/{}/changes", l.id), format!("{}Changes", l.id), summary).query(["zoom"])
    };
    d.about.layers.iter().map(one).collect()
}

pub(in crate::http) fn cluster(d: &mut Describe<'_>) -> Vec<Operation> {
    let cluster = d.json::<Cluster>();
    let one = |l: &Layer| {
        let path = format!("/tiles/{}/clusters/{{id}}", l.id);
        let summary = "What a cluster of a tile holds; takes the query of its tile";
        let operation = Operation::new(path, format!("{}Cluster", l.id), summary);
        operation.query(features::report_list()).answers(geojson::MEDIA, cluster.clone())
    };
    d.about.layers.iter().filter(|l| l.source == Source::Reports).map(one).collect()
}

pub(in crate::http) fn styles(d: &mut Describe<'_>) -> Vec<Operation> {
    vec![document("/styles", "styles", "The map styles", d.json::<StyleList>())]
}

pub(in crate::http) fn style(d: &mut Describe<'_>) -> Vec<Operation> {
    let style = d.named("MapStyle", |_| schema::map_style());
    let one = |name: &&str| {
        let operation =
            Operation::new(format!("/styles/{name}.json"), format!("{name}Style"), "A MapLibre style");
        operation.query(["lang"]).json(style.clone())
    };
    d.about.styles.iter().map(one).collect()
}

pub(in crate::http) fn sprite(d: &mut Describe<'_>) -> Vec<Operation> {
    let sheet = d.named("SpriteSheet", |_| schema::sprite_sheet());
    vec![
        Operation::new("/sprites/{name}.json", "spriteSheet", "Where each picture of a sheet is").json(sheet),
        Operation::new("/sprites/{name}.png", "spritePicture", "The pictures that styles draw with")
            .answers(pictures::MEDIA, schema::bytes()),
    ]
}

pub(in crate::http) fn font(_: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/fonts/{stack}/{range}.pbf", "glyphs", "Letters that styles write with");
    vec![operation.answers(GLYPHS, schema::bytes())]
}

pub(in crate::http) fn basemap(d: &mut Describe<'_>) -> Vec<Operation> {
    let tilejson = d.named("TileJson", |_| schema::tilejson());
    let summary = "TileJSON of the operator's basemap, where one is set";
    vec![Operation::new("/basemap.json", "basemap", summary).json(tilejson)]
}

pub(in crate::http) fn basemap_tile(_: &mut Describe<'_>) -> Vec<Operation> {
    let operation = Operation::new("/basemap/{z}/{x}/{y}", "basemapTile", "A tile of the operator's basemap");
    let operation = operation.answers(tiles::MEDIA, schema::bytes()).or_nothing();
    vec![operation.answers(pictures::MEDIA, schema::bytes())]
}

pub(in crate::http) fn static_map(d: &mut Describe<'_>) -> Vec<Operation> {
    let path = "/static/{lon},{lat},{zoom}/{width}x{height}.png";
    let summary = "The map around a place as a picture; {height}@2x has twice the pixels";
    let query = pictures::PARAMS.into_iter().chain(d.about.layers.iter().flat_map(filters));
    let operation = Operation::new(path, "staticMap", summary).query(query);
    vec![operation.answers(pictures::MEDIA, schema::bytes())]
}
