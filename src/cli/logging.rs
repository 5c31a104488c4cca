//! Logging to standard error: JSON for machines, plain text on a terminal.

use std::fmt;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use super::repeats::Repeats;

/// What is logged unless `DIABAN_LOG` says otherwise: our own events, in which nothing stands that a person
/// sent, and slow statements, whose values are bound. Libraries don't promise as much.
const OURS: &str = "off,diaban=info,diaban_core=info,access=info,sqlx=warn";

/// The log; what it has counted is told when it is dropped.
pub(super) struct Log(Repeats);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Whose events a level without a name is for.
const WHOSE: [&str; 4] = ["diaban", "diaban_core", "access", "sqlx"];

/// A filter as it is meant: a level alone is one for our own events. A library may log what it could not read, so
/// its events come only when it is named.
fn meant(filter: &str) -> String {
    let mut out = vec!["off".to_owned()];
    for part in filter.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let level = part.parse::<LevelFilter>();
        match level {
            Ok(level) => out.extend(WHOSE.map(|name| format!("{name}={level}"))),
            Err(_) => out.push(part.to_owned()),
        }
    }
    out.join(",")
}

/// A panic as one line: where it was. Its text may quote what was sent.
fn panicked(info: &PanicHookInfo<'_>) {
    let (file, line) = info.location().map_or(("?", 0), |at| (at.file(), at.line()));
    tracing::error!(file, line, "panicked");
}

/// Starts logging. `DIABAN_LOG` sets the filter, like `warn` or `info,access=off`.
#[expect(clippy::disallowed_methods, reason = "logging starts before the settings are read")]
pub(super) fn start() -> Log {
    let repeats = Repeats::default();
    std::panic::set_hook(Box::new(panicked));
    let set = std::env::var("DIABAN_LOG").ok();
    let filter = set.and_then(|set| EnvFilter::try_new(meant(&set)).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(OURS));
    // A complaint about a standard error that is closed would go there, and panic.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    // The bridge to the `log` crate stays away: readers of formats write there what they could not read.
    let begun = if std::io::stderr().is_terminal() {
        tracing::subscriber::set_global_default(builder.finish().with(repeats.clone()))
    } else {
        let lines = builder.fmt_fields(JsonFields::new()).event_format(Lines::default());
        tracing::subscriber::set_global_default(lines.finish().with(repeats.clone()))
    };
    begun.expect("logging is started once, before anything else");
    // Without the thread repetitions are told at the end only.
    let _ = repeats.tell();
    Log(repeats)
}

/// Events as lines of JSON. The access event, written for every request, has its own encoder,
/// because the library's takes as long as sending a cached tile.
struct Lines(Format<Json>);

impl Default for Lines {
    fn default() -> Self {
        Self(Format::default().json().flatten_event(true))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> FormatEvent<S, JsonFields> for Lines {
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let what = event.metadata();
        if what.target() != "access" {
            return self.0.format_event(context, out, event);
        }
        out.write_str(r#"{"timestamp":""#)?;
        SystemTime.format_time(&mut out)?;
        out.write_str(r#"","level":""#)?;
        out.write_str(what.level().as_str())?;
        out.write_str("\"")?;
        let mut members = Members { out, result: Ok(()) };
        event.record(&mut members);
        members.result?;
        members.out.write_str(",\"target\":\"access\"}\n")
    }
}

/// Writes fields as members of a JSON object that is already open.
struct Members<'a> {
    out: Writer<'a>,
    result: fmt::Result,
}

impl Members<'_> {
    fn member(&mut self, field: &Field, value: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        let write = || {
            self.out.write_str(",\"")?;
            self.out.write_str(field.name())?;
            self.out.write_str("\":")?;
            value(&mut self.out)
        };
        if self.result.is_ok() {
            self.result = write();
        }
    }
}

impl Visit for Members<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.member(field, |out| write!(out, "{value}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let plain = value.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\');
        self.member(field, |out| {
            if !plain {
                return write!(out, "{}", serde_json::Value::from(value));
            }
            out.write_str("\"")?;
            out.write_str(value)?;
            out.write_str("\"")
        });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use jiff::Timestamp;
    use serde_json::Value;
    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Captured {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn logged(
        format: impl FormatEvent<tracing_subscriber::Registry, JsonFields> + Send + Sync + 'static,
    ) -> Value {
        let captured = Captured::default();
        let log = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(format)
            .with_writer(captured.clone())
            .finish();
        tracing::subscriber::with_default(log, || {
            let (id, method, route, ms) = ("0a", "GET \"\n", "/tiles/{layer}", 0.25);
            tracing::info!(target: "access", id, method, route, status = 200_u16, ms);
        });
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text}");
        let mut line: Value = serde_json::from_str(&text).unwrap();
        let written = line["timestamp"].take();
        assert!(
            written.as_str().unwrap().parse::<Timestamp>().is_ok() && written.as_str().unwrap().len() == 27
        );
        line
    }

    #[test]
    fn a_level_alone_is_for_our_own_events() {
        assert_eq!(
            meant("warn"),
            "off,diaban=warn,diaban_core=warn,access=warn,sqlx=warn",
            "a library is quiet unless it is named"
        );
        assert!(meant("info, access=off").ends_with(",sqlx=info,access=off"));
        assert_eq!(
            meant("off,hyper=debug"),
            "off,diaban=off,diaban_core=off,access=off,sqlx=off,hyper=debug"
        );
        assert_eq!(meant(""), "off");
    }

    #[test]
    fn a_panic_is_logged_by_its_place_alone() {
        let captured = Captured::default();
        let log = tracing_subscriber::fmt().with_writer(captured.clone()).finish();
        tracing::subscriber::with_default(log, || {
            std::panic::set_hook(Box::new(panicked));
            let sent = "người gửi 0908123456";
            assert!(std::panic::catch_unwind(|| assert!(sent.is_empty(), "{sent}")).is_err());
            drop(std::panic::take_hook());
        });
        let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("logging.rs") && !text.contains("0908"), "{text}");
    }

    #[test]
    fn the_line_of_a_request_is_what_the_library_writes() {
        assert_eq!(logged(Lines::default()), logged(Lines::default().0));
    }
}
