//! Atom (RFC 4287) with GeoRSS-Simple places and the tombstones of RFC 6721.

use geo::{Coord, Geometry};
use quick_xml::events::{BytesEnd, BytesStart, Event};

use super::Format;
use crate::domain::feed::{Entry, Feed, Link};
use crate::format::xml::Xml;

/// Media type.
pub const MEDIA: &str = "application/atom+xml";

/// The format.
pub const FORMAT: Format = Format { extension: "atom", media: MEDIA, document };

const NAMESPACES: [(&str, &str); 3] = [
    ("xmlns", "http://www.w3.org/2005/Atom"),
    ("xmlns:georss", "http://www.georss.org/georss"),
    ("xmlns:at", "http://purl.org/atompub/tombstones/1.0"),
];

fn document(feed: &Feed) -> Vec<u8> {
    let mut x = Xml::new(1_024 + feed.entries.len() * 1_200);
    let mut root = BytesStart::new("feed");
    root.extend_attributes(NAMESPACES);
    root.push_attribute(("xml:lang", "vi"));
    x.write(Event::Start(root));
    x.text("id", &feed.id);
    x.text("title", &feed.title.both());
    x.text("updated", &feed.updated.to_string());
    x.person("diaban");
    x.links(&feed.links);
    feed.entries.iter().for_each(|e| x.entry(e));
    x.write(Event::End(BytesEnd::new("feed")));
    x.finish()
}

impl Xml {
    fn entry(&mut self, e: &Entry) {
        if e.deleted {
            let when = e.updated.to_string();
            return self.empty("at:deleted-entry", &[("ref", &e.id), ("when", &when)]);
        }
        self.write(Event::Start(BytesStart::new("entry")));
        self.text("id", &e.id);
        self.text("title", &e.title);
        self.text("updated", &e.updated.to_string());
        self.text("published", &e.published.to_string());
        self.person(&e.author);
        self.links(&e.links);
        for tag in &e.tags {
            self.empty("category", &[("term", &tag.term), ("label", &tag.label)]);
        }
        self.text("content", &e.content);
        if let Some(geometry) = &e.geometry {
            self.place(geometry);
        }
        self.write(Event::End(BytesEnd::new("entry")));
    }

    /// GeoRSS-Simple: one element for each part; of a polygon it knows the outer ring only.
    fn place(&mut self, geometry: &Geometry<f64>) {
        match geometry {
            Geometry::Point(p) => self.text("georss:point", &lat_lon([&p.0])),
            Geometry::LineString(l) => self.text("georss:line", &lat_lon(&l.0)),
            Geometry::Polygon(p) => self.text("georss:polygon", &lat_lon(&p.exterior().0)),
            Geometry::MultiPoint(m) => m.iter().for_each(|p| self.place(&(*p).into())),
            Geometry::MultiLineString(m) => m.iter().for_each(|l| self.text("georss:line", &lat_lon(&l.0))),
            Geometry::MultiPolygon(m) => {
                m.iter().for_each(|p| self.text("georss:polygon", &lat_lon(&p.exterior().0)));
            }
            Geometry::GeometryCollection(c) => c.iter().for_each(|g| self.place(g)),
            Geometry::Line(l) => self.text("georss:line", &lat_lon([&l.start, &l.end])),
            Geometry::Rect(r) => self.place(&r.to_polygon().into()),
            Geometry::Triangle(t) => self.place(&t.to_polygon().into()),
        }
    }

    fn person(&mut self, name: &str) {
        self.write(Event::Start(BytesStart::new("author")));
        self.text("name", name);
        self.write(Event::End(BytesEnd::new("author")));
    }

    fn links(&mut self, links: &[Link]) {
        for l in links {
            self.empty("link", &[("rel", l.rel), ("type", l.media), ("href", &l.href)]);
        }
    }
}

/// GeoRSS-Simple: latitude first, pairs separated by spaces.
fn lat_lon<'a>(points: impl IntoIterator<Item = &'a Coord<f64>>) -> String {
    points.into_iter().map(|p| format!("{} {}", p.y, p.x)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{entry, feed};
    use super::*;
    use crate::format::xml::clean;
    use proptest::prelude::*;
    use quick_xml::Reader;

    /// All texts of an element's name, read back by a parser.
    fn texts(xml: &[u8], wanted: &str) -> Vec<String> {
        let mut reader = Reader::from_reader(xml);
        let (mut inside, mut found) = (false, Vec::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Start(s) if s.name().as_ref() == wanted => {
                    inside = true;
                    found.push(String::new());
                }
                Event::End(e) if e.name().as_ref() == wanted => inside = false,
                Event::Text(t) if inside => found.last_mut().unwrap().push_str(&t.xml10_content()),
                Event::GeneralRef(r) if inside => {
                    let name = format!("&{};", r.xml10_content());
                    let text = quick_xml::escape::unescape(&name).unwrap();
                    found.last_mut().unwrap().push_str(&text);
                }
                Event::Eof => return found,
                _ => {}
            }
        }
    }

    #[test]
    fn the_document() {
        let xml = String::from_utf8(document(&feed())).unwrap();
        insta::assert_snapshot!("atom", xml.replace("><", ">\n<"));
    }

    proptest! {
        #[test]
        fn any_text_parses_back(title in any::<String>(), content in "(?s).{0,40}", label in "(?s).{0,20}") {
            let mut f = feed();
            f.entries = vec![Entry { title: title.clone(), content: content.clone(), ..entry(1) }];
            f.entries[0].tags[0].label = label;
            let xml = document(&f);
            prop_assert_eq!(&texts(&xml, "title")[1], &clean(&title));
            prop_assert_eq!(&texts(&xml, "content")[0], &clean(&content));
        }
    }
}
