//! The content of feeds, independent of what they report. Encoders (Atom, JSON Feed, GeoJSON) use
//! only these types. Not here: how a report or an alert becomes an entry (action), URLs and headers
//! (http).

use std::borrow::Cow;

use geo::Geometry;

use crate::domain::field::Value;
use crate::domain::{Instant, Text};

/// A page of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// A URI that is the same for all pages and never changes.
    pub id: String,
    /// The title of the feed.
    pub title: Text,
    /// When the newest entry of this page was updated.
    pub updated: Instant,
    /// Related links: `self`, `next`, `first`, `alternate` …
    pub links: Vec<Link>,
    /// Newest first.
    pub entries: Vec<Entry>,
}

/// An entry of a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// A URI that never changes.
    pub id: String,
    /// One line, Vietnamese first.
    pub title: String,
    /// Plain text, Vietnamese first.
    pub content: String,
    /// When it last changed; the feed is ordered by this.
    pub updated: Instant,
    /// When it was first published.
    pub published: Instant,
    /// The responsible body.
    pub author: String,
    /// Its location in degrees.
    pub geometry: Option<Geometry<f64>>,
    /// Its categories.
    pub tags: Vec<Tag>,
    /// Links to more information.
    pub links: Vec<Link>,
    /// Further machine-readable values, by name.
    pub facts: Vec<(Cow<'static, str>, Value)>,
    /// A tombstone: readers must delete what they stored under this id. It has no text.
    pub deleted: bool,
}

/// A category of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its code.
    pub term: String,
    /// Its name, Vietnamese first.
    pub label: String,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Relation (RFC 8288, RFC 5005).
    pub rel: &'static str,
    /// Absolute address.
    pub href: String,
    /// Media type of the target.
    pub media: &'static str,
}

impl Feed {
    /// The address of the first link with that relation.
    pub fn link(&self, rel: &str) -> Option<&str> {
        self.links.iter().find(|l| l.rel == rel).map(|l| l.href.as_str())
    }
}

impl Entry {
    /// A tombstone: the entry with this id is withdrawn.
    pub fn tombstone(id: String, when: Instant) -> Self {
        Self {
            id,
            title: String::new(),
            content: String::new(),
            updated: when,
            published: when,
            author: String::new(),
            geometry: None,
            tags: Vec::new(),
            links: Vec::new(),
            facts: Vec::new(),
            deleted: true,
        }
    }

    /// The address of the first link with that relation.
    pub fn link(&self, rel: &str) -> Option<&str> {
        self.links.iter().find(|l| l.rel == rel).map(|l| l.href.as_str())
    }
}

/// The date in the `tag:` URIs (RFC 4151) of this service: any day on which the authority owned its
/// name. It never changes, or every reader would take all entries for new ones.
const MINTED: &str = "2025-07-01";

/// Mints `tag:` URIs under the host of the public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minter(String);

impl Minter {
    /// For a public URL such as `https://map.example.vn/path`; only the host is used.
    pub fn new(public_url: &str) -> Self {
        let rest = public_url.split_once("://").map_or(public_url, |(_, rest)| rest);
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        // An address in brackets (IPv6) is not a valid tag authority.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        let usable = !host.is_empty() && host.bytes().all(plain);
        Self(format!("tag:{},{MINTED}:", if usable { host } else { "localhost" }))
    }

    /// The URI of an item of this service.
    pub fn mint(&self, what: &str) -> String {
        format!("{}{what}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_the_host_without_its_port() {
        let mint = |url: &str| Minter::new(url).mint("reports/7");
        assert_eq!(mint("https://map.example.vn:8443/a"), "tag:map.example.vn,2025-07-01:reports/7");
        assert_eq!(mint("http://127.0.0.1:8080"), "tag:127.0.0.1,2025-07-01:reports/7");
        assert_eq!(mint("http://[::1]:8080"), "tag:localhost,2025-07-01:reports/7");
    }
}
