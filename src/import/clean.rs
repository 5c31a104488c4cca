//! Letters as they ought to be: composed, with plain spaces; what was changed is counted.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// What was found in the letters of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Letters {
    /// Decomposed Unicode, which was composed (NFC).
    pub(super) decomposed: bool,
    /// No-break spaces, which became spaces.
    pub(super) no_break: bool,
    /// Ð (U+00D0) where Đ (U+0110) is meant; it was kept.
    pub(super) eth: bool,
}

/// A text in NFC with plain spaces.
pub(super) fn clean(text: String, found: &mut Letters) -> String {
    if text.is_ascii() {
        return text;
    }
    let no_break = |c: char| matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}');
    found.eth |= text.contains('\u{d0}');
    found.no_break |= text.contains(no_break);
    let plain = text.replace(no_break, " ");
    if is_nfc(&plain) {
        return plain;
    }
    found.decomposed = true;
    plain.nfc().collect()
}

/// A name to be compared: composed, with plain spaces, without regard to case and to what stands around.
pub(super) fn folded(name: &str) -> String {
    clean(name.to_owned(), &mut Letters::default()).trim_matches(['\u{feff}', ' ', '\t']).to_lowercase()
}
