//! An event as programs are told it: by page, by webhook, and in live streams.

use serde_json::{Value, json};

use super::{Entries, cursor};
use crate::store::News;
use diaban_core::domain::{Instant, feed, field};
use diaban_core::format::feed::json::item;

/// What the type of every message begins with.
const OF_REPORT: &str = "report";
/// What a tombstone tells.
const DELETED: &str = "deleted";

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its report, and its number in the life of that.
    pub event: (u64, i64),
    /// What happened: `received`, `state`, `question` … or `deleted`.
    pub kind: String,
    /// The public moment.
    pub at: Instant,
    /// The item of the feed of changes.
    pub data: Value,
}

impl Message {
    /// Where a reader goes on after it.
    pub fn cursor(&self) -> String {
        cursor(self.event.0, self.event.1)
    }

    /// As pages of events and webhooks have it.
    pub fn json(&self) -> Value {
        json!({
            "type": format!("{OF_REPORT}.{}", self.kind),
            "timestamp": self.at.to_string(),
            "cursor": self.cursor(),
            "data": self.data,
        })
    }
}

impl Entries<'_> {
    /// An event: the same object as in the feed of changes, as JSON Feed has it.
    pub fn message(&self, news: News) -> Message {
        let event = (news.report.id, news.n);
        let entry = self.change(news);
        Message { event, kind: kind(&entry).to_owned(), at: entry.updated, data: item(&entry) }
    }
}

fn kind(entry: &feed::Entry) -> &str {
    let named = entry.facts.iter().find_map(|(name, value)| match value {
        field::Value::Text(text) if name == "event" => Some(text.as_str()),
        _ => None,
    });
    named.unwrap_or(DELETED)
}
