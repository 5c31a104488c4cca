//! What one webhook is told, and what comes of an attempt that failed.

use std::sync::Arc;
use std::time::Duration;

use super::Looked;
use super::post::{Letter, Outcome, post};
use crate::action::{City, Entries, Wanted, WebhookSettings, events_after, saved_filter, signatures};
use crate::clock::Clock;
use crate::store::{Applied, Attempt, News, Store, StoreError, Trouble, Webhook};
use diaban_core::domain::Instant;

/// Events that are looked up in one go.
const PAGE: usize = 20;
/// After so many events that are not for a webhook its position is written down.
const FAR: i64 = 1_000;
/// Pauses before an event is tried again: ten attempts within three days.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3_600),
    Duration::from_secs(5 * 3_600),
    Duration::from_secs(10 * 3_600),
    Duration::from_secs(14 * 3_600),
    Duration::from_secs(20 * 3_600),
    Duration::from_secs(20 * 3_600),
];
/// No pause is longer, whatever a receiver asks for.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3_600);
/// After so long an event is given up.
const IN_ALL: Duration = Duration::from_secs(3 * 24 * 3_600);

/// What is needed to send.
pub struct Sender {
    /// The record.
    pub store: Store,
    /// The city.
    pub city: Arc<City>,
    /// The public address, for links.
    pub public_url: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where may be sent.
    pub settings: WebhookSettings,
}

impl Sender {
    /// Tells a webhook what it was not told yet, until there is no more or an attempt failed. `from` is the sequence to
    /// which was looked before.
    pub(super) async fn deliver(&self, webhook: Webhook, from: i64) -> Result<Looked, StoreError> {
        let (mut position, mut at) = (webhook.position, from);
        loop {
            let areas = self.city.areas();
            let codebook = &areas.codebook;
            // Other boundaries are in force, and this process is about to hear of it.
            if self.store.edition_in_force().await? != codebook.edition {
                return Ok((position, at));
            }
            let now = self.clock.now();
            let filter = webhook.query.as_deref();
            let filter = filter.map(|query| saved_filter(query, codebook, &areas, codebook, now, true));
            let Ok(filter) = filter.transpose() else {
                tracing::warn!(webhook = webhook.id, "the query of a webhook is not understood any more");
                let why = "the query is not understood any more".to_owned();
                let attempt = Attempt::Failed { next: later(now, PAUSES[2]), why };
                let _ = self.store.note_attempt(&webhook.id, (position, position), attempt, now).await?;
                return Ok((position, at));
            };
            let wanted = filter.as_ref().map_or(Wanted::All, Wanted::matching);
            let page = events_after(&self.store, codebook, &wanted, at, PAGE).await?;
            for news in page.news {
                let to = news.at.seq;
                if !self.tell(&webhook.id, (position, to), &news, codebook.edition).await? {
                    return Ok((position, position));
                }
                (position, at) = (to, to);
            }
            at = page.to.map_or(at, |(to, _)| to.seq.max(at));
            if at - position >= FAR {
                let passed =
                    self.store.note_attempt(&webhook.id, (position, at), Attempt::Passed, now).await?;
                if passed == Applied::Stale {
                    return Ok((position, position));
                }
                position = at;
            }
            if !page.more {
                return Ok((position, at));
            }
        }
    }

