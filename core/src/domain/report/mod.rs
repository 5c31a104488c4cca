//! A report as it is recorded: the public facts, what is kept apart, and the events of its life.

mod rating;
mod status;
mod task;

pub mod feed;
pub mod holders;
pub mod key;
pub mod view;
pub mod words;

pub use rating::Rating;
pub use status::{Needs, Proof, State, Status, WHERE, says_not_ours};
pub use task::TaskState;

use std::collections::BTreeMap;

use crate::domain::mask::{Masked, Written};
use crate::domain::{Category, Instant, Precision, WardId};
use crate::geo::LonLat;

/// The largest public id: ids are drawn from `1..=MAX_ID`, so that a JavaScript number holds them
/// and cluster ids (from 2^52) never meet them.
pub const MAX_ID: u64 = (1 << 52) - 1;

/// A new report, checked, routed and ready to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReport {
    /// The public id.
    pub id: u64,
    /// What everybody may see.
    pub public: PublicFacts,
    /// What only the responsible office may see.
    pub private: PrivateFacts,
    /// How precisely the public may see it: decided now, and never opened afterwards.
    pub precision: Precision,
    /// The edition of the boundaries by which it was placed, see [`crate::domain::CodeBook::edition`].
    pub edition: i64,
    /// What happened to it, oldest first; the first is that it was received.
    pub events: Vec<Event>,
}

impl NewReport {
    /// The texts of which everybody reads less than was written.
    pub fn masked(&self) -> Vec<&'static str> {
        let address = self
            .public
            .address
            .as_deref()
            .is_some_and(|shown| self.private.address.as_deref() != Some(shown));
        let apart = |words: fn(&Event) -> &Option<Written>| {
            self.events.iter().filter_map(|e| words(e).as_ref()).any(|w| w.original.is_some())
        };
        let all = [
            ("title", self.private.title.is_some()),
            ("description", self.private.description.is_some()),
            ("address", address),
            ("reason", apart(|e| &e.reason)),
            ("note", apart(|e| &e.note)),
        ];
        all.into_iter().filter(|(_, masked)| *masked).map(|(name, _)| name).collect()
    }
}

/// How much a report presses. The discriminant is what columns keep: never renumber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// It can wait.
    Low = 0,
    /// As most reports.
    #[default]
    Normal = 1,
    /// Somebody may come to harm.
    Urgent = 2,
}

impl Level {
    /// All, from low to urgent.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::Urgent];

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::Urgent => "urgent",
        }
    }

    /// The names for people, in Vietnamese and in English.
    pub const fn titles(self) -> (&'static str, &'static str) {
        match self {
            Self::Low => ("Thấp", "Low"),
            Self::Normal => ("Bình thường", "Normal"),
            Self::Urgent => ("Khẩn cấp", "Urgent"),
        }
    }

    /// The level with a public name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.name() == name)
    }

    /// The level of a stored discriminant; one of a later version of the program reads as normal.
    pub fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or_default()
    }
}

/// What everybody may see of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicFacts {
    /// The public point, blurred by the category's precision.
    pub point: Option<LonLat>,
    /// Code of the category.
    pub category: String,
    /// How much it presses, as its category said when it came, or as an office said since.
    pub level: Level,
    /// Where the report stands.
    pub state: State,
    /// Where to go instead, while it is redirected.
    pub redirect_to: Option<String>,
    /// The ward that owns the true place.
    pub ward: Option<WardId>,
    /// Id of the body that must answer.
    pub body: String,
    /// The routing rule that chose the body.
    pub rule: String,
    /// A line.
    pub title: Option<Masked>,
    /// What was seen.
    pub description: Option<Masked>,
    /// The address; none where it would tell a blurred place.
    pub address: Option<Masked>,
    /// The door it came through.
    pub source: String,
    /// Metres from the true place to the nearest ward border; none where the place is blurred.
    pub border_m: Option<f64>,
    /// Metres out at sea, for a place off the coast.
    pub offshore_m: Option<f64>,
    /// When it was seen.
    pub observed: Option<Instant>,
    /// When it was received.
    pub created: Instant,
    /// When it last changed.
    pub updated: Instant,
    /// When an answer is due.
    pub due: Option<Instant>,
    /// How many people support it.
    pub votes: i64,
    /// How often the answer was put off.
    pub extensions: i64,
}

impl PublicFacts {
    /// What follows from the category of a new report.
    pub fn of(category: &Category) -> Self {
        Self { category: category.code.to_string(), level: category.level, ..Self::default() }
    }
}

