//! Lines of the log that repeat: the first is written, the others are counted and told once a minute.
//!
//! A line is known by where it is written and what it says. Of one place eight different lines are told
//! apart; more of them count as one, so a text with a number in it floods nothing either. The access log
//! is no repetition.

use std::collections::HashMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Stopwatch};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// How long repetitions are counted before they are told.
const MINUTE: Duration = Duration::from_secs(60);
/// Different lines of one place that are told apart.
const KINDS: usize = 8;

/// A line: where it is written, and a hash of what it says; none for all that are not told apart.
type Line = (Identifier, Option<u64>);

/// What was said and not written.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Repeated {
    metadata: &'static Metadata<'static>,
    message: String,
    times: u64,
}

struct Said {
    since: Stopwatch,
    what: Repeated,
}

#[derive(Default)]
struct Table {
    lines: HashMap<Line, Said>,
    kinds: HashMap<Identifier, usize>,
    ended: bool,
}

/// A filter of events; clones count together.
#[derive(Clone, Default)]
pub(super) struct Repeats(Arc<(Mutex<Table>, Condvar)>);

impl Repeats {
    /// Tells repetitions once a minute, in a thread of its own: inside the writing of a line no other can be
    /// written.
    pub(super) fn tell(&self) -> std::io::Result<()> {
        let repeats = self.clone();
        let telling = move || {
            let (table, changed) = &*repeats.0;
            let mut open = lock(table);
            while !open.ended {
                let wait = open.lines.values().map(|said| said.since.elapsed()).max();
                let wait = wait.map_or(MINUTE, |oldest| MINUTE.saturating_sub(oldest));
                let waited = changed.wait_timeout(open, wait.max(Duration::from_millis(100)));
                open = waited.unwrap_or_else(PoisonError::into_inner).0;
                let due = open.due(Stopwatch::now(), MINUTE);
                drop(open);
                due.iter().for_each(say);
                open = lock(table);
            }
        };
        std::thread::Builder::new().name("repeats".to_owned()).spawn(telling).map(drop)
    }

    /// Tells what is left: the process ends.
    pub(super) fn end(&self) {
        let mut open = lock(&self.0.0);
        open.ended = true;
        let rest = open.due(Stopwatch::now(), Duration::ZERO);
        drop(open);
        self.0.1.notify_all();
        rest.iter().for_each(say);
    }

    /// Whether an event is to be written; if not, it was counted.
    fn admits(&self, event: &Event<'_>, now: Stopwatch) -> bool {
        let mut text = Text::default();
        event.record(&mut text);
        let mut open = lock(&self.0.0);
        let admitted = open.admits(event.metadata(), text, now);
        drop(open);
        if admitted {
            // The first of its kind: the thread learns when to wake up.
            self.0.1.notify_all();
        }
        admitted
    }
}

impl Table {
    fn admits(&mut self, metadata: &'static Metadata<'static>, text: Text, now: Stopwatch) -> bool {
        let place = metadata.callsite();
        let hash = text.hash.finish();
        if let Some(said) = self.lines.get_mut(&(place.clone(), Some(hash))) {
            said.what.times += 1;
            return false;
        }
        let kinds = self.kinds.entry(place.clone()).or_default();
        let line = if *kinds < KINDS {
            *kinds += 1;
            (place, Some(hash))
        } else if let Some(said) = self.lines.get_mut(&(place.clone(), None)) {
            said.what.times += 1;
            return false;
        } else {
            (place, None)
        };
        let what = Repeated { metadata, message: text.message, times: 0 };
        self.lines.insert(line, Said { since: now, what });
        true
    }

