//! A part of a report that others do: another body of the city, or a contractor.

/// Where a task stands. The discriminant is stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TaskState {
    /// Somebody works on it.
    Open = 0,
    /// It is done.
    Done = 1,
    /// Whoever had it does not do it.
    Returned = 2,
    /// Whoever gave it needs it no more.
    Withdrawn = 3,
}

impl TaskState {
    /// How it can end.
    pub const ENDS: [Self; 3] = [Self::Done, Self::Returned, Self::Withdrawn];

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The names for people, in Vietnamese and in English.
    pub const fn titles(self) -> (&'static str, &'static str) {
        match self {
            Self::Open => ("đang làm", "open"),
            Self::Done => ("đã xong", "done"),
            Self::Returned => ("trả lại", "returned"),
            Self::Withdrawn => ("không cần nữa", "no longer needed"),
        }
    }

    /// The end with a public name.
    pub fn end_from_name(name: &str) -> Option<Self> {
        Self::ENDS.into_iter().find(|s| s.name() == name)
    }

    /// The state with a stored discriminant.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Open, Self::Done, Self::Returned, Self::Withdrawn].get(usize::from(code)).copied()
    }
}
