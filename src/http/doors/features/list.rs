//! Answers with lists, in any format: a page with its links, or all rows as a stream. Where the rows come
//! from and what they are of is the source's matter, how they are written the format's.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::http::Service;
use crate::http::wire::document::{CachePolicy, Document};
use crate::http::wire::negotiate::{Offer, choose};
use crate::http::wire::problem::Problem;
use crate::store::StoreError;
use diaban_core::domain::Violation;
use diaban_core::format::geojson::Link;
use diaban_core::format::list::{ALL, Encoder, Extent, Format, Page, Place, Row, Schema, csv};
use diaban_core::query::PageQuery;
use diaban_core::query::params::{Crs, DEFAULT_LIMIT};

/// Rows read and written at once: those of ten thousand would take a hundred times what is written of them.
const PART: usize = 1_000;
/// The first rows tell how large the next ones may be: of these so many are read.
const FIRST_PART: usize = 100;
/// Text of the rows that are read at once, as far as the rows before let foresee it, in bytes.
const PART_BYTES: usize = 2 << 20;
/// Limit of a page, in bytes: what does not fit comes on the next one. A single larger row fits.
pub(in crate::http) const PAGE_BYTES: usize = 8 << 20;
/// What stands after the rows: counts, and links of at most 8 KiB each.
const END_BYTES: usize = 64 << 10;
/// In which system coordinates are (OGC API Features Part 2, requirement 16).
pub(super) const CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");

/// Where the rows of a list come from: the store part by part, or memory.
pub(super) trait Source: Send + 'static {
    /// What a row is made of.
    type View: Send + 'static;
    /// What rows are made with: it stays while the next ones are read.
    type Names: Send + Sync + 'static;

    fn names(&self) -> Self::Names;

    /// The next ones in the order of the list, at most so many; fewer are the last ones.
    fn next(&mut self, limit: usize) -> impl Future<Output = Result<Vec<Self::View>, StoreError>> + Send;

    fn row<'a>(names: &'a Self::Names, view: &'a Self::View) -> Row<'a>;

    /// The cursor of a list that goes on after it.
    fn cursor(names: &Self::Names, view: &Self::View) -> Option<u64>;
}

/// A list as it was asked for.
pub(super) struct List<'a> {
    /// The collection's id.
    pub(super) collection: &'a str,
    pub(super) schema: Schema,
    /// The filter in normal form.
    pub(super) filter: Vec<(String, String)>,
    pub(super) page: &'a PageQuery,
    pub(super) format: &'static Format,
    /// How many rows match.
    pub(super) matched: u64,
    /// The body that carried the question, if one did: no address can.
    pub(super) body: Option<Value>,
}

/// The format of a list, from its `f` parameter and the Accept header.
///
/// # Errors
/// 400 for an unknown `f`, 406 when nothing accepted is offered.
pub(super) fn format(f: Option<&str>, headers: &HeaderMap) -> Result<&'static Format, Problem> {
    let offers: Vec<_> = ALL.iter().map(|f| Offer::of(f)).collect();
    choose(&offers, f, headers)
}

/// Most rows that an answer takes from its source. A page takes one more than it shows: it tells whether
/// there is a next page, so that no page is ever empty.
pub(super) fn most(format: &Format, page: &PageQuery) -> usize {
    match format.extent {
        Extent::Page => page.limit.unwrap_or(DEFAULT_LIMIT) as usize + 1,
        Extent::Stream => page.limit.map_or(usize::MAX, |l| l as usize),
    }
}

/// The header that names a system of coordinates.
pub(super) fn content_crs(crs: Crs) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("<{}>", crs.uri())).ok()
}

