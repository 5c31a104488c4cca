//! Decodes pictures and checks what they show, and that tile borders leave no trace.

use std::sync::LazyLock;

use ::geo::{MultiPolygon, Polygon};
use proptest::prelude::*;

use super::*;
use crate::domain::field::{CATEGORY, STATE};
use crate::domain::view::MapRow;
use crate::domain::{CodeBook, Instant, State};
use crate::geo::TileId;
use crate::map::{FeatureSets, Layer, Snapshot, Sources, WardShape, WardShapes, figures};
use crate::query::Joint;

static FACE: LazyLock<Face> = LazyLock::new(|| {
    Face::parse(include_bytes!("../../../web/dist/fonts/BeVietnamPro-Regular.ttf")).unwrap()
});

/// A decoded picture: width, channels, bytes.
struct Picture {
    width: usize,
    channels: usize,
    data: Vec<u8>,
}

impl Picture {
    fn of(bytes: &[u8]) -> Self {
        let mut reader = ::png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        Self { width: info.width as usize, channels: info.color_type.samples(), data }
    }

    fn at(&self, x: usize, y: usize) -> &[u8] {
        let start = (y * self.width + x) * self.channels;
        &self.data[start..start + self.channels]
    }

    fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width * self.channels..(y + 1) * self.width * self.channels]
    }
}

fn row(seq: u32, lon: f64, lat: f64, state: State) -> MapRow {
    MapRow::new(seq, u64::from(seq) + 1, LonLat::new(lon, lat).ok())
        .with(CATEGORY, 0)
        .with(STATE, state as u8)
}

fn layer(name: &str) -> Layer {
    let text = match name {
        "heat" => include_str!("../../../tiles/layers/heat.toml"),
        "wards" => include_str!("../../../tiles/layers/wards.toml"),
        _ => include_str!("../../../tiles/layers/incidents.toml"),
    };
    Layer::parse(name, text, &[]).unwrap()
}

fn wards() -> WardShapes {
    let square = |code: &str, name: &str, west: f64, south: f64| WardShape {
        code: code.into(),
        name: name.into(),
        short_name: name.strip_prefix("Phường ").unwrap_or(name).into(),
        ward: format!("2025-07-01.{code}"),
        label: LonLat::new(west + 0.01, south + 0.01).unwrap(),
        area: MultiPolygon(vec![Polygon::new(
            [(0.0, 0.0), (0.02, 0.0), (0.02, 0.02), (0.0, 0.02)]
                .map(|(x, y)| (west + x, south + y))
                .to_vec()
                .into(),
            vec![],
        )]),
    };
    let all =
        [square("26740", "Phường Sài Gòn", 106.68, 10.76), square("26743", "Phường Bến Thành", 106.7, 10.76)];
    WardShapes::build("2025-07-01", true, &all).unwrap()
}

fn scene(viewport: Viewport) -> Scene<'static> {
    Scene {
        viewport,
        scale: 1,
        style: Style::Light,
        lang: Lang::Vi,
        figures: Vec::new(),
        markers: Vec::new(),
        clear: false,
        note: None,
    }
}

fn shown(mut scene: Scene<'_>, rows: Vec<MapRow>, wards: Option<&WardShapes>, layers: &[&str]) -> Vec<u8> {
    let snapshot = Snapshot::from_rows(rows, 0);
    let (codebook, features) = (CodeBook::default(), FeatureSets::default());
    let sources =
        Sources { snapshot: &snapshot, codebook: &codebook, wards, features: &features, now: Instant::MIN };
    let layers: Vec<Layer> = layers.iter().map(|n| layer(n)).collect();
    let joint = Joint::default();
    let all = layers.iter().flat_map(|l| figures(&sources, l, &joint, &scene.viewport, scene.scale));
    let figures: Vec<Figure<'_>> = all.collect();
    scene.figures = Vec::new();
    draw(&Scene { figures, ..scene }, &FACE).unwrap()
}

