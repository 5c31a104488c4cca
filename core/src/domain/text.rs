//! Text from people: normalised to NFC, limited in length, without characters that deceive the
//! reader. Invisible marks that pasting brings are taken off; joined emoji stay joined.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

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
    /// Characters that turn the writing direction, so that people read other words than are there.
    #[error(
        "có ký tự ẩn đảo chiều chữ (U+{0:04X}), thường lẫn vào khi dán: xin xóa chỗ đó và gõ lại / \
         must not contain the invisible character U+{0:04X}, which reverses the direction of letters and often \
         comes with pasted text: delete that part and type it again"
    )]
    Turns(u32),
    /// Control characters.
    #[error(
        "có ký tự điều khiển (U+{0:04X}), thường lẫn vào khi dán: xin xóa chỗ đó và gõ lại / \
         must not contain the control character U+{0:04X}: delete that part and type it again"
    )]
    Forbidden(u32),
    /// Too many combining marks on one letter.
    #[error("must not have more than {0} combining marks on one letter")]
    Marks(usize),
}

/// Vietnamese needs two marks on a letter, other scripts a few more.
const MAX_MARKS: usize = 8;

/// Joins emoji to one.
const JOINER: char = '\u{200D}';
/// A flag that letters of the plane of tags follow, like that of Scotland.
const TAGGED_FLAG: char = '\u{1F3F4}';

/// Takes pasted marks off, trims, normalises to NFC and checks a text. Line feeds and tabs are kept,
/// carriage returns are dropped, other signs of a new line become one. Returns `None` if nothing is left.
///
/// # Errors
/// See [`TextError`].
pub fn clean(raw: &str, max: usize) -> Result<Option<String>, TextError> {
    // Checked before normalisation, which can triple the length at most.
    if raw.len() > max.saturating_mul(16) {
        return Err(TextError::TooLong { max, got: raw.chars().count() });
    }
    let plain = unmarked(raw);
    let mut marks = 0;
    let mut out = String::with_capacity(plain.len());
    for c in plain.trim().nfc() {
        if turns(c) {
            return Err(TextError::Turns(c as u32));
        }
        if (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{FFFE}' | '\u{FFFF}') {
            return Err(TextError::Forbidden(c as u32));
        }
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
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

/// The text without what nobody sees and nobody typed, and with one sign for a new line.
fn unmarked(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().filter(|c| *c != '\r' && !is_pasted(*c)).peekable();
    while let Some(c) = chars.next() {
        match c {
            JOINER if !(ends_in_emoji(&out) && chars.peek().is_some_and(|c| is_emoji(*c))) => {}
            // Letters of tags are invisible: outside a flag they hide words.
            '\u{E0000}'..='\u{E007F}' if !ends_in_flag(&out) => {}
            '\u{0B}' | '\u{0C}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            c => out.push(c),
        }
    }
    out
}

/// Characters without width that word processors, web pages and address books bring along: breaks and
/// joins of words, the byte order mark, marks of the left-to-right direction that Vietnamese has anyway.
fn is_pasted(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200C}' | '\u{200E}'
        | '\u{200F}' | '\u{202A}' | '\u{202C}' | '\u{2060}'..='\u{2066}' | '\u{2068}'..='\u{206F}'
        | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFC}')
}

/// Embeddings, overrides and isolates after which letters run from right to left, or from left to right
/// whatever they are.
fn turns(c: char) -> bool {
    matches!(c, '\u{202B}' | '\u{202D}' | '\u{202E}' | '\u{2067}')
}

/// Whether the last character that has a width of its own is an emoji.
fn ends_in_emoji(text: &str) -> bool {
    let dress = |c: char| matches!(c, '\u{FE0E}' | '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{20E3}');
    text.chars().rev().find(|c| !dress(*c)).is_some_and(is_emoji)
}

fn ends_in_flag(text: &str) -> bool {
    let tag = |c: char| matches!(c, '\u{E0020}'..='\u{E007E}');
    text.chars().rev().find(|c| !tag(*c)) == Some(TAGGED_FLAG)
}

/// The blocks in which pictures lie (Unicode, `Extended_Pictographic`).
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{24C2}' | '\u{25A0}'..='\u{27BF}'
        | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}'
        | '\u{3299}' | '\u{1F000}'..='\u{1FAFF}')
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
        for c in ['\u{202E}', '\u{202D}', '\u{202B}', '\u{2067}'] {
            assert_eq!(clean(&format!("a{c}b"), 20), Err(TextError::Turns(c as u32)));
        }
        assert_eq!(clean("a\0b", 20), Err(TextError::Forbidden(0)));
        assert_eq!(clean(&format!("z{}", "\u{0301}".repeat(40)), 99), Err(TextError::Marks(8)));
        assert!(matches!(clean(&"ờ".repeat(21), 20), Err(TextError::TooLong { max: 20, got: 21 })));
        assert!(matches!(clean(&"e\u{0301}".repeat(1_000_000), 20), Err(TextError::TooLong { .. })));
    }

    #[test]
    fn joined_emoji_come_back_as_they_were() {
        for text in [
            "Ổ gà to quá 🤦\u{200D}♂\u{FE0F}",
            "🧑\u{200D}🦽 👨\u{200D}👩\u{200D}👧\u{200D}👦 ❤\u{FE0F}\u{200D}🩹",
            "👩🏽\u{200D}🚒 🏳\u{FE0F}\u{200D}🌈 🙂\u{200D}↔\u{FE0F} 🐈\u{200D}⬛",
            "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} 1\u{FE0F}\u{20E3} 🇻🇳",
        ] {
            assert_eq!(clean(text, 200).unwrap().as_deref(), Some(text));
        }
    }

    #[test]
    fn what_pasting_brings_is_taken_off() {
        for (pasted, plain) in [
            ("Ổ gà\u{200B} trước chợ", "Ổ gà trước chợ"),
            ("\u{FEFF}Dán: \u{200E}10.7725, 106.69833\u{200E} xin", "Dán: 10.7725, 106.69833 xin"),
            // A number from an address book, a soft hyphen, a joiner between letters, one at the end.
            ("gọi \u{202A}0908 000 000\u{202C} \u{2068}A\u{2069}", "gọi 0908 000 000 A"),
            ("công\u{AD}viên a\u{200D}b 🚧\u{200D}", "côngviên ab 🚧"),
            ("\u{200B} \u{2060}hố ga\u{FEFF} \u{200B}", "hố ga"),
            ("e\u{200B}\u{0302}\u{0301}", "ế"),
            ("dòng 1\u{2028}dòng 2\u{0B}dòng 3\r\n", "dòng 1\ndòng 2\ndòng 3"),
            ("an\u{E0041}\u{E0042}h", "anh"),
        ] {
            assert_eq!(clean(pasted, 200).unwrap().as_deref(), Some(plain), "{pasted:?}");
        }
        assert_eq!(clean("\u{200B}\u{FEFF}", 20), Ok(None));
    }

    #[test]
    fn a_refusal_says_what_to_do_in_both_languages() {
        let said = clean("a\u{202E}b", 20).unwrap_err().to_string();
        assert!(said.contains("xóa") && said.contains("type it again") && said.contains("202E"), "{said}");
    }

    proptest::proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(text in "[a-zđ\u{200D}\u{200B}\u{FE0F}\u{301}🚧♂\u{E0041}🏴\n ]{0,20}") {
            if let Ok(Some(once)) = clean(&text, 100) {
                proptest::prop_assert_eq!(clean(&once, 100), Ok(Some(once)));
            }
        }
    }
}
