//! A mistake in a hand-written file (layers, styles): where it is and what would be right. Not
//! here: the checks (`layer_check`, style).

use std::fmt;

use toml::de::{DeTable, DeValue};

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// All mistakes of one or more files, in their order; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Mistake::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// The line of a byte offset in a text, from 1.
pub(in crate::map) fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|b| *b == b'\n').count() + 1
}

/// The line of a value in a TOML text, by its keys and indexes joined with dots
/// (`vector_layers.0.fields.open`). If the value is missing, the line of its innermost ancestor.
pub(in crate::map) fn line_of(text: &str, path: &str) -> usize {
    let Ok(table) = DeTable::parse(text) else { return 1 };
    let (mut at, mut here) = (0, &DeValue::Table(table.into_inner()));
    for step in path.split('.') {
        let next = match here {
            DeValue::Table(t) => t.get_key_value(step).map(|(key, value)| (key.span().start, value)),
            DeValue::Array(list) => {
                step.parse::<usize>().ok().and_then(|i| list.get(i)).map(|v| (v.span().start, v))
            }
            _ => None,
        };
        let Some((start, value)) = next else { break };
        (at, here) = (start, value.get_ref());
    }
    line_at(text, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_path() {
        let text = "a = 1\n\n[[b]]\nc = 2\n\n[[b]]\nd = { e = [\n  5,\n  6] }\n[b.f]\ng = 3\n";
        for (path, line) in [
            ("a", 1),
            ("b.0.c", 4),
            ("b.1", 6),
            ("b.1.x", 6),
            ("b.1.d", 7),
            ("b.1.d.e.1", 9),
            ("b.1.f.g", 11),
            ("x", 1),
        ] {
            assert_eq!(line_of(text, path), line, "{path}");
        }
    }
}