impl List<'_> {
    pub(super) async fn answer(
        self,
        service: &Service,
        source: impl Source,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        match self.format.extent {
            Extent::Page => Ok(self.page(service, source).await?.answer(headers)),
            Extent::Stream => self.stream(source),
        }
    }

    /// What of each row is written, and how.
    fn shown(&self) -> Result<(Schema, Shown), Problem> {
        let picked = self.schema.picked(self.page.properties.as_deref());
        let (schema, cells) =
            picked.map_err(|detail| Problem::parameters(vec![Violation::new("properties", detail)]))?;
        // Columns that are called lon and lat are what they are called.
        let named = schema.place == Place::LonLat && self.format.media == csv::FORMAT.media;
        Ok((schema, Shown { cells, turned: self.page.crs == Crs::Epsg4326 && !named }))
    }

    async fn page<S: Source>(self, service: &Service, mut source: S) -> Result<Document, Problem> {
        let ((schema, shown), names) = (self.shown()?, source.names());
        let (mut encoder, mut out) = ((self.format.encoder)(), Vec::new());
        encoder.begin(&schema, &mut out);
        let mut left = most(self.format, self.page);
        let (mut returned, mut last, mut next) = (0, None, None);
        let mut at_once = FIRST_PART;
        // The links of a question in a body hold that body.
        let end_bytes = END_BYTES + self.body.as_ref().map_or(0, |body| 2 * body.to_string().len());
        'page: while left > 0 {
            let part = left.min(at_once);
            let views = source.next(part).await?;
            left -= part;
            // The last row of all only tells that there are more.
            let beyond = views.len() == part && left == 0;
            let before = out.len();
            for view in &views[..views.len() - usize::from(beyond)] {
                let end = out.len();
                encoder.row(&schema, &shown.row(S::row(&names, view)), &mut out);
                if out.len() > PAGE_BYTES - end_bytes && last.is_some() {
                    out.truncate(end);
                    encoder.took_back();
                    next = last;
                    break 'page;
                }
                returned += 1;
                last = S::cursor(&names, view);
            }
            if beyond {
                next = last;
            } else if views.len() < part {
                break;
            }
            at_once = part_after(out.len() - before, views.len());
        }
        let home = format!("{}/collections/{}", service.public_url, self.collection);
        let media = self.format.media;
        let link = |href, rel, media, title| Link { href, rel, media, title, body: None };
        let place = |cursor: Option<u64>, rel, title| match &self.body {
            None => link(self.address(&home, cursor), rel, media, title),
            Some(body) => {
                let mut body = body.clone();
                if let Some(cursor) = cursor {
                    body["cursor"] = cursor.to_string().into();
                }
                let href = format!("{}/search", service.public_url);
                Link { body: Some(body), ..link(href, rel, media, title) }
            }
        };
        let mut links = vec![place(self.page.cursor, "self", "This page")];
        links.extend(next.map(|c| place(Some(c), "next", "The next page")));
        let next = links.get(1).filter(|l| l.body.is_none()).map(|l| l.href.clone());
        links.push(link(home, "collection", "application/json", "The collection"));
        encoder.end(&Page { matched: self.matched.max(returned), links: &links }, &mut out);
        let document = Document::new(media, out, CachePolicy::Revalidate)
            .header(header::VARY, HeaderValue::from_static("Accept"));
        let document = match content_crs(self.page.crs) {
            Some(crs) => document.header(CONTENT_CRS, crs),
            None => document,
        };
        Ok(match next.and_then(|href| HeaderValue::try_from(format!("<{href}>; rel=\"next\"")).ok()) {
            Some(value) => document.header(header::LINK, value),
            None => document,
        })
    }

    /// The address of a page in normal form.
    fn address(&self, home: &str, cursor: Option<u64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.filter);
        query.extend_pairs(self.page.pairs());
        query.extend_pairs(cursor.map(|c| ("cursor", c.to_string())));
        let by_default = self.format.names == ALL[0].names;
        query.extend_pairs((!by_default).then_some(("f", self.format.names[0])));
        let query = query.finish();
        format!("{home}/items{}{query}", if query.is_empty() { "" } else { "?" })
    }

    fn stream(self, source: impl Source) -> Result<Response, Problem> {
        let (schema, shown) = self.shown()?;
        let crs = content_crs(self.page.crs);
        let Self { collection, format, page, .. } = self;
        let left = most(format, page);
        let encoder = (format.encoder)();
        let names = source.names();
        let asked = left.min(FIRST_PART);
        let reading = read(source, asked);
        let at_once = FIRST_PART;
        let start =
            Export { reading, asked, at_once, names, schema, shown, encoder, left, written: 0, ended: false };
        let parts = stream::try_unfold(start, |export| async move {
            if export.ended { Ok(None) } else { export.next().await.map(Some) }
        });
        let mut response = Response::new(Body::from_stream(parts));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        let name = format!("attachment; filename=\"{collection}.{}\"", format.extension);
        if let Ok(name) = HeaderValue::try_from(name) {
            headers.insert(header::CONTENT_DISPOSITION, name);
        }
        if let Some(crs) = crs {
            headers.insert(CONTENT_CRS, crs);
        }
        Ok(response)
    }
}

/// How many rows are read at once after so many that took so many bytes.
fn part_after(bytes: usize, rows: usize) -> usize {
    (PART_BYTES / (bytes / rows.max(1)).max(1)).clamp(1, PART)
}

/// What of each row is written, and how.
struct Shown {
    /// The positions of the cells that are wanted; all without.
    cells: Option<Vec<usize>>,
    /// Whether latitude stands before longitude.
    turned: bool,
}

impl Shown {
    fn row<'a>(&self, row: Row<'a>) -> Row<'a> {
        let row = row.picked(self.cells.as_deref());
        if self.turned { row.turned() } else { row }
    }
}

/// A stream under way. Its rows are read in short parts, the next while one is written: no connection to the
/// database is held while a slow client reads. An error after the first byte breaks the transfer off.
struct Export<S: Source> {
    reading: Reading<S>,
    /// How many rows it was asked for.
    asked: usize,
    names: S::Names,
    schema: Schema,
    shown: Shown,
    encoder: Box<dyn Encoder>,
    left: usize,
    at_once: usize,
    written: u64,
    ended: bool,
}

/// A part that is being read, and its source again.
type Reading<S> = JoinHandle<(Result<Vec<<S as Source>::View>, StoreError>, S)>;

/// Reads the next part in a task of its own: a body that nobody asks for its next part must not sit on a
/// connection to the database that it has taken.
fn read<S: Source>(mut source: S, limit: usize) -> Reading<S> {
    tokio::spawn(async move { (source.next(limit).await, source) })
}

impl<S: Source> Export<S> {
    /// The next part of the document.
    async fn next(mut self) -> Result<(Bytes, Self), StoreError> {
        let limit = self.asked;
        let (views, source) = (&mut self.reading).await.map_err(|_| StoreError::Busy)?;
        let views = views?;
        self.left -= views.len();
        self.ended = views.len() < limit || self.left == 0;
        if !self.ended {
            self.asked = self.left.min(self.at_once);
            self.reading = read(source, self.asked);
        }
        let mut out = Vec::with_capacity(views.len() * 800);
        if self.written == 0 {
            self.encoder.begin(&self.schema, &mut out);
        }
        for view in &views {
            self.encoder.row(&self.schema, &self.shown.row(S::row(&self.names, view)), &mut out);
        }
        self.written += views.len() as u64;
        self.at_once = part_after(out.len(), views.len());
        if self.ended {
            self.encoder.end(&Page { matched: self.written, links: &[] }, &mut out);
        }
        Ok((out.into(), self))
    }
}
