//! What whoever sent a report says of how it was closed.

/// Satisfied or not. The discriminant is stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Rating {
    /// It is not as it should be.
    Unsatisfied = 0,
    /// It is well.
    Satisfied = 1,
}

impl Rating {
    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsatisfied => "unsatisfied",
            Self::Satisfied => "satisfied",
        }
    }

    /// The names for people, in Vietnamese and in English.
    pub const fn titles(self) -> (&'static str, &'static str) {
        match self {
            Self::Unsatisfied => ("chưa hài lòng", "not satisfied"),
            Self::Satisfied => ("hài lòng", "satisfied"),
        }
    }

    /// The rating with a stored discriminant.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Unsatisfied),
            1 => Some(Self::Satisfied),
            _ => None,
        }
    }
}
