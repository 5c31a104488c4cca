//! Where a file comes from: standard input, a path or an address; and the bar that shows how far it is read.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::import::MAX_BYTES;

/// The path that stands for standard input.
pub(super) const STDIN: &str = "-";
/// Time for a whole download.
const DOWNLOAD: Duration = Duration::from_secs(300);
/// Time for a connection, and for the head of the answer.
const ANSWER: Duration = Duration::from_secs(60);

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A file that can be read.
pub(super) struct Source {
    pub(super) reader: Box<dyn Read + Send>,
    /// Its bytes, where that is known.
    length: Option<u64>,
    /// The address of the next page, as the head of the answer names it (RFC 8288).
    next: Option<String>,
}

/// A file that was read.
pub(in crate::cli) struct Fetched {
    pub(super) bytes: Vec<u8>,
    next: Option<String>,
}

/// Opens standard input, a file or an address. A download as a whole may take as long as `whole`.
pub(super) fn open(source: &str, whole: Option<Duration>) -> Result<Source, String> {
    if source == STDIN {
        Ok(Source { reader: Box::new(std::io::stdin()), length: None, next: None })
    } else if is_address(source) {
        let agent = ureq::Agent::config_builder()
            .timeout_global(whole)
            .timeout_connect(Some(ANSWER))
            .timeout_recv_response(Some(ANSWER));
        let agent: ureq::Agent = agent.build().into();
        let answer = agent.get(source).call().map_err(|e| format!("{source}: {e}"))?;
        let links = answer.headers().get_all("link").iter().filter_map(|l| l.to_str().ok());
        let next = links.flat_map(|l| l.split(",<").flat_map(|l| l.split(", <"))).find_map(next_of);
        let length = answer.body().content_length();
        Ok(Source { reader: Box::new(answer.into_body().into_reader()), length, next })
    } else {
        let file = std::fs::File::open(Path::new(source)).map_err(|e| format!("{source}: {e}"))?;
        let length = file.metadata().ok().map(|m| m.len());
        Ok(Source { reader: Box::new(file), length, next: None })
    }
}

/// Reads a file or an address, with a bar.
pub(in crate::cli) async fn fetch(source: String) -> Result<Fetched, Error> {
    tokio::task::spawn_blocking(move || {
        let Source { reader, length, next } = open(&source, Some(DOWNLOAD))?;
        let bar = bar(length.unwrap_or(0), "reading");
        let mut bytes = Vec::new();
        bar.wrap_read(reader.take(MAX_BYTES + 1))
            .read_to_end(&mut bytes)
            .map_err(|e| format!("{source}: {e}"))?;
        bar.finish_and_clear();
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!("{source}: larger than {} MiB", MAX_BYTES / 1024 / 1024).into());
        }
        Ok(Fetched { bytes, next })
    })
    .await?
}

impl Source {
    /// Refuses a page: what comes after it would be missing.
    pub(super) fn whole(self) -> Result<Self, String> {
        part(self.next.as_deref()).map(|()| self)
    }
}

impl Fetched {
    /// The bytes of a whole answer.
    pub(in crate::cli) fn whole(self) -> Result<Vec<u8>, String> {
        part(self.next.as_deref()).map(|()| self.bytes)
    }
}

fn part(next: Option<&str>) -> Result<(), String> {
    next.map_or(Ok(()), |next| {
        Err(format!(
            "this is a part of a longer answer, which goes on at {next}; ask for all of it, without a limit"
        ))
    })
}

/// The address of a link `<…>; rel="next"`; the first bracket may be gone.
fn next_of(link: &str) -> Option<String> {
    let (address, parameters) = link.trim().trim_start_matches('<').split_once('>')?;
    let is_next = |p: &str| {
        let (name, value) = p.split_once('=').unwrap_or((p, ""));
        let value = value.trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("rel") && value.split(' ').any(|r| r.eq_ignore_ascii_case("next"))
    };
    parameters.split(';').any(is_next).then(|| address.to_owned())
}

/// Whether a source is an address and no path.
pub(super) fn is_address(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

/// A progress bar on standard error; invisible when that is no terminal.
pub(in crate::cli) fn bar(total: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_message(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_read_from_the_head() {
        let of = |header: &str| header.split(", <").find_map(next_of);
        assert_eq!(of("<http://x.vn/a?b=1,2>; rel=\"next\"").as_deref(), Some("http://x.vn/a?b=1,2"));
        assert_eq!(
            of("<http://x.vn/1>; rel=self, <http://x.vn/2>; title=\"a\"; rel=Next").as_deref(),
            Some("http://x.vn/2")
        );
        assert_eq!(of("<http://x.vn/1>; rel=\"prev next\"").as_deref(), Some("http://x.vn/1"));
        assert_eq!(of("<http://x.vn/1>; rel=last"), None);
    }
}