    /// Tells one event. Says whether it is the next one's turn.
    async fn tell(&self, id: &str, span: (i64, i64), news: &News, edition: i64) -> Result<bool, StoreError> {
        // As it is now: it may have another secret, or be told from elsewhere on.
        let webhook = self.store.webhook(id).await?;
        let Some(webhook) = webhook.filter(|w| w.position == span.0 && w.disabled.is_none()) else {
            return Ok(false);
        };
        let event = (news.report.id, news.n);
        // The event, too: its report may have been hidden meanwhile.
        let now_public = self.store.news_of(event.0, Some(event.1 + 1), 1, edition).await?.pop();
        let attempt = match now_public.filter(|news| news.n == event.1) {
            None => Attempt::Passed,
            Some(news) => match post(self.letter(&webhook, news)).await {
                Outcome::Told => Attempt::Told(event),
                Outcome::Gone => Attempt::Gone,
                Outcome::Failed { why, after } => {
                    failed(webhook.trouble.as_ref(), self.clock.now(), after, why)
                        .unwrap_or_else(|why| Attempt::GivenUp(event, why))
                }
            },
        };
        match &attempt {
            Attempt::Told(_) | Attempt::Passed => {}
            Attempt::Failed { why, next } => {
                tracing::info!(webhook = id, why, %next, "a webhook was not told; it is tried again");
            }
            Attempt::GivenUp(_, why) => {
                tracing::warn!(webhook = id, why, "a webhook was not told an event for three days; going on");
            }
            Attempt::Gone => tracing::warn!(webhook = id, "a receiver says that it is gone"),
        }
        let on = !matches!(attempt, Attempt::Failed { .. } | Attempt::Gone);
        Ok(self.store.note_attempt(id, span, attempt, self.clock.now()).await? == Applied::Done && on)
    }

    fn letter(&self, webhook: &Webhook, news: News) -> Letter {
        let message = Entries::new(&self.city, &self.public_url).message(news);
        let (now, body) = (self.clock.now(), message.json().to_string());
        // No dot: it parts what is signed.
        let id = format!("evt_{}_{}", message.event.0, message.event.1);
        let second = now.ms().div_euclid(1_000);
        Letter {
            url: webhook.url.clone(),
            signature: signatures(webhook, now, &id, second, &body),
            id,
            second,
            body,
            private: self.settings.allow_private,
        }
    }
}

fn later(now: Instant, pause: Duration) -> Instant {
    Instant::from_ms(now.ms() + pause.as_millis() as i64)
}

/// What is done after an attempt that failed: another one, not before the receiver asks for it.
///
/// # Errors
/// Why it failed, when there were enough.
fn failed(
    before: Option<&Trouble>,
    now: Instant,
    after: Option<Duration>,
    why: String,
) -> Result<Attempt, String> {
    let (attempts, first) = before.map_or((0, now), |t| (t.attempts, t.first));
    let over = now.ms() - first.ms() >= IN_ALL.as_millis() as i64;
    let pause = usize::try_from(attempts).ok().and_then(|n| PAUSES.get(n)).filter(|_| !over);
    let Some(pause) = pause else { return Err(why) };
    let pause = after.map_or(*pause, |asked| asked.clamp(*pause, LONGEST));
    Ok(Attempt::Failed { next: later(now, pause), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_tried_ten_times_within_three_days() {
        let (mut now, mut trouble, mut times) = (Instant::from_ms(0), None::<Trouble>, 1);
        while let Ok(Attempt::Failed { next, why }) = failed(trouble.as_ref(), now, None, "x".into()) {
            assert!(next > now);
            let first = trouble.map_or(now, |t| t.first);
            trouble = Some(Trouble { attempts: times, first, next, why });
            (now, times) = (next, times + 1);
        }
        let hours = now.ms() / 3_600_000;
        assert_eq!((times, hours), (10, 71));
        // A receiver that asks for more time gets it, and no more time in all.
        let asked = |trouble: Option<&Trouble>, at, seconds| {
            let after = Some(Duration::from_secs(seconds));
            match failed(trouble, Instant::from_ms(at), after, "x".into()) {
                Ok(Attempt::Failed { next, .. }) => Some((next.ms() - at) / 1_000),
                _ => None,
            }
        };
        assert_eq!([1, 60, 1_000_000].map(|s| asked(None, 0, s)), [Some(5), Some(60), Some(86_400)]);
        let long =
            Trouble { attempts: 1, first: Instant::from_ms(0), next: Instant::from_ms(0), why: "x".into() };
        assert_eq!(asked(Some(&long), 3 * 86_400_000, 1), None);
    }
}
