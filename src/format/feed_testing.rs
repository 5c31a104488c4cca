//! A small feed for the encoders' tests: a point, a polygon with a hole, a tombstone.

use crate::domain::feed::{Entry, Feed, Link, Shape, Tag};
use crate::domain::field::Value;
use crate::domain::{Instant, Text};
use crate::geo::LonLat;

fn at(lon: f64, lat: f64) -> LonLat {
    LonLat::new(lon, lat).unwrap()
}

pub(super) fn entry(n: u64) -> Entry {
    let link = |rel, href: &str| Link { rel, href: href.to_owned(), media: "application/geo+json" };
    Entry {
        id: format!("tag:map.test,2025-07-01:reports/{n}"),
        title: "Ổ gà / Pothole: <sâu> & \"rộng\"".into(),
        content: "Đã tiếp nhận / Received\nTrước chợ".into(),
        updated: Instant::from_ms(1_764_034_200_000 + n as i64),
        published: Instant::from_ms(1_764_034_200_000),
        author: "UBND Phường Sài Gòn".into(),
        shape: Some(Shape::Point(at(106.7, 10.77))),
        tags: vec![Tag { term: "pothole".into(), label: "Ổ gà / Pothole".into() }],
        links: vec![link("alternate", "https://map.test/a?b=1&c=2"), link("related", "https://map.test/r")],
        facts: vec![("report", Value::Integer(n as i64)), ("state", Value::Text("received".into()))],
        deleted: false,
    }
}

pub(super) fn feed() -> Feed {
    let ring =
        |d: f64| [(0.0, 0.0), (d, 0.0), (d, d), (0.0, 0.0)].map(|(x, y)| at(106.0 + x, 10.0 + y)).to_vec();
    let square = Entry { shape: Some(Shape::Polygons(vec![vec![ring(1.0), ring(0.5)]])), ..entry(2) };
    let gone =
        Entry::tombstone("tag:map.test,2025-07-01:reports/1".into(), Instant::from_ms(1_764_034_200_000));
    let link = |rel, href: &str| Link { rel, href: href.to_owned(), media: super::atom::MEDIA };
    Feed {
        id: "tag:map.test,2025-07-01:feeds/reports".into(),
        title: Text { vi: "Phản ánh".into(), en: "Reports".into() },
        updated: Instant::from_ms(1_764_034_200_003),
        links: vec![
            link("self", "https://map.test/feeds/reports.atom"),
            link("next", "https://map.test/feeds/reports.atom?cursor=1.1"),
            link("first", "https://map.test/feeds/reports.atom"),
        ],
        entries: vec![entry(3), square, gone],
    }
}