const MIDDLE: (f64, f64) = (106.7, 10.77);

fn around(zoom: f64, size: (u32, u32)) -> Viewport {
    Viewport::around(LonLat::new(MIDDLE.0, MIDDLE.1).unwrap(), zoom, size)
}

#[test]
fn a_cluster_is_a_ring_of_its_shares_around_its_count() {
    let states = [State::Received, State::Received, State::Received, State::Resolved];
    let rows: Vec<_> = (0..4).map(|n| row(n, MIDDLE.0, MIDDLE.1, states[n as usize])).collect();
    let picture = Picture::of(&shown(scene(around(14.0, (200, 100))), rows.clone(), None, &["incidents"]));
    assert_eq!((picture.width, picture.channels), (200, 3));
    // The ring runs clockwise from the top: three quarters are open, the last quarter is closed.
    let ring = 10;
    assert_eq!(picture.at(100 + ring, 50), [0xd5, 0x5e, 0x00]);
    assert_eq!(picture.at(100, 50 + ring), [0xd5, 0x5e, 0x00]);
    assert_eq!(picture.at(100 - 8, 50 - 8), [0x2b, 0x6c, 0xb0]);
    let inside = (95..105).flat_map(|x| (45..55).map(move |y| (x, y)));
    let dark = inside.filter(|(x, y)| picture.at(*x, *y)[0] < 0x60).count();
    assert!(dark > 8, "{dark} pixels of the count");
    assert_eq!(picture.at(20, 20), [0xcf, 0xdf, 0xe4], "nothing elsewhere");
    // Twice the pixels show the same scene.
    let large = Scene { scale: 2, ..scene(around(14.0, (200, 100))) };
    let large = Picture::of(&shown(large, rows, None, &["incidents"]));
    assert_eq!((large.width, large.at(2 * (100 + ring), 100)), (400, &[0xd5, 0x5e, 0x00][..]));
}

#[test]
fn one_report_is_open_or_closed_and_a_pin_stands_on_its_place() {
    let of = |state| {
        let picture = shown(
            scene(around(16.0, (60, 90))),
            vec![row(0, MIDDLE.0, MIDDLE.1, state)],
            None,
            &["incidents"],
        );
        Picture::of(&picture).at(30, 45 + 6).to_vec()
    };
    assert_eq!(of(State::Received), [0xd5, 0x5e, 0x00]);
    assert_eq!(of(State::Resolved), [0x2b, 0x6c, 0xb0]);
    let pinned =
        Scene { markers: vec![LonLat::new(MIDDLE.0, MIDDLE.1).unwrap()], ..scene(around(16.0, (60, 90))) };
    let pinned = Picture::of(&shown(pinned, Vec::new(), None, &[]));
    assert_eq!(pinned.at(30, 45 - 12), [0x0b, 0x4a, 0x54]);
}

#[test]
fn wards_have_their_tints_a_border_and_names_where_there_is_room() {
    let wards = wards();
    let picture = |zoom, rows| {
        Picture::of(&shown(scene(around(zoom, (800, 500))), rows, Some(&wards), &["wards", "incidents"]))
    };
    let bare = picture(14.0, Vec::new());
    // 26740 and 26743 are 0 and 3 modulo four.
    assert_eq!((bare.at(60, 100), bare.at(740, 100)), (&[0xf6, 0xf3, 0xea][..], &[0xee, 0xf0, 0xe3][..]));
    assert!(bare.at(400, 100)[0] < 0xc0, "the common border");
    let letters = |p: &Picture| {
        (0..800).flat_map(|x| (0..500).map(move |y| (x, y))).filter(|(x, y)| p.at(*x, *y)[0] < 0x70).count()
    };
    let (with, without) = (letters(&bare), letters(&picture(9.0, Vec::new())));
    assert!(with > 300 && without == 0, "{with} {without}");
    // A symbol in the place of a label moves the label.
    let busy = picture(14.0, vec![row(0, 106.69, 10.77, State::Received)]);
    let viewport = around(14.0, (800, 500));
    let (x, y) = viewport.pixel(Mercator::from_lonlat(LonLat::new(106.69, 10.77).unwrap()));
    assert_eq!(busy.at(x as usize + 6, y as usize), [0xd5, 0x5e, 0x00]);
    assert!(letters(&busy) > 250, "it stands elsewhere");
}