    /// What was repeated for so long; it is counted anew. Lines that were not repeated are forgotten.
    fn due(&mut self, now: Stopwatch, after: Duration) -> Vec<Repeated> {
        let Self { lines, kinds, .. } = self;
        let mut due = Vec::new();
        lines.retain(|(place, kind), said| {
            if now.saturating_duration_since(said.since) < after {
                return true;
            }
            if said.what.times > 0 {
                due.push(said.what.clone());
                (said.since, said.what.times) = (now, 0);
                return true;
            }
            if kind.is_some()
                && let Some(n) = kinds.get_mut(place)
            {
                *n -= 1;
                if *n == 0 {
                    kinds.remove(place);
                }
            }
            false
        });
        due
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

fn say(repeated: &Repeated) {
    let Repeated { metadata, message, times } = repeated;
    let (place, what) = (metadata.target(), message.as_str());
    match *metadata.level() {
        Level::ERROR => tracing::error!(place, what, times, "was said again in the last minute"),
        Level::WARN => tracing::warn!(place, what, times, "was said again in the last minute"),
        _ => tracing::info!(place, what, times, "was said again in the last minute"),
    }
}

impl<S: Subscriber> Layer<S> for Repeats {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let what = event.metadata();
        // What this module says is counted already.
        let counted =
            *what.level() <= Level::INFO && what.target() != "access" && what.target() != module_path!();
        !counted || self.admits(event, Stopwatch::now())
    }
}

/// What an event says.
#[derive(Default)]
struct Text {
    message: String,
    hash: DefaultHasher,
}

impl fmt::Write for Text {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.hash.write(part.as_bytes());
        Ok(())
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
        field.name().hash(&mut self.hash);
        // Hashing does not fail.
        let _ = fmt::write(self, format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// Counts what is written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Written {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut text = Text::default();
            event.record(&mut text);
            self.0.lock().unwrap().push(format!("{} {}", event.metadata().level(), text.message));
        }
    }

    fn running(test: impl FnOnce(&Repeats)) -> Vec<String> {
        let (repeats, written) = (Repeats::default(), Written::default());
        // As the program has it: the filter is asked before the writer.
        let log = tracing_subscriber::registry().with(written.clone()).with(repeats.clone());
        tracing::subscriber::with_default(log, || test(&repeats));
        std::mem::take(&mut *written.0.lock().unwrap())
    }

    fn flood(n: usize) {
        for _ in 0..n {
            tracing::warn!(error = "Too many open files (os error 24)", "accept");
        }
    }

    #[test]
    fn a_line_that_repeats_is_written_once_and_counted() {
        let mut due = Vec::new();
        let written = running(|repeats| {
            flood(555);
            let now = Stopwatch::now();
            assert!(lock(&repeats.0.0).due(now, MINUTE).is_empty(), "the minute has not passed");
            due = lock(&repeats.0.0).due(now + MINUTE, MINUTE);
            // It goes on: nothing is written, and the next minute is told again.
            flood(10);
            due.extend(lock(&repeats.0.0).due(now + 2 * MINUTE, MINUTE));
            // Then it is quiet for a minute, and the next one is news.
            assert!(lock(&repeats.0.0).due(now + 3 * MINUTE, MINUTE).is_empty());
            flood(2);
        });
        assert_eq!(written, ["WARN accept", "WARN accept"]);
        assert_eq!(
            due.iter().map(|d| (d.message.as_str(), d.times)).collect::<Vec<_>>(),
            [("accept", 554), ("accept", 10)]
        );
    }

    #[test]
    fn other_lines_are_written_and_one_place_cannot_flood_with_numbers() {
        let written = running(|repeats| {
            for n in 0..100 {
                tracing::error!(n, "store");
            }
            tracing::warn!("store");
            for _ in 0..3 {
                tracing::info!(target: "access", "a request");
                tracing::debug!("a detail");
            }
            let due = lock(&repeats.0.0).due(Stopwatch::now(), Duration::ZERO);
            assert_eq!(due.iter().map(|d| d.times).sum::<u64>(), 100 - KINDS as u64 - 1);
        });
        let of = |what: &str| written.iter().filter(|w| *w == what).count();
        assert_eq!(of("ERROR store"), KINDS + 1);
        assert_eq!((of("WARN store"), of("INFO a request"), of("DEBUG a detail")), (1, 3, 3));
    }

    #[test]
    fn what_was_counted_is_told_at_the_end() {
        let written = running(|repeats| {
            flood(7);
            repeats.end();
            repeats.end();
        });
        assert_eq!(written, ["WARN accept", "WARN was said again in the last minute"]);
    }
}
