//! The categories of reports and their rules: place, public precision, time to answer. Not here:
//! the city's list (data/categories.toml, read by pack), who answers (routing).

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::report::{Level, Proof, WHERE};
use crate::domain::{Instant, Reopening, Text};

/// A group of categories.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Stable `snake_case` code.
    pub code: Arc<str>,
    /// Its name.
    pub name: Text,
}

/// A category of reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Category {
    /// Stable `snake_case` code, the public and stored name.
    pub code: Arc<str>,
    /// The code of its group.
    pub group: Arc<str>,
    /// Its name.
    pub name: Text,
    /// The name of its icon.
    pub icon: String,
    /// Whether a report has a location.
    pub place: PlaceRule,
    /// How precisely the location is shown to the public.
    pub precision: Precision,
    /// Working days until an answer is due, at least 1.
    pub target_days: u16,
    /// How much its reports press.
    pub level: Level,
    /// What else the citizen is asked.
    pub questions: Vec<Question>,
    /// Shown before the form: whom to call instead of reporting here.
    pub stop: Option<Text>,
    /// Where its reports go that are not for this service: complaints, denunciations.
    pub redirect: Option<Text>,
    /// What must be shown before a report of it is resolved.
    pub proof: Proof,
    /// Who decides whether a report of it is opened again.
    pub reopening: Reopening,
}

/// Whether a report of a category has a location.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceRule {
    /// It must have one.
    Required,
    /// It may have one.
    Optional,
    /// It has none.
    None,
}

impl PlaceRule {
    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Optional => "optional",
            Self::None => "none",
        }
    }
}

/// How precisely the public sees a location, from exact to not at all; the stricter is the greater. All but exact also
/// show times by the hour only. The discriminant is what columns keep: never renumber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Precision {
    /// As reported.
    #[default]
    Exact = 0,
    /// A point of the 20 m grid cell.
    Grid20m = 1,
    /// A point of the 150 m grid cell.
    Grid150m = 2,
    /// The ward only.
    Ward = 3,
    /// No point at all.
    Hidden = 4,
}

impl Precision {
    /// All values, from exact to hidden.
    pub const ALL: [Self; 5] = [Self::Exact, Self::Grid20m, Self::Grid150m, Self::Ward, Self::Hidden];

    /// The public name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Grid20m => "grid_20m",
            Self::Grid150m => "grid_150m",
            Self::Ward => "ward",
            Self::Hidden => "hidden",
        }
    }

    /// The precision with a public name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.name() == name)
    }

    /// The precision of a stored discriminant; one of a later version of the program reads as hidden.
    pub fn from_code(code: i64) -> Self {
        usize::try_from(code).ok().and_then(|i| Self::ALL.get(i).copied()).unwrap_or(Self::Hidden)
    }

    /// The moment that the public sees of something in a report's life: the hour where the place is blurred, because
    /// a moment can tell a place.
    #[must_use]
    pub fn shown(self, t: Instant) -> Instant {
        if self == Self::Exact { t } else { t.floor_hour() }
    }

    /// Side of the grid cell in metres; `None` if no grid is used.
    pub const fn cell_m(self) -> Option<u32> {
        match self {
            Self::Grid20m => Some(20),
            Self::Grid150m => Some(150),
            Self::Exact | Self::Ward | Self::Hidden => None,
        }
    }
}

/// A question for the citizen besides location and description.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Stable `snake_case` code, unique in its category.
    pub code: String,
    /// The question itself.
    pub text: Text,
    /// Whether a report must answer it.
    pub required: bool,
    /// The type of the answer.
    pub kind: QuestionKind,
}

/// The type of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum QuestionKind {
    /// One of these.
    Choice(Vec<Choice>),
    /// Free text.
    Text,
    /// A number.
    Number,
}

impl QuestionKind {
    /// The public name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Choice(_) => "choice",
            Self::Text => "text",
            Self::Number => "number",
        }
    }
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Stable `snake_case` code, unique in its question.
    pub code: String,
    /// The text shown to the citizen.
    pub name: Text,
}

