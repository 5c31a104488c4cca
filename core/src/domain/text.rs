//! Text from people: normalised to NFC, limited in length, without characters that deceive the
//! reader.

use unicode_normalization::UnicodeNormalization;

/// Why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Longer than allowed, in characters after normalisation.
    #[error("must have at most {max} characters, has {got}")]
    TooLong {
        /// The longest allowed.
        max: usize,
        /// The actual length.
        got: usize,
    },
    /// Control characters, or characters that change the writing direction.
    #[error("must not contain control or direction-changing characters (U+{0:04X})")]
    Forbidden(u32),
    /// Too many combining marks on one letter.
    #[error("must not have more than {0} combining marks on one letter")]
    Marks(usize),
}

/// Vietnamese needs two marks on a letter, other scripts a few more.
const MAX_MARKS: usize = 8;

/// Trims, normalises to NFC and checks a text. Line feeds and tabs are kept, carriage returns are
/// dropped. Returns `None` if nothing is left.
///
/// # Errors
/// See [`TextError`].
pub fn clean(raw: &str, max: usize) -> Result<Option<String>, TextError> {
    // Checked before normalisation, which can triple the length at most.
    if raw.len() > max.saturating_mul(16) {
        return Err(TextError::TooLong { max, got: raw.chars().count() });
    }
    let mut marks = 0;
    let mut out = String::with_capacity(raw.len());
    for c in raw.trim().nfc().filter(|c| *c != '\r') {
        if (c.is_control() && c != '\n' && c != '\t') || deceives(c) {
            return Err(TextError::Forbidden(c as u32));
        }
        marks = if unicode_normalization::char::is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MAX_MARKS {
            return Err(TextError::Marks(MAX_MARKS));
        }
        out.push(c);
    }
    let got = out.chars().count();
    if got > max {
        return Err(TextError::TooLong { max, got });
    }
    Ok((!out.is_empty()).then_some(out))
}

/// Bidirectional overrides and isolates, zero-width characters that Vietnamese does not use, the
/// byte order mark and non-characters.
fn deceives(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
        | '\u{FFFE}' | '\u{FFFF}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decomposed_vietnamese_is_composed() {
        let decomposed: String = "Nguyễn Huệ".nfd().collect();
        assert_eq!(clean(&decomposed, 20).unwrap().unwrap(), "Nguyễn Huệ");
        assert_eq!(clean("  \n ", 20), Ok(None));
    }

    #[test]
    fn what_deceives_the_eye_is_refused() {
        assert_eq!(clean("a\u{202E}b", 20), Err(TextError::Forbidden(0x202E)));
        assert_eq!(clean("a\0b", 20), Err(TextError::Forbidden(0)));
        assert_eq!(clean(&format!("z{}", "\u{0301}".repeat(40)), 99), Err(TextError::Marks(8)));
        assert!(matches!(clean(&"ờ".repeat(21), 20), Err(TextError::TooLong { max: 20, got: 21 })));
        assert!(matches!(clean(&"e\u{0301}".repeat(1_000_000), 20), Err(TextError::TooLong { .. })));
    }
}
