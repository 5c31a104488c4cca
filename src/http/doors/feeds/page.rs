//! One page of any feed: the links, the document, the headers.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::action::Entries;
use crate::http::Service;
use crate::http::doors::features::PAGE_BYTES;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::extract::asked;
use crate::http::wire::problem::Problem;
use diaban_core::domain::feed::{Entry, Feed, Link};
use diaban_core::domain::{Instant, Text, Violation, WardId};
use diaban_core::format::feed::{self, Format};

/// Entries on a page; more are clamped.
pub(super) const MAX_LIMIT: u32 = 1_000;
/// The date of a feed in which nothing has happened yet: 2025-07-01.
const BEGINNING: Instant = Instant::from_ms(1_751_302_800_000);

/// What a feed is, whatever it tells of.
pub(super) struct Source {
    /// Its address without the extension.
    pub(super) path: String,
    /// What its `tag:` URI names.
    pub(super) id: String,
    /// The page for people.
    pub(super) home: String,
    pub(super) title: Text,
    /// Set when it is a ward's.
    pub(super) ward: Option<OfWard>,
    pub(super) cache: CachePolicy,
}

/// The ward that a feed is bound to.
pub(super) struct OfWard {
    pub(super) ward: WardId,
    /// What follows the ward in the address: nothing, `/changes`, `/alerts`.
    pub(super) tail: String,
    /// Whether the address names the ward by its bare code.
    pub(super) bare: bool,
    /// Whether it is not in force any more.
    pub(super) former: bool,
}

/// One page of it.
pub(super) struct Told {
    /// Newest first.
    pub(super) entries: Vec<Entry>,
    /// How many of the first have no place among the others yet, so that no page can begin after them.
    pub(super) ahead: usize,
    /// The cursor of a page that begins after each of the others.
    pub(super) cursors: Vec<String>,
    /// What was asked, in normal form, without the cursor.
    pub(super) query: Pairs,
    /// Where this page begins; none for the first one.
    pub(super) cursor: Option<String>,
    /// Where the next one begins.
    pub(super) next: Option<String>,
    /// When something last left the feed, as far as that shows in nothing else.
    pub(super) left: Instant,
    /// When anything last changed that might show in the document.
    pub(super) changed: Instant,
}

pub(super) fn answer(
    service: &Service,
    source: Source,
    format: &Format,
    mut told: Told,
    headers: &HeaderMap,
) -> Response {
    let make = Entries::new(&service.city, &service.public_url);
    let former = source.ward.as_ref().filter(|w| w.former && told.cursor.is_none());
    let notice = former.map(|of| make.notice(&of.ward, told.entries.first().map(|e| e.updated)));
    let (feed, next, bytes) = loop {
        let links = links(service, &source, &make, format, &told);
        let next = links.iter().find(|l| l.rel == "next").map(|l| format!("<{}>; rel=\"next\"", l.href));
        let entries: Vec<Entry> = notice.iter().cloned().chain(std::mem::take(&mut told.entries)).collect();
        let newest = entries.iter().map(|e| e.updated).max();
        let feed = Feed {
            id: make.mint(&source.id),
            title: source.title.clone(),
            updated: newest.unwrap_or(BEGINNING).max(told.left),
            links,
            entries,
        };
        let bytes = (format.document)(&feed);
        let own = feed.entries.len() - usize::from(notice.is_some());
        let fitting = own * PAGE_BYTES / bytes.len().max(1);
        let least = told.ahead + 1;
        if bytes.len() <= PAGE_BYTES || own <= least {
            break (feed, next, bytes);
        }
        // What does not fit comes on the next page.
        told.entries = feed.entries.into_iter().skip(usize::from(notice.is_some())).collect();
        told.entries.truncate((fitting * 9 / 10).clamp(least, own - 1));
        told.next = told.cursors.get(told.entries.len() - least).cloned();
    };
    let document = Document::new(format.media, bytes, source.cache);
    let mut document = document.modified(feed.updated.max(told.changed), service.clock.now());
    if let Some(value) = next.and_then(|n| HeaderValue::try_from(n).ok()) {
        document = document.header(header::LINK, value);
    }
    document.answer(headers)
}

/// Parameters by name, in the order of the query.
type Pairs = Vec<(String, String)>;

/// The cursor and the other parameters.
pub(super) fn cursor_apart(query: Option<&str>) -> Result<(Option<String>, Pairs), Problem> {
    let (cursors, rest): (Vec<_>, Vec<_>) = asked(query)?.into_iter().partition(|(name, _)| name == "cursor");
    if cursors.len() > 1 {
        return Err(Problem::parameters(vec![Violation::new("cursor", "comes twice")]));
    }
    Ok((cursors.into_iter().next().map(|(_, value)| value), rest))
}

/// The address of a page in normal form.
fn address(service: &Service, source: &Source, told: &Told, format: &Format, cursor: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&told.query);
    query.extend_pairs(cursor.map(|c| ("cursor", c)));
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{}.{}{mark}{query}", service.public_url, source.path, format.extension)
}

fn links(service: &Service, source: &Source, make: &Entries<'_>, format: &Format, told: &Told) -> Vec<Link> {
    let link = |rel, href, media| Link { rel, href, media };
    let here = |format: &Format, cursor: Option<&str>| address(service, source, told, format, cursor);
    let cursor = told.cursor.as_deref();
    let media = format.media;
    let mut links = vec![
        link("self", here(format, cursor), media),
        link("alternate", format!("{}{}", service.public_url, source.home), "text/html"),
    ];
    links.extend(told.next.as_deref().map(|n| link("next", here(format, Some(n)), media)));
    links.extend(cursor.map(|_| link("first", here(format, None), media)));
    for other in feed::ALL.iter().filter(|f| f.extension != format.extension) {
        links.push(link("alternate", here(other, cursor), other.media));
    }
    let Some(of) = &source.ward else { return links };
    let feed =
        |ward: &WardId| format!("{}/feeds/wards/{ward}{}.{}", service.public_url, of.tail, format.extension);
    if of.bare {
        links.push(link("canonical", feed(&of.ward), media));
    }
    if of.former {
        let successors = make.successors(&of.ward);
        // By its bare code: with it a reader goes on through what comes later.
        let codebook = &service.city.areas().codebook;
        let feed = |w| {
            let word = codebook.word_of(w);
            format!("{}/feeds/wards/{word}{}.{}", service.public_url, of.tail, format.extension)
        };
        links.extend(successors.iter().map(|w| link("successor-version", feed(w), media)));
    }
    links
}
