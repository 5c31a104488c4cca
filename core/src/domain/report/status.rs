//! The states of a report and the one table of its life: what each is called, what may follow it, and what it asks of
//! whoever sets it.

/// The `status` of Open311 GeoReport v2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Somebody must still act.
    Open,
    /// Done, answered, refused, sent elsewhere or merged.
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
    /// The thing is done.
    Resolved = 4,
    /// Refused, with a reason.
    Rejected = 5,
    /// A duplicate of another report, which it names.
    Duplicate = 6,
    /// Explained: there was nothing to repair.
    Answered = 7,
    /// Not for this service; it says where to go.
    Redirected = 8,
}

/// What whoever sets a state must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// The proof that the category asks for.
    Proof,
    /// A note that everybody may read.
    Note,
    /// A reason.
    Reason,
    /// Where to go. The category may say it.
    Where,
    /// The report that it repeats.
    Original,
}

/// What a category asks for before its reports are resolved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// Nothing.
    #[default]
    None,
    /// A note that everybody may read: what was done.
    Note,
}

/// The most characters of where to go.
pub const WHERE: usize = 500;

/// Reasons that say “not ours” and not whose: who refuses a report so gives it to nobody.
const NOT_OURS: [&str; 4] =
    ["not_ours", "không thuộc thẩm quyền", "không thuộc địa bàn", "không thuộc trách nhiệm"];

/// What is to be known of a state.
#[derive(Clone, Copy)]
struct Row {
    state: State,
    name: &'static str,
    /// Vietnamese, English.
    titles: (&'static str, &'static str),
    status: Status,
    next: &'static [State],
    needs: Needs,
}

const fn row(
    state: State,
    name: &'static str,
    titles: (&'static str, &'static str),
    status: Status,
    next: &'static [State],
    needs: Needs,
) -> Row {
    Row { state, name, titles, status, next, needs }
}

/// What may follow when nobody has looked at it.
const LOOK: &[State] = &[
    State::Forwarded,
    State::InProgress,
    State::Resolved,
    State::Answered,
    State::Rejected,
    State::Redirected,
    State::Duplicate,
];
/// What may follow when it was sent on.
const SENT: &[State] = &[
    State::InProgress,
    State::Resolved,
    State::Answered,
    State::Rejected,
    State::Redirected,
    State::Duplicate,
];
/// What may follow work.
const WORK: &[State] = &[
    State::Forwarded,
    State::Resolved,
    State::Answered,
    State::Rejected,
    State::Redirected,
    State::Duplicate,
];
/// What may follow an end.
const END: &[State] = &[State::Reopened];

/// The life of a report, in the order of the discriminants.
#[rustfmt::skip]
const TABLE: [Row; 9] = {
    use Needs::{Note, Nothing, Original, Proof, Reason, Where};
    use State::{Answered, Duplicate, Forwarded, InProgress, Received, Redirected, Rejected, Reopened, Resolved};
    use Status::{Closed, Open};
    [
        row(Received, "received", ("Đã tiếp nhận", "Received"), Open, LOOK, Nothing),
        row(Forwarded, "forwarded", ("Đã chuyển xử lý", "Forwarded"), Open, SENT, Nothing),
        row(InProgress, "in_progress", ("Đang xử lý", "In progress"), Open, WORK, Nothing),
        row(Reopened, "reopened", ("Mở lại", "Reopened"), Open, LOOK, Nothing),
        row(Resolved, "resolved", ("Đã giải quyết", "Resolved"), Closed, END, Proof),
        row(Rejected, "rejected", ("Không xử lý", "Rejected"), Closed, END, Reason),
        row(Duplicate, "duplicate", ("Trùng phản ánh khác", "Duplicate"), Closed, END, Original),
        row(Answered, "answered", ("Đã trả lời", "Answered"), Closed, END, Note),
        row(Redirected, "redirected", ("Hướng dẫn nơi khác", "Redirected"), Closed, END, Where),
    ]
};

/// Other words that people write for a state in their own tables, in small letters.
const WORDS: [(&str, State); 14] = [
    ("tiếp nhận", State::Received),
    ("mới", State::Received),
    ("đã chuyển", State::Forwarded),
    ("chuyển xử lý", State::Forwarded),
    ("đã mở lại", State::Reopened),
    ("đã xử lý", State::Resolved),
    ("từ chối", State::Rejected),
    ("trùng lặp", State::Duplicate),
    ("trùng", State::Duplicate),
    ("trả lời", State::Answered),
    ("đã giải đáp", State::Answered),
    ("đã phản hồi", State::Answered),
    ("chuyển hướng", State::Redirected),
    ("đã hướng dẫn", State::Redirected),
];

