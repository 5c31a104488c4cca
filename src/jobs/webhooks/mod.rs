//! Tells webhooks what happened: each from its own position on, in the order of recording, one event after the other.
//! One process sends for all; when it ends, another one goes on. What is not answered comes again, with the same id.
//!
//! Not here: what an event is (action), the record of attempts (store).

mod deliver;
mod post;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};

use crate::store::{StoreError, Webhook};
use deliver::LONGEST;
pub use deliver::Sender;
use diaban_core::domain::Instant;
use diaban_core::map::Level;

/// How often it is looked for what is due, and whether this process still is the one that sends.
const LOOK: Duration = Duration::from_secs(1);
/// The shortest pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Pause after a database error.
const RETRY: Duration = Duration::from_secs(1);

/// Where a webhook stands, and to where was looked in vain from there.
type Looked = (i64, i64);

/// Sends, forever.
pub async fn send_webhooks(sender: Sender, mut level: watch::Receiver<Level>) {
    if level.wait_for(|l| l.caught_up).await.is_err() {
        return;
    }
    let sender = Arc::new(sender);
    loop {
        if let Err(error) = send(&sender, &mut level).await {
            tracing::warn!(%error, "webhooks are not told; trying again");
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Sends as long as this process is the one that does.
async fn send(sender: &Arc<Sender>, level: &mut watch::Receiver<Level>) -> Result<(), StoreError> {
    let store = &sender.store;
    while store.webhooks().await?.is_empty() {
        tokio::time::sleep(LOOK).await;
    }
    let mut alone = store.send_alone().await?;
    let mut running: JoinSet<Result<Looked, StoreError>> = JoinSet::new();
    let mut names: HashMap<Id, String> = HashMap::new();
    let mut looked: HashMap<String, Looked> = HashMap::new();
    while alone.holds().await {
        level.mark_unchanged();
        let last = store.last_event().await?.seq;
        for webhook in store.webhooks().await? {
            let from = looked.get(&webhook.id).filter(|(position, _)| *position == webhook.position);
            let from = from.map_or(webhook.position, |(_, to)| *to);
            let busy = names.values().any(|id| *id == webhook.id);
            if busy || from >= last || !is_due(&webhook, sender.clock.now()) {
                continue;
            }
            let (id, sender) = (webhook.id.clone(), sender.clone());
            let task = running.spawn(async move { sender.deliver(webhook, from).await });
            names.insert(task.id(), id);
        }
        tokio::select! {
            Some(ended) = running.join_next_with_id() => {
                // A panic is that of the whole job, which is started again and counted.
                let (task, outcome) = ended.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
                if let Some(id) = names.remove(&task) {
                    looked.insert(id, outcome?);
                }
            }
            _ = level.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Whether a webhook may be told something now. What waits for longer than anything ever does was written by a clock
/// that was wrong.
fn is_due(webhook: &Webhook, now: Instant) -> bool {
    let wait = webhook.trouble.as_ref().map_or(0, |t| t.next.ms().saturating_sub(now.ms()));
    webhook.disabled.is_none() && (wait <= 0 || wait > LONGEST.as_millis() as i64)
}
