//! A fault in an input. All faults of an input are reported together, each once.

use std::fmt;
use std::sync::Arc;

/// A fault: which field, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field: `properties.title`, `geometry.coordinates[0]`, or a parameter's name.
    pub field: String,
    /// What is wrong and what would be right, in English. It never quotes the whole input.
    pub detail: String,
    /// The bare code of a ward that only former generations know, if that is what is wrong.
    pub former_ward: Option<Arc<str>>,
}

impl Violation {
    /// Creates a violation.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into(), former_ward: None }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.detail)
    }
}

/// The valid name closest to a wrong one, if it is close enough to be a typing mistake.
pub fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A limit on the work: names are short, so a long text is not a typing mistake.
    if wrong.len() > 64 {
        return None;
    }
    valid
        .into_iter()
        .map(|v| (strsim::jaro_winkler(wrong, v), v))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, v)| v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_what_was_meant() {
        assert_eq!(nearest("statsu", ["status", "state", "ward"]), Some("status"));
        assert_eq!(nearest("no_such_parameter_x", ["status", "bbox"]), None);
    }
}