/// All categories of a city in list order. A position is a `u8` that is valid only within this
/// list; stored rows use the code.
#[derive(Clone, Debug)]
pub struct Categories {
    groups: Vec<Group>,
    list: Vec<Category>,
    by_code: HashMap<Arc<str>, u8>,
}

/// Why a list of categories is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CategoryError {
    /// More categories than positions.
    #[error("{0} categories, at most {max} are possible", max = Categories::MAX)]
    TooMany(usize),
    /// A code used twice.
    #[error("{what} `{code}` is listed twice")]
    Duplicate {
        /// Group, category, question of which category, or choice of which question.
        what: String,
        /// The code.
        code: String,
    },
    /// A code that is not ASCII `snake_case`.
    #[error(
        "{what} `{code}`: a code is made of a to z, 0 to 9 and _, begins with a letter and has at most 40 characters"
    )]
    Code {
        /// Group, category, question of which category, or choice of which question.
        what: String,
        /// The code.
        code: String,
    },
    /// A category with an unknown group.
    #[error("category `{category}`: there is no group `{group}`")]
    UnknownGroup {
        /// The category.
        category: String,
        /// The unknown group.
        group: String,
    },
    /// A category without a location must be hidden.
    #[error("category `{0}`: with place = \"none\" the precision must be \"hidden\"")]
    PlacelessNotHidden(String),
    /// A category with a target of 0 days.
    #[error("category `{0}`: target_days must be at least 1")]
    NoTime(String),
    /// A text of where to go that is too long, or none.
    #[error("category `{0}`: redirect must have 1 to {max} characters in both languages together", max = WHERE)]
    Redirect(String),
    /// A choice question with fewer than two choices.
    #[error("category `{category}`, question `{question}`: a choice needs at least two choices")]
    NoChoice {
        /// The category.
        category: String,
        /// The question.
        question: String,
    },
}

impl Categories {
    /// The largest number of categories.
    pub const MAX: usize = u8::MAX as usize;

    /// Checks the list as a whole.
    ///
    /// # Errors
    /// See [`CategoryError`].
    pub fn new(groups: Vec<Group>, list: Vec<Category>) -> Result<Self, CategoryError> {
        if list.len() > Self::MAX {
            return Err(CategoryError::TooMany(list.len()));
        }
        check_codes("group", groups.iter().map(|g| &*g.code))?;
        check_codes("category", list.iter().map(|c| &*c.code))?;
        for category in &list {
            check_category(category, &groups)?;
        }
        let by_code = list.iter().zip(0..).map(|(c, i)| (c.code.clone(), i)).collect();
        Ok(Self { groups, list, by_code })
    }

    /// The groups in the order of lists.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The categories in the order of their positions.
    pub fn iter(&self) -> std::slice::Iter<'_, Category> {
        self.list.iter()
    }

    /// Number of categories, 0..=255.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The category at a position.
    pub fn get(&self, position: u8) -> Option<&Category> {
        self.list.get(usize::from(position))
    }

    /// The position of a category, by code.
    pub fn position(&self, code: &str) -> Option<u8> {
        self.by_code.get(code).copied()
    }

    /// The category with a code.
    pub fn by_code(&self, code: &str) -> Option<&Category> {
        self.get(self.position(code)?)
    }
}

impl<'a> IntoIterator for &'a Categories {
    type Item = &'a Category;
    type IntoIter = std::slice::Iter<'a, Category>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn check_category(category: &Category, groups: &[Group]) -> Result<(), CategoryError> {
    let code = || category.code.to_string();
    if !groups.iter().any(|g| g.code == category.group) {
        return Err(CategoryError::UnknownGroup { category: code(), group: category.group.to_string() });
    }
    if category.place == PlaceRule::None && category.precision != Precision::Hidden {
        return Err(CategoryError::PlacelessNotHidden(code()));
    }
    if category.target_days == 0 {
        return Err(CategoryError::NoTime(code()));
    }
    let fits = |to: &Text| {
        !to.vi.trim().is_empty() && !to.en.trim().is_empty() && to.both().chars().count() <= WHERE
    };
    if !category.redirect.as_ref().is_none_or(fits) {
        return Err(CategoryError::Redirect(code()));
    }
    let here = format!("category `{}`, question", category.code);
    check_codes(&here, category.questions.iter().map(|q| &*q.code))?;
    for question in &category.questions {
        let QuestionKind::Choice(choices) = &question.kind else { continue };
        if choices.len() < 2 {
            return Err(CategoryError::NoChoice { category: code(), question: question.code.clone() });
        }
        check_codes(&format!("{here} `{}`, choice", question.code), choices.iter().map(|c| &*c.code))?;
    }
    Ok(())
}