#[test]
fn the_same_scene_gives_the_same_bytes_and_the_other_style_others() {
    let wards = wards();
    let rows: Vec<_> =
        (0..300).map(|n| row(n, 106.69 + f64::from(n) * 1e-4, 10.77, State::Received)).collect();
    let mut turned = rows.clone();
    turned.reverse();
    let make = |style, rows| {
        let scene = Scene { style, note: Some("Địa bàn".into()), ..scene(around(13.4, (600, 400))) };
        shown(scene, rows, Some(&wards), &["wards", "incidents"])
    };
    let light = make(Style::Light, rows.clone());
    assert!(light == make(Style::Light, turned));
    assert!(light != make(Style::Dark, rows));
    assert!(light.len() < 40_000, "{} bytes", light.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Two adjacent tiles look the same as one picture of both: no seam is visible.
    #[test]
    fn tiles_fit_together(spots in proptest::collection::vec((-0.01..0.01_f64, -0.004..0.004_f64), 1..60), heat in any::<bool>()) {
        let id = TileId::new(15, 26096, 15403).unwrap();
        let east = TileId::new(15, 26097, 15403).unwrap();
        let b = id.bounds();
        let rows: Vec<_> = spots
            .iter()
            .zip(0..)
            .map(|((x, y), n)| row(n, b.east + x, f64::midpoint(b.south, b.north) + y, State::Received))
            .collect();
        let layers: &[&str] = if heat { &["heat"] } else { &["incidents"] };
        let clear = |viewport| Scene { clear: true, ..scene(viewport) };
        let [west, east] = [id, east].map(|id| Picture::of(&shown(clear(Viewport::of_tile(id)), rows.clone(), None, layers)));
        let whole = Picture::of(&shown(clear(Viewport::of_two(id)), rows, None, layers));
        for y in 0..256 {
            let strip = [west.row(y), east.row(y)].concat();
            // Nearly transparent pixels have almost no colour, so only the visible part is
            // compared.
            let seen = |row: &[u8]| -> Vec<u8> {
                let of = |p: &[u8]| [p[0], p[1], p[2], 255].map(|v| (u32::from(v) * u32::from(p[3]) / 255) as u8);
                row.chunks_exact(4).flat_map(of).collect()
            };
            let off = seen(&strip).iter().zip(seen(whole.row(y))).filter(|(a, b)| a.abs_diff(*b) > 40).count();
            prop_assert!(off <= 4, "row {}: {} bytes differ", y, off);
        }
    }
}

#[test]
fn an_empty_tile_is_clear_and_small() {
    let empty = shown(
        Scene { clear: true, ..scene(Viewport::of_tile(TileId::new(9, 1, 1).unwrap())) },
        Vec::new(),
        None,
        &["heat"],
    );
    let picture = Picture::of(&empty);
    assert!(picture.data.iter().all(|b| *b == 0));
    assert!(empty.len() < 1_500, "{} bytes", empty.len());
}

#[test]
fn density_grows_from_rim_to_middle() {
    let rows = (0..100).map(|n| row(n, MIDDLE.0, MIDDLE.1, State::Received)).collect();
    let picture =
        Picture::of(&shown(Scene { clear: true, ..scene(around(12.0, (200, 200))) }, rows, None, &["heat"]));
    let alpha = |x: usize| picture.at(x, 100)[3];
    assert!(
        alpha(100) > alpha(112) && alpha(112) > alpha(122) && alpha(150) == 0,
        "{:?}",
        (100..151).map(alpha).collect::<Vec<_>>()
    );
}
