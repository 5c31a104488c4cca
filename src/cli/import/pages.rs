//! A longer answer in pages: the address of the next page is followed until the last.

use std::collections::HashSet;

use super::source::{Fetched, fetch, is_address};
use crate::cli::say::say;
use crate::import::{MAX_BYTES, Page, join};

/// Most pages of one answer.
const MAX_PAGES: usize = 10_000;

/// Follows the pages that come after the first one of an address, and gives all as one document. What comes
/// in no pages is given as it is.
///
/// # Errors
/// When a page cannot be had, or the pages do not hold what the first one promised.
pub(in crate::cli) async fn follow(
    address: &str,
    first: Fetched,
    list: Option<&str>,
) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    if !is_address(address) {
        return Ok(first.bytes);
    }
    let (mut at, mut bytes) = (address.to_owned(), first.bytes.clone());
    let (mut pages, mut seen, mut size) = (Vec::new(), HashSet::from([address.to_owned()]), 0);
    let mut total = None;
    loop {
        size += bytes.len() as u64;
        // The first page tells by itself what is wrong with it.
        let page = match Page::read(bytes, list) {
            Ok(Some(page)) => page,
            _ if pages.is_empty() => return Ok(first.whole()?),
            Ok(None) => return Err(format!("{at}: is no page like the first one").into()),
            Err(e) => return Err(format!("{at}: {e}").into()),
        };
        let part = page.part.clone();
        total = total.or(part.as_ref().and_then(|p| p.total));
        let rows = page.rows();
        pages.push(page);
        let read: u64 = pages.iter().map(Page::rows).sum();
        let next = part.as_ref().and_then(|p| match &p.next {
            Some(next) => resolve(&at, next),
            None if rows > 0 && total.is_none() => next_of_arcgis(address, read),
            None => None,
        });
        match next {
            Some(next) if seen.insert(next.clone()) && pages.len() < MAX_PAGES && size <= MAX_BYTES => {
                bytes =
                    fetch(next.clone()).await.map_err(|e| format!("page {}: {e}", pages.len() + 1))?.bytes;
                at = next;
            }
            Some(next) => {
                return Err(format!("{next}: is too many pages, or one that was read already").into());
            }
            // Of one page the import says what is missing.
            None if pages.len() == 1 => return Ok(first.whole()?),
            None => break,
        }
    }
    let read: u64 = pages.iter().map(Page::rows).sum();
    if let Some(total) = total.filter(|total| read < *total) {
        return Err(format!("{} pages hold {read} rows of {total}", pages.len()).into());
    }
    say!("{read} rows on {} pages", pages.len());
    Ok(join(&pages))
}

/// An address as a page writes it, seen from that page. A server behind another name writes that name: of
/// the same path the host stays the one that was asked.
fn resolve(page: &str, next: &str) -> Option<String> {
    let plain = page.split(['?', '#']).next().unwrap_or(page);
    let end = end_of_host(plain)?;
    if is_address(next) {
        let same = end_of_host(next)
            .map(|i| &next[i..])
            .filter(|rest| rest.split(['?', '#']).next() == Some(&plain[end..]));
        return Some(same.map_or_else(|| next.to_owned(), |rest| format!("{}{rest}", &plain[..end])));
    }
    let host = plain.find("://").map(|i| i + 3)?;
    Some(match next.as_bytes() {
        [b'/', b'/', ..] => format!("{}{next}", &plain[..host - 2]),
        [b'/', ..] => format!("{}{next}", &plain[..end]),
        [b'?', ..] => format!("{plain}{next}"),
        _ => {
            let folder = plain.rfind('/').filter(|i| *i >= end).map_or(plain, |i| &plain[..i]);
            format!("{folder}/{next}")
        }
    })
}

fn end_of_host(address: &str) -> Option<usize> {
    let host = address.find("://").map(|i| i + 3)?;
    Some(address[host..].find(['/', '?', '#']).map_or(address.len(), |i| host + i))
}

/// The next page of a query of `ArcGIS`, which says that there is more and not where.
fn next_of_arcgis(address: &str, rows: u64) -> Option<String> {
    let (path, query) = address.split_once('?')?;
    if !path.ends_with("/query") {
        return None;
    }
    let mut parts: Vec<&str> =
        query.split('&').filter(|p| !p.to_lowercase().starts_with("resultoffset=")).collect();
    let offset = format!("resultOffset={rows}");
    parts.push(&offset);
    Some(format!("{path}?{}", parts.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_seen_from_their_page() {
        let page = "https://x.vn/a/items?limit=2";
        for (next, expected) in [
            ("https://y.vn/b", "https://y.vn/b"),
            ("https://y.vn/a/items?cursor=2", "https://x.vn/a/items?cursor=2"),
            ("//y.vn/b", "https://y.vn/b"),
            ("/b?c=1", "https://x.vn/b?c=1"),
            ("?page=2", "https://x.vn/a/items?page=2"),
            ("more?page=2", "https://x.vn/a/more?page=2"),
        ] {
            assert_eq!(resolve(page, next).as_deref(), Some(expected));
        }
        assert_eq!(resolve("https://x.vn", "/b").as_deref(), Some("https://x.vn/b"));
        let query = "https://x.vn/FeatureServer/0/query?where=1=1&resultOffset=5&f=geojson";
        let next = next_of_arcgis(query, 40).unwrap();
        assert_eq!(next, "https://x.vn/FeatureServer/0/query?where=1=1&f=geojson&resultOffset=40");
        assert_eq!(next_of_arcgis(page, 40), None);
    }
}
