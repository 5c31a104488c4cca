//! A small feed for the encoders' tests: a point, a polygon with a hole, a tombstone.

use geo::{LineString, Point, Polygon};

use crate::domain::feed::{Entry, Feed, Link, Tag};
use crate::domain::field::Value;
use crate::domain::{Instant, Text};

pub(super) fn entry(n: u64) -> Entry {
    let link = |rel, href: &str| Link { rel, href: href.to_owned(), media: "application/geo+json" };
    Entry {
        id: format!("tag:map.test,2025-07-01:reports/{n}"),
        title: "Ổ gà / Pothole: <sâu> & \"rộng\"".into(),
        content: "Đã tiếp nhận / Received\nTrước chợ".into(),
        updated: Instant::from_ms(1_764_034_200_000 + n as i64),
        published: Instant::from_ms(1_764_034_200_000),
        author: "UBND phường Sài Gòn".into(),
        geometry: Some(Point::new(106.7, 10.77).into()),
        tags: vec![Tag { term: "pothole".into(), label: "Ổ gà / Pothole".into() }],
        links: vec![link("alternate", "https://map.test/a?b=1&c=2"), link("related", "https://map.test/r")],
        facts: vec![
            ("report".into(), Value::Integer(n as i64)),
            ("state".into(), Value::Text("received".into())),
        ],
        deleted: false,
    }
}

pub(super) fn feed() -> Feed {
    let ring = |d: f64| {
        LineString::from(
            [(0.0, 0.0), (d, 0.0), (d, d), (0.0, 0.0)].map(|(x, y)| (106.0 + x, 10.0 + y)).to_vec(),
        )
    };
    let square = Entry { geometry: Some(Polygon::new(ring(1.0), vec![ring(0.5)]).into()), ..entry(2) };
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
