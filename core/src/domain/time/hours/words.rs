//! The words in texts of opening hours.

use super::read::{Part, Token};
use super::{ALWAYS, HOLIDAY};

/// Words of Vietnamese lists, longer ones before those that they begin with; without a token they say nothing.
const VIETNAMESE: &[(&str, Option<Token>)] = &[
    ("cả ngày", Some(Token::AllDay)),
    ("suốt ngày", Some(Token::AllDay)),
    ("hàng ngày", Some(Token::Days(ALWAYS))),
    ("hằng ngày", Some(Token::Days(ALWAYS))),
    ("mỗi ngày", Some(Token::Days(ALWAYS))),
    ("các ngày trong tuần", Some(Token::Days(ALWAYS))),
    ("chủ nhật", Some(Token::Days(1 << 6))),
    ("thứ hai", Some(Token::Days(1))),
    ("thứ ba", Some(Token::Days(1 << 1))),
    ("thứ tư", Some(Token::Days(1 << 2))),
    ("thứ năm", Some(Token::Days(1 << 3))),
    ("thứ sáu", Some(Token::Days(1 << 4))),
    ("thứ bảy", Some(Token::Days(1 << 5))),
    ("ngày lễ tết", Some(Token::Days(HOLIDAY))),
    ("ngày lễ, tết", Some(Token::Days(HOLIDAY))),
    ("ngày lễ", Some(Token::Days(HOLIDAY))),
    ("lễ tết", Some(Token::Days(HOLIDAY))),
    ("lễ, tết", Some(Token::Days(HOLIDAY))),
    ("lễ", Some(Token::Days(HOLIDAY))),
    ("buổi sáng", Some(Token::Part(Part::Morning))),
    ("sáng", Some(Token::Part(Part::Morning))),
    ("trưa", Some(Token::Part(Part::Noon))),
    ("buổi chiều", Some(Token::Part(Part::Afternoon))),
    ("chiều", Some(Token::Part(Part::Afternoon))),
    ("buổi tối", Some(Token::Part(Part::Evening))),
    ("tối", Some(Token::Part(Part::Evening))),
    ("nghỉ", Some(Token::Off)),
    ("đóng cửa", Some(Token::Off)),
    ("không làm việc", Some(Token::Off)),
    ("đến", Some(Token::Dash)),
    ("tới", Some(Token::Dash)),
    ("và", Some(Token::Comma)),
    ("mở cửa", None),
    ("làm việc", None),
    ("các ngày", None),
    ("ngày", None),
    ("từ", None),
    ("cn", Some(Token::Days(1 << 6))),
];

const ENGLISH: &[(&str, Option<Token>)] = &[
    ("all day", Some(Token::AllDay)),
    ("daily", Some(Token::Days(ALWAYS))),
    ("closed", Some(Token::Off)),
    ("off", Some(Token::Off)),
    ("to", Some(Token::Dash)),
    ("and", Some(Token::Comma)),
    ("from", None),
    ("open", None),
    ("ph", Some(Token::Days(HOLIDAY))),
];

/// A day, a keyword for always or never, or a separator; the inner `None` for a word that is ignored. Whether it
/// is one of Vietnamese lists.
pub(super) fn word(text: &str) -> Option<(Option<Token>, &str, bool)> {
    const DAYS: [&str; 7] = ["mo", "tu", "we", "th", "fr", "sa", "su"];
    const LONG: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphabetic());
    for (words, spoken) in [(VIETNAMESE, true), (ENGLISH, false)] {
        for (word, token) in words {
            if let Some(rest) = text.strip_prefix(word).filter(|r| ends(r)) {
                return Some((*token, rest, spoken));
            }
        }
    }
    for (n, name) in DAYS.iter().enumerate() {
        let found =
            [LONG[n], &LONG[n][..3], name].into_iter().find_map(|w| text.strip_prefix(w).filter(|r| ends(r)));
        if let Some(rest) = found {
            return Some((Some(Token::Days(1 << n)), rest, false));
        }
    }
    // T2 or thứ 2 is Monday … T7 is Saturday.
    let rest = text.strip_prefix("thứ").or_else(|| text.strip_prefix('t'))?.trim_start();
    let n = rest.bytes().next().filter(|b| (b'2'..=b'7').contains(b))? - b'2';
    let rest = &rest[1..];
    (!rest.starts_with(|c: char| c.is_alphanumeric())).then_some((Some(Token::Days(1 << n)), rest, true))
}
