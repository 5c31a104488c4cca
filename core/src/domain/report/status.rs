//! The states of a report and the one table of transitions between them.

/// The `status` of Open311 GeoReport v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Somebody must still act.
    Open,
    /// Done, refused or merged.
    Closed,
}

/// The state of a report. The discriminant is stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum State {
    /// Received; nobody has looked at it yet.
    Received = 0,
    /// Forwarded to the body that must answer.
    Forwarded = 1,
    /// Being worked on.
    InProgress = 2,
    /// Closed before, and open again.
    Reopened = 3,
    /// Done.
    Resolved = 4,
    /// Refused, with a reason.
    Rejected = 5,
    /// A duplicate of another report, which it names.
    Duplicate = 6,
}

impl State {
    /// All states, in the order of their discriminants.
    pub const ALL: [Self; 7] = [
        Self::Received,
        Self::Forwarded,
        Self::InProgress,
        Self::Reopened,
        Self::Resolved,
        Self::Rejected,
        Self::Duplicate,
    ];

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Forwarded => "forwarded",
            Self::InProgress => "in_progress",
            Self::Reopened => "reopened",
            Self::Resolved => "resolved",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
        }
    }

    /// The names for people, in Vietnamese and in English.
    pub const fn titles(self) -> (&'static str, &'static str) {
        match self {
            Self::Received => ("Đã tiếp nhận", "Received"),
            Self::Forwarded => ("Đã chuyển xử lý", "Forwarded"),
            Self::InProgress => ("Đang xử lý", "In progress"),
            Self::Reopened => ("Mở lại", "Reopened"),
            Self::Resolved => ("Đã giải quyết", "Resolved"),
            Self::Rejected => ("Không xử lý", "Rejected"),
            Self::Duplicate => ("Trùng phản ánh khác", "Duplicate"),
        }
    }

    /// The state with a public name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// The state with a stored discriminant.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Open or closed.
    pub const fn status(self) -> Status {
        match self {
            Self::Received | Self::Forwarded | Self::InProgress | Self::Reopened => Status::Open,
            Self::Resolved | Self::Rejected | Self::Duplicate => Status::Closed,
        }
    }

    /// The states that may follow; this is the whole transition table.
    pub const fn next(self) -> &'static [Self] {
        use State::{Duplicate, Forwarded, InProgress, Received, Rejected, Reopened, Resolved};
        match self {
            Received | Forwarded | Reopened => &[Forwarded, InProgress, Resolved, Rejected, Duplicate],
            InProgress => &[Forwarded, Resolved, Rejected, Duplicate],
            Resolved | Rejected | Duplicate => &[Reopened],
        }
    }
}

impl Status {
    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }

    /// The status with a public name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Closed].into_iter().find(|s| s.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_one_to_one() {
        for (i, s) in State::ALL.into_iter().enumerate() {
            assert_eq!(s as usize, i);
            assert_eq!(State::from_code(s as u8), Some(s));
            assert_eq!(State::from_name(s.name()), Some(s));
        }
        assert_eq!(State::from_code(7), None);
    }

    #[test]
    fn a_closed_report_can_only_be_reopened() {
        for s in State::ALL {
            if s.status() == Status::Closed {
                assert_eq!(s.next(), &[State::Reopened]);
            } else {
                assert!(!s.next().contains(&State::Reopened) && !s.next().contains(&State::Received));
            }
        }
    }
}
