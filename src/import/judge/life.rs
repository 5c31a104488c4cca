//! The times of a report: each read as it fits the others; what cannot be is left out. Not here: the forms that
//! times have (times), the state (report).

use super::times::{Reading, TimeReader};
use diaban_core::domain::Instant;

/// When a report was seen, received, closed, and touched last.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub(super) observed: Option<Instant>,
    pub(super) created: Option<Instant>,
    pub(super) closed: Option<Instant>,
    pub(super) updated: Option<Instant>,
    /// Whether a time is given at which it was closed, be it one that cannot be.
    pub(super) was_closed: bool,
    /// Why that time is none, when it is none at all.
    pub(super) unread: Option<String>,
    /// Why it cannot be kept.
    pub(super) faults: Vec<String>,
    /// What is left out, and why.
    pub(super) unfit: Vec<(&'static str, String)>,
}

/// Why a time is not taken.
enum Wrong {
    /// It is not read.
    Unread(String),
    /// It cannot be.
    Impossible(String),
}

impl Life {
    /// Reads the times of a row from its texts.
    pub(super) fn read(
        times: &TimeReader,
        now: Instant,
        mut text: impl FnMut(&str) -> Option<String>,
    ) -> Self {
        let read = |name: &str, text: &str| {
            let read = times.read(text).ok_or_else(|| {
                let shown: String = text.chars().take(40).collect();
                Wrong::Unread(format!(
                    "{name} is “{shown}”, no time that is read{}",
                    TimeReader::advice(text)
                ))
            })?;
            let at = read.first();
            let future = || Wrong::Impossible(format!("{name} lies in the future: {at}"));
            if at > now { Err(future()) } else { Ok(read) }
        };
        let mut life = Self::default();
        // Only a report without the time at which it was received cannot be kept.
        let created = match text("created_at").map(|text| read("created_at", &text)) {
            None => Err("created_at is missing: when was it received?".to_owned()),
            Some(read) => read.map_err(|(Wrong::Unread(why) | Wrong::Impossible(why))| why),
        };
        let created = created.map_err(|fault| life.faults.push(fault)).ok();
        let [observed, closed, updated] = ["observed_at", "closed_at", "updated_at"].map(|name| {
            let text = text(name)?;
            life.was_closed |= name == "closed_at";
            let wrong = match read(name, &text) {
                Ok(read) => return Some(read),
                Err(wrong) => wrong,
            };
            if let (Wrong::Unread(why), "closed_at") = (&wrong, name) {
                life.unread = Some(why.clone());
            }
            let (Wrong::Unread(why) | Wrong::Impossible(why)) = wrong;
            life.unfit.push((name, why));
            None
        });
        life.order(observed.map(Reading::first), created, closed, updated);
        life
    }

    /// Of an hour that comes twice the moment is meant that is in order with the others.
    fn order(
        &mut self,
        observed: Option<Instant>,
        created: Option<Reading>,
        closed: Option<Reading>,
        updated: Option<Reading>,
    ) {
        let Some(created) = created.map(|t| t.from(observed.unwrap_or(t.first()))) else { return };
        self.created = Some(created);
        if created.ms() < 0 {
            self.faults.push(format!("created_at lies before 1970: {created}"));
        }
        match observed {
            Some(t) if t > created => {
                let why = format!("observed_at lies after created_at: {t} after {created}");
                self.unfit.push(("observed_at", why));
            }
            t => self.observed = t,
        }
        let mut after = |name, read: Option<Reading>| {
            let t = read?.from(created);
            if t < created {
                let why = format!("{name} lies before created_at: {t} before {created}");
                self.unfit.push((name, why));
            }
            Some(t).filter(|t| *t >= created)
        };
        (self.closed, self.updated) = (after("closed_at", closed), after("updated_at", updated));
    }
}