fn check_codes<'a>(what: &str, codes: impl Iterator<Item = &'a str>) -> Result<(), CategoryError> {
    let mut seen = std::collections::HashSet::new();
    for code in codes {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        let good =
            code.len() <= 40 && code.starts_with(|c: char| c.is_ascii_lowercase()) && code.bytes().all(plain);
        if !good {
            return Err(CategoryError::Code { what: what.into(), code: code.into() });
        }
        if !seen.insert(code) {
            return Err(CategoryError::Duplicate { what: what.into(), code: code.into() });
        }
    }
    Ok(())
}

#[cfg(test)]
pub(in crate::domain) mod tests {
    use super::*;

    pub(crate) fn text(vi: &str) -> Text {
        Text { vi: vi.into(), en: vi.into() }
    }

    pub(crate) fn category(code: &str, group: &str) -> Category {
        Category {
            code: code.into(),
            group: group.into(),
            name: text(code),
            icon: code.into(),
            place: PlaceRule::Required,
            precision: Precision::Exact,
            target_days: 3,
            level: Level::Normal,
            questions: Vec::new(),
            stop: None,
            redirect: None,
            proof: Proof::None,
            reopening: Reopening::Decided,
        }
    }

    pub(crate) fn group(code: &str) -> Group {
        Group { code: code.into(), name: text(code) }
    }

    #[test]
    fn positions_follow_the_order_of_the_list() {
        let list = ["drainage", "pothole"].map(|c| category(c, "streets")).to_vec();
        let all = Categories::new(vec![group("streets")], list).unwrap();
        assert_eq!(all.position("pothole"), Some(1));
        assert_eq!(&*all.get(0).unwrap().code, "drainage");
        assert!(all.get(2).is_none() && all.by_code("noise").is_none());
    }

    #[test]
    fn the_255th_category_fits_and_the_256th_is_refused() {
        let many = |n: usize| (0..n).map(|i| category(&format!("c{i}"), "g")).collect::<Vec<_>>();
        let all = Categories::new(vec![group("g")], many(255)).unwrap();
        assert_eq!(all.position("c254"), Some(254));
        let err = Categories::new(vec![group("g")], many(256)).unwrap_err();
        assert_eq!(err, CategoryError::TooMany(256));
    }

    #[test]
    fn a_bad_list_says_which_entry_is_wrong() {
        let refused = |c: Category| Categories::new(vec![group("g")], vec![c]).unwrap_err().to_string();
        assert!(refused(category("a", "h")).contains("category `a`: there is no group `h`"));
        assert!(refused(category("Đèn", "g")).contains("`Đèn`"));
        let mut placeless = category("a", "g");
        placeless.place = PlaceRule::None;
        assert!(refused(placeless).contains("must be \"hidden\""));
        let mut hasty = category("a", "g");
        hasty.target_days = 0;
        assert!(refused(hasty).contains("at least 1"));
        let mut nowhere = category("a", "g");
        for to in ["", &"x".repeat(WHERE + 1)] {
            nowhere.redirect = Some(text(to));
            assert!(refused(nowhere.clone()).contains("1 to 500"));
        }
        let mut empty = category("a", "g");
        let kind = QuestionKind::Choice(Vec::new());
        empty.questions.push(Question { code: "q".into(), text: text("?"), required: true, kind });
        assert!(refused(empty).contains("question `q`"));
        let twice = Categories::new(vec![group("g")], vec![category("a", "g"), category("a", "g")]);
        assert_eq!(twice.unwrap_err().to_string(), "category `a` is listed twice");
    }
}
