//! Webhooks: receivers, how far each was told, and what it could not be told. One process sends to all of them.
//! Not here: what is sent and how (jobs), which addresses are taken (action).

mod commands;

use crate::store::database::postgres::SENDER_LOCK;
use crate::store::database::{Alone, Row, Sql};
use crate::store::write::Applied;
use crate::store::{Store, StoreError};
use commands::{AddWebhook, Change, Note, What};
use diaban_core::domain::Instant;

/// So many there may be: each one that does not answer holds a thread.
pub const MOST_WEBHOOKS: usize = 100;

/// A receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name here.
    pub id: String,
    /// Where it listens.
    pub url: String,
    /// Which reports it asks for, in normal form; none: all.
    pub query: Option<String>,
    /// What messages to it are signed with, `whsec_…`.
    pub secret: String,
    /// The secret before, and until when it signs, too.
    pub former: Option<(String, Instant)>,
    /// The sequence of the last event that it was told or does not ask for.
    pub position: i64,
    /// When it was made.
    pub created: Instant,
    /// What the next event met so far.
    pub trouble: Option<Trouble>,
    /// When it said that it is gone.
    pub disabled: Option<Instant>,
}

/// Attempts in vain for one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// How many.
    pub attempts: i64,
    /// When the first one was.
    pub first: Instant,
    /// Before this moment there is no other.
    pub next: Instant,
    /// Why the last one failed.
    pub why: String,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It was told the event.
    Told(EventName),
    /// Nothing up to there is for it.
    Passed,
    /// It was not told, and is tried again at that moment at the earliest.
    Failed {
        /// When.
        next: Instant,
        /// Why.
        why: String,
    },
    /// It was not told and is not tried again: the next event is its turn.
    GivenUp(EventName, String),
    /// It said that it is gone.
    Gone,
}

/// The public name of an event: its report, and its number in the life of that.
pub type EventName = (u64, i64);

/// An event that a receiver was not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// The receiver.
    pub webhook: String,
    /// The event.
    pub event: EventName,
    /// When it was given up.
    pub failed: Instant,
    /// After how many attempts.
    pub attempts: i64,
    /// Why the last one failed.
    pub why: String,
}

const COLUMNS: &str =
    "SELECT id, url, query, secret, former_secret, former_ms, position, created_ms, attempts, first_ms,
    next_ms, why, disabled_ms FROM webhook";

impl Store {
    /// All webhooks, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        let rows = self.read.fetch_all(Sql::new(format!("{COLUMNS} ORDER BY created_ms, id"))).await?;
        rows.iter().map(webhook).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn webhook(&self, id: &str) -> Result<Option<Webhook>, StoreError> {
        let row = self.read.fetch_optional(Sql::new(format!("{COLUMNS} WHERE id = $1")).bind(id)).await?;
        row.as_ref().map(webhook).transpose()
    }

    /// What could not be told, to one receiver or to all, in the order in which it was given up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn undelivered(&self, id: Option<&str>, most: u32) -> Result<Vec<Undelivered>, StoreError> {
        let mut q =
            Sql::new("SELECT webhook, report, n, failed_ms, attempts, why FROM webhook_failed WHERE 1 = 1");
        if let Some(id) = id {
            q.push(" AND webhook = ").push_bind(id);
        }
        q.push(" ORDER BY failed_ms, webhook, report, n LIMIT ").push_bind(most);
        let read = |row: &Row| {
            Ok(Undelivered {
                webhook: row.try_get("webhook")?,
                event: (row.try_get::<i64>("report")?.unsigned_abs(), row.try_get("n")?),
                failed: Instant::from_ms(row.try_get("failed_ms")?),
                attempts: row.try_get("attempts")?,
                why: row.try_get("why")?,
            })
        };
        self.read.fetch_all(q).await?.iter().map(read).collect()
    }

    /// Keeps a new webhook, which is told what is recorded from now on, whatever its position says. Says whether there
    /// was room for it.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn add_webhook(&self, webhook: Webhook) -> Result<bool, StoreError> {
        self.write(AddWebhook(webhook)).await
    }

    /// Gives a webhook another secret; the present one signs, too, until that moment.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn rotate_webhook(
        &self,
        id: &str,
        secret: String,
        until: Instant,
    ) -> Result<Applied, StoreError> {
        self.write(Change { id: id.to_owned(), what: What::Rotate(secret, until) }).await
    }

    /// Removes a webhook and what it was not told.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn remove_webhook(&self, id: &str) -> Result<Applied, StoreError> {
        self.write(Change { id: id.to_owned(), what: What::Remove }).await
    }

    /// Has a webhook told again from the first event recorded whose moment is not before this one. One that was gone is
    /// back.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn replay_webhook(&self, id: &str, since: Instant) -> Result<Applied, StoreError> {
        self.write(Change { id: id.to_owned(), what: What::Replay(since) }).await
    }

    /// Records what came of an attempt. `from` is the position that it began at, `to` the sequence of its event. If the
    /// webhook stands elsewhere by now, this is of no account.
    ///
    /// # Errors
    /// When the write fails.
    pub async fn note_attempt(
        &self,
        id: &str,
        (from, to): (i64, i64),
        attempt: Attempt,
        at: Instant,
    ) -> Result<Applied, StoreError> {
        self.write(Note { id: id.to_owned(), from, to, attempt, at }).await
    }

    /// Waits for other processes that send to webhooks, and keeps them from it until what is returned is dropped. When a
    /// process ends, however it ends, another one goes on where it was.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn send_alone(&self) -> Result<Alone, StoreError> {
        self.read.alone(SENDER_LOCK).await
    }
}

fn webhook(row: &Row) -> Result<Webhook, StoreError> {
    let time = |name: &str| Ok::<_, StoreError>(row.try_get::<Option<i64>>(name)?.map(Instant::from_ms));
    let trouble = match time("first_ms")?.zip(time("next_ms")?) {
        Some((first, next)) => Some(Trouble {
            attempts: row.try_get("attempts")?,
            first,
            next,
            why: row.try_get::<Option<String>>("why")?.unwrap_or_default(),
        }),
        None => None,
    };
    Ok(Webhook {
        id: row.try_get("id")?,
        url: row.try_get("url")?,
        query: row.try_get("query")?,
        secret: row.try_get("secret")?,
        former: row.try_get::<Option<String>>("former_secret")?.zip(time("former_ms")?),
        position: row.try_get("position")?,
        created: Instant::from_ms(row.try_get("created_ms")?),
        trouble,
        disabled: time("disabled_ms")?,
    })
}
