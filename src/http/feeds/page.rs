//! One page of any feed: the query read, the rows, the links, the document.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::Format;
use crate::action::{Entries, cursor};
use crate::domain::feed::{Entry, Feed, Link};
use crate::domain::{Instant, Text, Violation, Vocabulary, WardId};
use crate::format::{atom, geojson_feed, json_feed};
use crate::http::Service;
use crate::http::document::{Document, Keep};
use crate::http::extract::pairs;
use crate::http::problem::Problem;
use crate::query::params::{self, DEFAULT_LIMIT};
use crate::query::{Filter, ListQuery};
use crate::store::{NewsPage, Position, StoreError};

/// Entries on a page; more are clamped.
const MAX_LIMIT: u32 = 1_000;
/// The date of a feed in which nothing has happened yet: 2025-07-01.
const BEGINNING: Instant = Instant::from_ms(1_751_302_800_000);

/// Whether a feed tells of reports or of what happened to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reports,
    Changes,
}

/// What a feed is, before its query is read.
pub(super) struct Source {
    /// Its address without the extension.
    pub(super) path: String,
    /// What its `tag:` URI names.
    pub(super) id: String,
    /// The page for people.
    pub(super) home: String,
    pub(super) title: Text,
    pub(super) kind: Kind,
    /// What it is bound to; its own parameters come on top.
    pub(super) filter: Filter,
    /// The filters that it takes.
    pub(super) params: Vec<&'static str>,
    /// Set for a ward that is not in force any more.
    pub(super) former: Option<WardId>,
    pub(super) keep: Keep,
}

/// What was asked.
struct Asked {
    query: ListQuery,
    cursor: Option<String>,
}

pub(super) async fn serve(
    service: &Service,
    source: Source,
    format: Format,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let view = service.map()?;
    let words = &*view.words;
    let asked = read(query, &source.params, words)?;
    let before = match &asked.cursor {
        Some(text) => Some(position(service, text).await?),
        None => None,
    };
    let filter = joined(&source, &asked.query.filter);
    let limit = asked.query.page.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    let expected = view.snapshot.count(&filter);
    // One more tells whether there is a next page.
    let page = NewsPage { filter: &filter, words, before, limit: limit + 1, expected };
    let mut news = match source.kind {
        Kind::Reports => service.store.report_news(page).await?,
        Kind::Changes => service.store.changes(page).await?,
    };
    let more = news.len() > limit as usize;
    news.truncate(limit as usize);
    let next = news.last().filter(|_| more).map(cursor);
    let make = Entries::new(&service.city, &service.public_url);
    let mut entries: Vec<Entry> = match source.kind {
        Kind::Reports => news.into_iter().map(|n| make.report(n)).collect(),
        Kind::Changes => news.into_iter().map(|n| make.change(n)).collect(),
    };
    if let Some(former) = source.former.as_ref().filter(|_| before.is_none()) {
        let newest = entries.first().map(|e| e.updated);
        entries.insert(0, make.notice(former, newest));
    }
    let here =
        |format: Format, cursor: Option<&str>| address(service, &source, &asked, words, format, cursor);
    let links = links(service, &source, &make, format, asked.cursor.as_deref(), next.as_deref(), here);
    let next = links.iter().find(|l| l.rel == "next").map(|l| format!("<{}>; rel=\"next\"", l.href));
    let feed = Feed {
        id: make.mint(&source.id),
        title: source.title,
        updated: entries.iter().map(|e| e.updated).max().unwrap_or(BEGINNING),
        links,
        entries,
    };
    let media = format.media();
    let document = match format {
        Format::Atom => Document::new(media, atom::document(&feed), source.keep),
        Format::Json => Document::json(media, &json_feed::document(&feed), source.keep),
        Format::GeoJson => Document::json(media, &geojson_feed::document(&feed), source.keep),
    };
    let mut document = document.modified(feed.updated, service.clock.now());
    if let Some(value) = next.and_then(|n| HeaderValue::try_from(n).ok()) {
        document = document.header(header::LINK, value);
    }
    Ok(document.answer(headers))
}

/// Where the event of a cursor or a stream's id stands.
pub(super) async fn position(service: &Service, text: &str) -> Result<Position, StoreError> {
    let (report, n) = text.split_once('.').ok_or(StoreError::NoCursor)?;
    let report: u64 =
        report.parse().ok().filter(|r| i64::try_from(*r).is_ok()).ok_or(StoreError::NoCursor)?;
    service.store.event_position(report, n.parse().map_err(|_| StoreError::NoCursor)?).await
}

fn read(query: Option<&str>, filters: &[&'static str], words: &Vocabulary) -> Result<Asked, Problem> {
    let (cursors, rest): (Vec<_>, Vec<_>) = pairs(query).into_iter().partition(|(name, _)| name == "cursor");
    if cursors.len() > 1 {
        return Err(Problem::parameters(vec![Violation::new("cursor", "comes twice")]));
    }
    let valid: Vec<&str> = filters.iter().copied().chain(["limit"]).collect();
    let query = params::parse(&rest, &valid, words).map_err(Problem::parameters)?;
    Ok(Asked { query, cursor: cursors.into_iter().next().map(|(_, value)| value) })
}

/// The query under what the feed is bound to. A feed that is bound to wards takes no `ward`, a saved
/// query takes nothing at all.
fn joined(source: &Source, asked: &Filter) -> Filter {
    if source.params.is_empty() {
        return source.filter.clone();
    }
    Filter { wards: source.filter.wards.clone().or_else(|| asked.wards.clone()), ..asked.clone() }
}

/// The address of a page in normal form.
fn address(
    service: &Service,
    source: &Source,
    asked: &Asked,
    words: &Vocabulary,
    format: Format,
    cursor: Option<&str>,
) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(asked.query.filter.pairs(words));
    query.extend_pairs(asked.query.page.limit.map(|l| ("limit", l.to_string())));
    query.extend_pairs(cursor.map(|c| ("cursor", c)));
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{}.{}{mark}{query}", service.public_url, source.path, format.extension())
}

fn links(
    service: &Service,
    source: &Source,
    make: &Entries<'_>,
    format: Format,
    cursor: Option<&str>,
    next: Option<&str>,
    here: impl Fn(Format, Option<&str>) -> String,
) -> Vec<Link> {
    let link = |rel, href, media| Link { rel, href, media };
    let media = format.media();
    let mut links = vec![
        link("self", here(format, cursor), media),
        link("alternate", format!("{}{}", service.public_url, source.home), "text/html"),
    ];
    links.extend(next.map(|n| link("next", here(format, Some(n)), media)));
    links.extend(cursor.map(|_| link("first", here(format, None), media)));
    for other in Format::ALL.into_iter().filter(|f| *f != format) {
        links.push(link("alternate", here(other, cursor), other.media()));
    }
    if let Some(former) = &source.former {
        let changes = if source.kind == Kind::Changes { "/changes" } else { "" };
        links.extend(make.successors(former).iter().map(|w| {
            let href = format!("{}/feeds/wards/{w}{changes}.{}", service.public_url, format.extension());
            link("successor-version", href, media)
        }));
    }
    links
}