impl State {
    /// All states, in the order of their discriminants.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Received; TABLE.len()];
        let mut i = 0;
        while i < all.len() {
            all[i] = TABLE[i].state;
            i += 1;
        }
        all
    };

    const fn row(self) -> Row {
        TABLE[self as usize]
    }

    /// The public name.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The names for people, in Vietnamese and in English.
    pub const fn titles(self) -> (&'static str, &'static str) {
        self.row().titles
    }

    /// The state with a public name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// The state that people mean who write it in their own tables: its public name, its title in either language, or
    /// another word that is common for it. Case counts no more than blanks do.
    pub fn from_words(text: &str) -> Option<Self> {
        let text = plain(text);
        let named = |s: &Self| {
            let (vi, en) = s.titles();
            [s.name(), vi, en].iter().any(|word| plain(word) == text)
        };
        let common = || WORDS.iter().find(|(word, _)| plain(word) == text).map(|(_, state)| *state);
        Self::ALL.into_iter().find(named).or_else(common)
    }

    /// The state with a stored discriminant.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Open or closed.
    pub const fn status(self) -> Status {
        self.row().status
    }

    /// The states that may follow.
    pub const fn next(self) -> &'static [Self] {
        self.row().next
    }

    /// What whoever sets it must say.
    pub const fn needs(self) -> Needs {
        self.row().needs
    }
}

/// Whether a reason says no more than that others are responsible.
pub fn says_not_ours(reason: &str) -> bool {
    let reason = plain(reason.trim_end_matches(['.', '!']));
    NOT_OURS.iter().any(|words| plain(words) == reason)
}

/// In small letters, with a blank for every run of blanks, lines and underscores.
fn plain(text: &str) -> String {
    let parts = text.split(|c: char| c.is_whitespace() || c == '_' || c == '-').filter(|p| !p.is_empty());
    parts.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

impl Proof {
    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Note => "note",
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
        assert_eq!(State::from_code(State::ALL.len() as u8), None);
        // Stored for ever.
        let stored: Vec<_> = State::ALL.map(State::name).into();
        let ever = ["received", "forwarded", "in_progress", "reopened", "resolved", "rejected", "duplicate"];
        assert_eq!((&stored[..7], &stored[7..]), (&ever[..], &["answered", "redirected"][..]));
    }

    #[test]
    fn statements_know_what_is_open_by_its_code() {
        for s in State::ALL {
            assert_eq!(s.status() == Status::Open, (s as u8) < 4, "{s:?}");
        }
    }

    #[test]
    fn a_closed_report_can_only_be_reopened() {
        for s in State::ALL {
            if s.status() == Status::Closed {
                assert_eq!(s.next(), &[State::Reopened]);
            } else {
                assert!(!s.next().contains(&State::Reopened) && !s.next().contains(&State::Received));
                let ends = State::ALL.into_iter().filter(|e| e.status() == Status::Closed);
                assert!(ends.into_iter().all(|end| s.next().contains(&end)), "{s:?} can end in every way");
            }
            assert!(!s.next().contains(&s));
        }
    }

    #[test]
    fn every_end_says_something_and_no_other_state_must() {
        for s in State::ALL {
            assert_eq!(s.needs() == Needs::Nothing, s.status() == Status::Open, "{s:?}");
        }
    }

    #[test]
    fn people_name_states_in_their_own_words() {
        for s in State::ALL {
            let (vi, en) = s.titles();
            assert_eq!([s.name(), vi, en].map(State::from_words), [Some(s); 3]);
        }
        assert_eq!(State::from_words(" ĐÃ  TRẢ LỜI "), Some(State::Answered));
        assert_eq!(State::from_words("Chuyển hướng"), Some(State::Redirected));
        assert_eq!(State::from_words("In Progress"), Some(State::InProgress));
        assert_eq!(State::from_words("Pending"), None);
        assert_eq!(State::from_words(""), None);
        let mut all: Vec<String> = WORDS.iter().map(|(word, _)| plain(word)).collect();
        all.extend(State::ALL.iter().flat_map(|s| [plain(s.titles().0), plain(s.name())]));
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n, "a word means one state");
    }

    #[test]
    fn not_ours_is_no_reason_by_itself() {
        for words in ["not_ours", "Not ours.", "not-ours", "Không thuộc thẩm quyền."] {
            assert!(says_not_ours(words), "{words}");
        }
        for words in ["", "Thuộc tài sản tư nhân, không thuộc thẩm quyền.", "ours"] {
            assert!(!says_not_ours(words), "{words}");
        }
    }
}
