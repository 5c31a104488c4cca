//! The writes of webhooks: made, changed by operators, moved on by whoever sends.

use super::{Attempt, EventName, MOST_WEBHOOKS, Webhook};
use crate::store::database::{Db, Sql};
use crate::store::write::{Applied, Command};
use diaban_core::domain::Instant;

pub(super) struct AddWebhook(pub(super) Webhook);

impl Command for AddWebhook {
    type Answer = bool;

    async fn run(&self, db: &mut Db<'_>) -> Result<bool, sqlx::Error> {
        let w = &self.0;
        let there: i64 = db.fetch_value(Sql::new("SELECT count(*) FROM webhook")).await?;
        if there >= MOST_WEBHOOKS as i64 {
            return Ok(false);
        }
        db.execute(
            Sql::new(
                "INSERT INTO webhook (id, url, query, secret, position, created_ms, attempts)
                 VALUES ($1, $2, $3, $4, (SELECT coalesce(max(seq), 0) FROM event WHERE seq > 0), $5, 0)",
            )
            .bind(&w.id)
            .bind(&w.url)
            .bind(&w.query)
            .bind(&w.secret)
            .bind(w.created.ms()),
        )
        .await?;
        Ok(true)
    }
}

/// What operators do to a webhook.
pub(super) struct Change {
    pub(super) id: String,
    pub(super) what: What,
}

pub(super) enum What {
    Rotate(String, Instant),
    Remove,
    Replay(Instant),
}

/// Nothing was in vain for the next event yet.
const AFRESH: &str = "attempts = 0, first_ms = NULL, next_ms = NULL, why = NULL";

impl Command for Change {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let sql = match &self.what {
            What::Rotate(secret, until) => Sql::new(
                "UPDATE webhook SET former_secret = secret, former_ms = $3, secret = $2 WHERE id = $1",
            )
            .bind(&self.id)
            .bind(secret)
            .bind(until.ms()),
            What::Remove => {
                let failed = Sql::new("DELETE FROM webhook_failed WHERE webhook = $1");
                db.execute(failed.bind(&self.id)).await?;
                Sql::new("DELETE FROM webhook WHERE id = $1").bind(&self.id)
            }
            What::Replay(since) => Sql::new(format!(
                "UPDATE webhook SET {AFRESH}, disabled_ms = NULL, position = coalesce(
                     (SELECT min(seq) - 1 FROM event WHERE seq > 0 AND shown_ms >= $2),
                     (SELECT coalesce(max(seq), 0) FROM event WHERE seq > 0)) WHERE id = $1"
            ))
            .bind(&self.id)
            .bind(since.ms()),
        };
        Ok(if db.execute(sql).await? == 0 { Applied::Stale } else { Applied::Done })
    }
}

/// What came of an attempt.
pub(super) struct Note {
    pub(super) id: String,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) attempt: Attempt,
    pub(super) at: Instant,
}

impl Command for Note {
    type Answer = Applied;

    async fn run(&self, db: &mut Db<'_>) -> Result<Applied, sqlx::Error> {
        let of = |text: &'static str| Sql::new(text).bind(&self.id).bind(self.from);
        let failed = |(report, n): &EventName, sql: Sql| sql.bind(&self.id).bind(*report as i64).bind(*n);
        if let Attempt::GivenUp(event, why) = &self.attempt {
            // Before the webhook goes on: it says how many attempts there were.
            let keep = "INSERT INTO webhook_failed (webhook, report, n, failed_ms, attempts, why)
                        SELECT id, $2, $3, $4, attempts + 1, $5 FROM webhook WHERE id = $1 AND position = $6
                        ON CONFLICT (webhook, report, n) DO UPDATE
                        SET failed_ms = excluded.failed_ms, attempts = excluded.attempts, why = excluded.why";
            let keep = failed(event, Sql::new(keep)).bind(self.at.ms()).bind(why).bind(self.from);
            db.execute(keep).await?;
        }
        let sql = match &self.attempt {
            Attempt::Told(_) | Attempt::Passed | Attempt::GivenUp(..) => {
                let on = "UPDATE webhook SET position = $3, attempts = 0, first_ms = NULL, next_ms = NULL, why = NULL
                          WHERE id = $1 AND position = $2";
                of(on).bind(self.to)
            }
            Attempt::Failed { next, why } => {
                of("UPDATE webhook SET attempts = attempts + 1, next_ms = $4, why = $5,
                     first_ms = coalesce(first_ms, $3) WHERE id = $1 AND position = $2")
                .bind(self.at.ms())
                .bind(next.ms())
                .bind(why)
            }
            Attempt::Gone => {
                of("UPDATE webhook SET disabled_ms = $3 WHERE id = $1 AND position = $2").bind(self.at.ms())
            }
        };
        if db.execute(sql).await? == 0 {
            return Ok(Applied::Stale);
        }
        if let Attempt::Told(event) = &self.attempt {
            let told = Sql::new("DELETE FROM webhook_failed WHERE webhook = $1 AND report = $2 AND n = $3");
            db.execute(failed(event, told)).await?;
        }
        Ok(Applied::Done)
    }
}
