//! What is wrong with an input, said once per fault and all at once.

use std::fmt;

/// One fault: where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The path of the field: `properties.title`, `geometry.coordinates[0]`, or a parameter's name.
    pub field: String,
    /// What is wrong and what would be right, in English, never with the input's full text.
    pub detail: String,
}

impl Violation {
    /// Names one fault.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), detail: detail.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.detail)
    }
}

/// The valid name nearest to a wrong one, when one is near enough to be meant.
pub fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A bound on the work: names are short, a long text is no typing mistake.
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