/// Facts of which nothing is known yet.
impl Default for PublicFacts {
    fn default() -> Self {
        Self {
            point: None,
            category: String::new(),
            level: Level::Normal,
            state: State::Received,
            redirect_to: None,
            ward: None,
            body: String::new(),
            rule: String::new(),
            title: None,
            description: None,
            address: None,
            source: String::new(),
            border_m: None,
            offshore_m: None,
            observed: None,
            created: Instant::MIN,
            updated: Instant::MIN,
            due: None,
            votes: 0,
            extensions: 0,
        }
    }
}

/// What is kept apart from the public facts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrivateFacts {
    /// The true place.
    pub point: Option<LonLat>,
    /// The radius in metres within which the true place lies with 95%, by what the phone said.
    pub accuracy_m: Option<f64>,
    /// The address as written.
    pub address: Option<String>,
    /// The title as written, if something in it is masked.
    pub title: Option<String>,
    /// The description as written, if something in it is masked.
    pub description: Option<String>,
    /// Answers to the category's questions, by question code.
    pub answers: BTreeMap<String, String>,
}

/// One thing that happened to a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// The moment that the public sees: the hour where the place is blurred.
    pub shown: Instant,
    /// In which role somebody acted: `citizen`, `office`, `system`.
    pub role: &'static str,
    /// The state before; none for the first event.
    pub from: Option<State>,
    /// The state after.
    pub to: State,
    /// Why; `rejected` needs one.
    pub reason: Option<Written>,
    /// What everybody may read.
    pub note: Option<Written>,
    /// Where to go; of `redirected` only.
    pub redirect_to: Option<String>,
}

/// What kind of thing happened. The discriminant is what columns keep: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// It was received, or its state changed.
    State = 0,
    /// The office wrote something.
    Note = 1,
    /// It went from one office to another.
    Transfer = 2,
    /// A moderator took it from the public.
    Hidden = 3,
    /// A moderator gave it back to the public.
    Shown = 4,
    /// All that was personal is gone for good.
    Erased = 5,
    /// New areas came into force; told once for a ward, never for each report.
    Areas = 6,
    /// An office said how much it presses.
    Level = 7,
    /// An office put the answer off, with an interim reply.
    Extended = 8,
    /// An office asked whoever sent it. The words are theirs alone.
    Question = 9,
    /// Whoever sent it answered.
    Reply = 10,
    /// No answer came in time.
    Silence = 11,
    /// Whoever sent it says how it was closed.
    Rating = 12,
    /// An office does not open it again, although whoever sent it wishes so.
    Kept = 13,
    /// A part of it was given to others, or ended.
    Task = 14,
}

impl EventKind {
    const ALL: [Self; 15] = [
        Self::State,
        Self::Note,
        Self::Transfer,
        Self::Hidden,
        Self::Shown,
        Self::Erased,
        Self::Areas,
        Self::Level,
        Self::Extended,
        Self::Question,
        Self::Reply,
        Self::Silence,
        Self::Rating,
        Self::Kept,
        Self::Task,
    ];

    /// The kind of a stored discriminant.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Note => "note",
            Self::Transfer => "transfer",
            Self::Hidden => "hidden",
            Self::Shown => "shown",
            Self::Erased => "erased",
            Self::Areas => "areas",
            Self::Level => "level",
            Self::Extended => "extended",
            Self::Question => "question",
            Self::Reply => "reply",
            Self::Silence => "silence",
            Self::Rating => "rating",
            Self::Kept => "kept_closed",
            Self::Task => "task",
        }
    }
}

/// Whether the public may see a report. The discriminant is what columns keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Withdrawn {
    /// It may.
    No = 0,
    /// A moderator hid it; it can come back.
    Hidden = 1,
    /// It was erased: only a tombstone is left.
    Erased = 2,
    /// It has not been public yet: the hour in which it came is not over.
    Waiting = 3,
}

impl Withdrawn {
    /// Of a stored discriminant; what a later version of the program may have written is not shown.
    pub const fn from_code(code: i64) -> Self {
        match code {
            0 => Self::No,
            2 => Self::Erased,
            3 => Self::Waiting,
            _ => Self::Hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_one_to_one() {
        for (i, kind) in EventKind::ALL.into_iter().enumerate() {
            assert_eq!((kind as usize, EventKind::from_code(i as u8)), (i, Some(kind)));
        }
        for w in [Withdrawn::No, Withdrawn::Hidden, Withdrawn::Erased, Withdrawn::Waiting] {
            assert_eq!(Withdrawn::from_code(w as i64), w);
        }
    }
}
