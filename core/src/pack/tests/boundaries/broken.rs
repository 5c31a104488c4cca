//! What can be wrong with a file of boundaries or with what comes with it, and the words that refuse it.

use geo::{
    BooleanOps, BoundingRect, ConvexHull, Intersects, MultiPolygon, Rect, Simplify, coord, unary_union,
};

use super::{Draft, Raw, halves};
use crate::domain::Successor;

fn swap_shapes(d: &mut Draft, a: &str, b: &str) {
    let shape = d.at(a).shape.clone();
    d.at(a).shape = std::mem::replace(&mut d.at(b).shape, shape);
}

/// A ward inside the city, one of its neighbours, one far off, one of islands.
const WARD: &str = "26740";
const NEIGHBOUR: &str = "26743";
const FAR: &str = "27553";
const ISLANDS: &str = "26732";

pub(super) type Spoil = fn(&mut Draft);
pub(super) type Broken = (&'static str, Spoil, Option<&'static str>, &'static str, Option<&'static str>);

/// What is done to a file, and the words that refuse it: over approximate wards (none where they cannot tell), over
/// exact ones, and as a new generation (none where that is the same case).
pub(super) const BROKEN: &[Broken] = &[
    (
        "a ward is missing",
        |d| d.wards.retain(|w| w.code != WARD),
        Some("26740: Phường Sài Gòn has no boundary in the file"),
        "26740: Phường Sài Gòn has no boundary in the file",
        Some("26740: Phường Sài Gòn has no boundary in the file"),
    ),
    (
        "30% of the wards are missing",
        |d| {
            let mut n = 0;
            d.wards.retain(|_| {
                n += 1;
                n % 10 > 2
            });
        },
        Some("is this the whole file?"),
        "is this the whole file?",
        Some("is this the whole file?"),
    ),
    ("no ward at all", |d| d.wards.clear(), Some("no units"), "no units", None),
    (
        "moved by 1 km",
        |d| d.every(|c| coord! { x: c.x + 1_000.0 / 109_350.0, y: c.y }),
        Some("about 1000 m too far east"),
        "about 1000 m too far east",
        Some("about 1000 m too far east"),
    ),
    (
        "VN-2000 taken for WGS 84",
        |d| d.every(|c| coord! { x: c.x - 0.001_76, y: c.y + 0.000_9 }),
        Some("m too far north-west"),
        "m too far north-west",
        None,
    ),
    (
        "the wrong zone of UTM",
        |d| d.every(|c| coord! { x: c.x + 6.0, y: c.y }),
        Some("km too far east"),
        "km too far east",
        None,
    ),
    (
        "the wards of a neighbour under our codes",
        |d| d.every(|c| coord! { x: c.x, y: c.y - 0.9 }),
        Some("km too far south"),
        "km too far south",
        None,
    ),
    (
        "mirrored",
        |d| d.every(|c| coord! { x: 213.4 - c.x, y: c.y }),
        Some("mirrored, east for west"),
        "mirrored, east for west",
        Some("mirrored, east for west"),
    ),
    (
        "turned round",
        |d| d.every(|c| coord! { x: 213.4 - c.x, y: 21.6 - c.y }),
        Some("upside down"),
        "upside down",
        None,
    ),
    (
        "1% too large",
        |d| d.every(|c| coord! { x: 106.7 + (c.x - 106.7) * 1.01, y: 10.8 + (c.y - 10.8) * 1.01 }),
        Some("1.010 times as long from west to east"),
        "1.010 times as long from south to north",
        None,
    ),
    (
        "latitude first",
        |d| d.every(|c| coord! { x: c.y, y: c.x }),
        Some("latitude before longitude"),
        "latitude before longitude",
        None,
    ),
    (
        "half a ward",
        |d| d.at(WARD).shape = halves(&d.at(WARD).shape.clone()).0,
        Some("before of 26740"),
        "26740: Phường Sài Gòn lacks",
        Some("26740: Phường Sài Gòn lacks"),
    ),
    (
        "half a ward on the outside",
        |d| d.at("27496").shape = halves(&d.at("27496").shape.clone()).0,
        Some("by decree"),
        "27496: Xã Tân An Hội lacks",
        Some("27496: Xã Tân An Hội lacks"),
    ),
    (
        "one island is missing",
        |d| {
            let parts = &mut d.at(ISLANDS).shape.0;
            parts.sort_by(|a, b| geo::Area::unsigned_area(b).total_cmp(&geo::Area::unsigned_area(a)));
            parts.remove(1);
        },
        None,
        "26732: Đặc khu Côn Đảo lacks",
        Some("26732: Đặc khu Côn Đảo lacks"),
    ),
    (
        "the largest island is missing",
        |d| {
            let parts = &mut d.at(ISLANDS).shape.0;
            parts.sort_by(|a, b| geo::Area::unsigned_area(b).total_cmp(&geo::Area::unsigned_area(a)));
            parts.remove(0);
        },
        Some("Đặc khu Côn Đảo does not hold its centre"),
        "26732: Đặc khu Côn Đảo lacks",
        None,
    ),
    (
        "a hole in a ward",
        |d| {
            let c = d.at(FAR).shape.bounding_rect().unwrap().center();
            let hole = Rect::new(
                coord! { x: c.x - 0.003, y: c.y - 0.003 },
                coord! { x: c.x + 0.003, y: c.y + 0.003 },
            );
            d.at(FAR).shape = d.at(FAR).shape.difference(&hole.to_polygon());
        },
        Some("before of"),
        "before of 27553",
        Some("before of 27553"),
    ),
    (
        "two far shapes swapped",
        |d| swap_shapes(d, WARD, FAR),
        Some("their shapes are swapped"),
        "their shapes are swapped",
        Some("their shapes are swapped"),
    ),
    (
        "two near shapes swapped",
        |d| swap_shapes(d, WARD, NEIGHBOUR),
        Some("their shapes are swapped"),
        "their shapes are swapped",
        Some("their shapes are swapped"),
    ),
    (
        "codes shifted by a row",
        |d| {
            d.wards.sort_by(|a, b| a.code.cmp(&b.code));
            let first = d.wards[0].shape.clone();
            for i in 1..d.wards.len() {
                d.wards[i - 1].shape = d.wards[i].shape.clone();
            }
            d.wards.last_mut().unwrap().shape = first;
        },
        Some("are the codes shifted by a row?"),
        "are the codes shifted by a row?",
        Some("are the codes shifted by a row?"),
    ),
    (
        "a shape under two codes",
        |d| d.at(NEIGHBOUR).shape = d.at(WARD).shape.clone(),
        Some("26740: has the same shape as 26743"),
        "26740: has the same shape as 26743",
        Some("26740: has the same shape as 26743"),
    ),
    (
        "a ward again under a code of nobody",
        |d| {
            let copy = Raw { code: "99999".into(), ..d.at(WARD).clone() };
            d.wards.push(copy);
        },
        Some("99999: Phường Sài Gòn has a boundary, but is no ward"),
        "99999: Phường Sài Gòn has a boundary, but is no ward",
        None,
    ),
    (
        "a ward grown over its neighbour",
        |d| d.at(WARD).shape = unary_union([&d.at(WARD).shape.clone(), &d.at(NEIGHBOUR).shape.clone()]),
        Some("26740: overlaps 26743"),
        "26740: overlaps 26743",
        Some("26740: overlaps 26743"),
    ),
    (
        "a ward that took most of its neighbour",
        |d| {
            let (given, kept) = halves(&d.at(NEIGHBOUR).shape.clone());
            let (given_too, kept) = halves(&kept);
            d.at(WARD).shape = unary_union([&d.at(WARD).shape.clone(), &given, &given_too]);
            d.at(NEIGHBOUR).shape = kept;
        },
        Some("by decree"),
        "26743: Phường Bến Thành lacks",
        Some("now of 26740"),
    ),
    (
        "hulls instead of shapes",
        |d| d.wards.iter_mut().for_each(|w| w.shape = MultiPolygon(vec![w.shape.convex_hull()])),
        Some("more wards that overlap others"),
        "more wards that overlap others",
        None,
    ),
    (
        "simplified ward by ward",
        |d| d.wards.iter_mut().for_each(|w| w.shape = w.shape.simplify(0.002)),
        Some("gaps between wards have"),
        "gaps between wards have",
        None,
    ),
    (
        "1% of the ground is lost on the outside",
        |d| {
            let all = d.wards.iter().map(|w| w.shape.bounding_rect().unwrap());
            let north = all.map(|b| b.max().y).fold(f64::MIN, f64::max);
            let cut =
                Rect::new(coord! { x: 106.0, y: north - 0.06 }, coord! { x: 108.0, y: north }).to_polygon();
            for w in d.wards.iter_mut().filter(|w| w.shape.intersects(&cut)) {
                w.shape = w.shape.difference(&cut);
            }
        },
        None,
        "km² of the former boundaries belong to no ward any more",
        Some("km² of the former boundaries belong to no ward any more"),
    ),
    (
        "two names swapped",
        |d| {
            let name = d.at(WARD).name.clone();
            d.at(WARD).name = std::mem::replace(&mut d.at(FAR).name, name);
        },
        Some("26740: Phường Sài Gòn has the name of 27553"),
        "26740: Phường Sài Gòn has the name of 27553",
        Some("26740: Phường Sài Gòn has the name of 27553"),
    ),
    (
        "wards of another province",
        |d| {
            d.every(|c| coord! { x: c.x - 0.9, y: c.y + 10.2 });
            for (i, w) in d.wards.iter_mut().enumerate() {
                w.code = format!("{:05}", i + 1);
            }
        },
        Some("boundaries of no ward of this generation"),
        "boundaries of no ward of this generation",
        None,
    ),
    (
        "a table with a hole",
        |d| {
            let before = d.successors.iter().position(|s| &*s.to.generation == d.generation).unwrap();
            let gone = d.successors[before].from.clone();
            d.successors.retain(|s| s.from != gone);
        },
        Some("has no successor"),
        "has no successor",
        Some("has no successor"),
    ),
    (
        "a table that forgets a part",
        |d| {
            let part =
                d.successors.iter().position(|s| &*s.to.generation == d.generation && s.part && !s.main);
            d.successors.remove(part.unwrap());
        },
        Some("no row of the successor table has the rest"),
        "no row of the successor table has the rest",
        Some("no row of the successor table has the rest"),
    ),
    (
        "a table with a circle",
        |d| {
            let row = d.successors.iter().find(|s| &*s.to.generation == d.generation).unwrap().clone();
            d.successors.push(Successor { from: row.to, to: row.from, part: false, main: true });
        },
        Some("goes in a circle"),
        "goes in a circle",
        Some("goes in a circle"),
    ),
    (
        "a table that names a ward that is not in the file",
        |d| {
            let row = d.successors.iter_mut().find(|s| &*s.to.generation == d.generation).unwrap();
            row.to.code = "99998".into();
        },
        Some("its successor 99998 is not in the file"),
        "its successor 99998 is not in the file",
        Some("its successor 99998 is not in the file"),
    ),
    (
        "a table that begins at a ward that never was",
        |d| {
            let mut row = d.successors.iter().find(|s| &*s.to.generation == d.generation).unwrap().clone();
            row.from.code = "99997".into();
            d.successors.push(row);
        },
        Some("99997: leads to"),
        "99997: leads to",
        Some("99997: leads to"),
    ),
];
