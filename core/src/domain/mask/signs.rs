//! A text as signs: letters without tone marks and in lower case, digits of every script as ours, and nothing that has
//! no width. So a number is one however it was typed.

use std::ops::Range;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// What stands in the place of signs that were found.
pub(super) const TAKEN: char = '\u{FFFF}';
/// How many signs before a number are looked at for a word that says what it is.
const WINDOW: usize = 24;

/// Where the decimal digits of other scripts begin (Unicode 16, `Nd`), without those that are ours in another dress.
const ZEROS: [u32; 60] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
    0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0x104A0, 0x10D30, 0x11066,
    0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950,
];
/// Where digits in circles begin, with one.
const ONES: [u32; 4] = [0x24F5, 0x2776, 0x2780, 0x278A];

/// A sign of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    /// Its first byte, and the one behind its last.
    pub(super) from: usize,
    pub(super) to: usize,
    /// A letter in lower case and without marks, a digit of ours, one kind of space; else as it is.
    pub(super) c: char,
    /// Whether it was a letter or digit of ASCII, in whatever dress.
    pub(super) plain: bool,
    /// Whether it was a capital.
    pub(super) upper: bool,
}

impl Sign {
    pub(super) fn digit(self) -> Option<u8> {
        self.c.is_ascii_digit().then_some(self.c as u8)
    }

    pub(super) fn is_digit(self) -> bool {
        self.c.is_ascii_digit()
    }

    pub(super) fn is_letter(self) -> bool {
        self.c.is_alphabetic()
    }

    pub(super) fn is_dash(self) -> bool {
        matches!(self.c, '-' | '_' | '~' | '*' | '|' | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}')
    }

    pub(super) fn is_dot(self) -> bool {
        matches!(self.c, '.' | '·' | '•' | '∙' | '‧' | '・')
    }
}

/// Whether anything can be in a text that is masked: without a digit, an @ and a bracket nothing can.
pub(super) fn may_hold(text: &str) -> bool {
    text.chars().any(|c| match c {
        '@' | '(' | '[' | '{' | '<' | '0'..='9' => true,
        // Letters of Vietnamese, and marks.
        '\0'..='\u{7F}' | 'À'..='\u{24F}' | '\u{300}'..='\u{36F}' | '\u{1E00}'..='\u{1EFF}' => false,
        c => {
            let mut some = script_digit(c).is_some();
            decompose_compatible(c, |d| {
                some |= d.is_ascii_digit() || matches!(d, '@' | '(' | '[' | '{' | '<')
            });
            some
        }
    })
}

/// The signs of a text.
pub(super) fn signs(text: &str) -> Vec<Sign> {
    let mut all = Vec::with_capacity(text.len());
    for (from, c) in text.char_indices() {
        let to = from + c.len_utf8();
        let mut put = |d: char, plain: bool| {
            let lower = if d == 'đ' || d == 'Đ' { 'd' } else { d.to_lowercase().next().unwrap_or(d) };
            let c = if d.is_whitespace() && d != '\n' { ' ' } else { lower };
            all.push(Sign { from, to, c, plain: plain && d.is_ascii(), upper: d.is_uppercase() });
        };
        if c.is_ascii() {
            put(c, true);
        } else if let Some(digit) = script_digit(c) {
            put(digit, true);
        } else {
            let mut plain = true;
            decompose_compatible(c, |d| plain &= !is_combining_mark(d));
            decompose_compatible(c, |d| {
                if !has_no_width(d) {
                    put(d, plain);
                }
            });
        }
    }
    all
}

/// What is seen on the sign before it, or not at all.
fn has_no_width(c: char) -> bool {
    is_combining_mark(c)
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFC}' | '\u{E0000}'..='\u{E0FFF}')
}

/// A digit that is no other dress of ours.
fn script_digit(c: char) -> Option<char> {
    let n = c as u32;
    if n < ZEROS[0] {
        return None;
    }
    let ours = |value: u32| char::from_digit(value, 10);
    if n == 0x24FF {
        return ours(0);
    }
    if let Some(one) = ONES.iter().find(|one| (**one..**one + 9).contains(&n)) {
        return ours(n - one + 1);
    }
    let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= n) - 1];
    ours(n - zero).filter(|_| n - zero < 10)
}

/// The words before a sign in its line, each between spaces, as far back as they can speak of it.
pub(super) fn words_before(signs: &[Sign], at: usize) -> String {
    let mut from = at;
    while from > 0 && at - from < WINDOW && !matches!(signs[from - 1].c, '\n' | '[' | ']' | TAKEN) {
        from -= 1;
    }
    let mut words = String::from(" ");
    for s in &signs[from..at] {
        if s.is_letter() {
            words.push(s.c);
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
}

/// Whether words hold one of these, which stand between spaces.
pub(super) fn hold(words: &str, names: &[&str]) -> bool {
    names.iter().any(|name| words.contains(name))
}

/// The letters of the word before a sign, without a space between.
pub(super) fn word_touching(signs: &[Sign], at: usize) -> Range<usize> {
    let from = signs[..at].iter().rposition(|s| !s.is_letter()).map_or(0, |i| i + 1);
    from..at
}

/// Whether a number that ends before this sign is an amount, by the word behind it.
pub(super) fn is_amount(text: &str, signs: &[Sign], end: usize) -> bool {
    // With their marks: “đóng” and “đông” are no money.
    const UNITS: [&str; 20] = [
        "đ", "đồng", "dong", "vnđ", "vnd", "usd", "eur", "triệu", "trieu", "tr", "tỷ", "tỉ", "ty", "nghìn",
        "nghin", "ngàn", "ngan", "k", "đô", "người",
    ];
    let begin = end + usize::from(signs.get(end).is_some_and(|s| s.c == ' '));
    let Some(first) = signs.get(begin) else { return false };
    if matches!(first.c, '$' | '₫' | '€' | '%') {
        return true;
    }
    let letters = signs[begin..].iter().take(9).take_while(|s| s.is_letter()).count();
    let word = &text[first.from..signs[begin + letters.max(1) - 1].to];
    letters > 0 && UNITS.contains(&&*word.to_lowercase())
}
