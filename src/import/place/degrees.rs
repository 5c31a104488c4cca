//! Angles as people write them: decimals with point or comma, degrees with minutes and seconds, with signs or
//! letters (N S E W, B Đ T, or words); one of them, or a pair in one cell.

/// One piece of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    /// A number and how many digits stand behind its point.
    Number(f64, usize),
    Minus,
    Degree,
    Minute,
    Second,
    Letter(Letter),
    Separator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    North,
    South,
    East,
    West,
    /// N beside Đ or T: north, or “nam”.
    Either,
}

/// An angle with the axis that its letter names.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Angle {
    degrees: f64,
    /// Whether it is a longitude, when that is said.
    is_lon: Option<bool>,
    /// Digits behind the point, or more when it has minutes.
    digits: usize,
}

/// Digits behind the point from which two numbers are a place wherever they stand.
const PLACE_DIGITS: usize = 3;

/// One angle; `is_lon` is the axis of its column.
///
/// # Errors
/// Why it is none.
pub(super) fn one(text: &str, is_lon: bool) -> Result<f64, String> {
    if let Some(n) = text.parse().ok().filter(|n: &f64| n.is_finite()) {
        return Ok(n);
    }
    let angle = tokens(text).and_then(|t| angle(&t)).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        format!("is “{shown}”, no number and no degrees")
    })?;
    match angle.is_lon {
        Some(said) if said != is_lon => {
            let (said, axis) = if said { ("longitude", "latitude") } else { ("latitude", "longitude") };
            Err(format!("is a {said} by its letter where the column is the {axis}"))
        }
        _ => Ok(angle.degrees),
    }
}

/// A pair as longitude and latitude: by their letters, else latitude first, unless only the other order can
/// be. None when the text is no pair.
pub(super) fn pair(text: &str) -> Option<Result<(f64, f64), String>> {
    let (a, b) = angles(text)?;
    Some(match (a.is_lon, b.is_lon) {
        (Some(false), Some(true)) => Ok((b.degrees, a.degrees)),
        (Some(true), Some(false)) => Ok((a.degrees, b.degrees)),
        (Some(_), Some(_)) => Err("names the same axis twice".to_owned()),
        _ if a.degrees.abs() > 90.0 => Ok((a.degrees, b.degrees)),
        _ => Ok((b.degrees, a.degrees)),
    })
}

/// Whether a text can only be a pair of degrees. `likely`: it stands where such a pair is expected.
pub(super) fn is_pair(text: &str, likely: bool) -> bool {
    // A look at a row is cheap where its cells are plain texts.
    text.len() < 80
        && text.contains(|c: char| c.is_ascii_digit())
        && angles(text).is_some_and(|(a, b)| {
            let sure = |x: &Angle| x.is_lon.is_some() || x.digits >= if likely { 1 } else { PLACE_DIGITS };
            sure(&a) && sure(&b) && a.degrees.abs() <= 180.0 && b.degrees.abs() <= 180.0
        })
}

fn angles(text: &str) -> Option<(Angle, Angle)> {
    use Token::{Letter as L, Number};
    let inner = text.trim().trim_matches(['(', ')', '[', ']']);
    let mut tokens = tokens(inner)?;
    // N beside Vietnamese letters may be “nam”.
    let vietnamese = inner.contains(['Đ', 'đ', 'Ð', 'T', 't']) && !inner.contains(['E', 'W', 'e', 'w']);
    if vietnamese {
        for t in &mut tokens {
            if *t == L(Letter::North) && !inner.contains(['B', 'b']) {
                *t = L(Letter::Either);
            }
        }
    }
    let letters: Vec<usize> = positions(&tokens, |t| matches!(t, L(_)));
    let (left, right) = match letters.as_slice() {
        // A letter before each angle, or behind it.
        [0, second] => tokens.split_at(*second),
        [first, last] if *last + 1 == tokens.len() => tokens.split_at(*first + 1),
        [] => {
            let cuts = positions(&tokens, |t| *t == Token::Separator);
            let degrees = positions(&tokens, |t| *t == Token::Degree);
            let numbers = positions(&tokens, |t| matches!(t, Number(..)));
            let begins = |i: usize| if i > 0 && tokens[i - 1] == Token::Minus { i - 1 } else { i };
            match (cuts.as_slice(), degrees.as_slice(), numbers.as_slice()) {
                ([cut], ..) => tokens.split_at(*cut),
                ([], [_, second], _) if *second > 0 => tokens.split_at(begins(second - 1)),
                ([], _, [_, second]) => tokens.split_at(begins(*second)),
                _ => return None,
            }
        }
        _ => return None,
    };
    let bare =
        |part: &[Token]| angle(&part.iter().copied().filter(|t| *t != Token::Separator).collect::<Vec<_>>());
    Some((bare(left)?, bare(right)?))
}

fn positions(tokens: &[Token], is: impl Fn(&Token) -> bool) -> Vec<usize> {
    tokens.iter().enumerate().filter(|(_, t)| is(t)).map(|(i, _)| i).collect()
}

fn angle(tokens: &[Token]) -> Option<Angle> {
    let mut letter = None;
    let mut minus = false;
    let mut parts: Vec<(f64, usize)> = Vec::new();
    let mut marked = 0;
    for (i, token) in tokens.iter().enumerate() {
        match *token {
            Token::Letter(l) if letter.is_none() && (i == 0 || i + 1 == tokens.len()) => letter = Some(l),
            Token::Minus if parts.is_empty() && !minus => minus = true,
            Token::Number(n, digits) if parts.len() < 3 => parts.push((n, digits)),
            // Each mark stands behind its number, in their order.
            Token::Degree if parts.len() == 1 && marked == 0 => marked = 1,
            Token::Minute if parts.len() == 2 && marked < 2 => marked = 2,
            Token::Second if parts.len() == 3 && marked < 3 => marked = 3,
            _ => return None,
        }
    }
    let (last, whole) = parts.split_last()?;
    if whole.iter().any(|(n, _)| n.fract() != 0.0) || parts[1..].iter().any(|(n, _)| *n >= 60.0) {
        return None;
    }
    // Several numbers without a mark or a letter are not one angle.
    if parts.len() > 1 && marked == 0 && letter.is_none() {
        return None;
    }
    let degrees = parts.iter().rev().fold(0.0, |sum, (n, _)| sum / 60.0 + n);
    let (is_lon, negative) = match letter {
        None => (None, minus),
        Some(l) if minus || l == Letter::Either => return None,
        Some(l) => {
            (Some(matches!(l, Letter::East | Letter::West)), matches!(l, Letter::South | Letter::West))
        }
    };
    let digits = last.1 + if parts.len() > 1 { PLACE_DIGITS } else { 0 };
    Some(Angle { degrees: if negative { -degrees } else { degrees }, is_lon, digits })
}

/// Words that stand for marks and letters.
const WORDS: [(&str, &str); 15] = [
    ("kinh độ", ""),
    ("vĩ độ", ""),
    ("vĩ", ""),
    ("kinh", ""),
    ("độ", "°"),
    ("phút", "'"),
    ("giây", "\""),
    ("bắc", "b"),
    ("nam", "s"),
    ("đông", "e"),
    ("tây", "w"),
    ("north", "n"),
    ("south", "s"),
    ("east", "e"),
    ("west", "w"),
];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut plain = text.to_lowercase();
    if plain.len() > 200 {
        return None;
    }
    for (word, mark) in WORDS {
        if plain.contains(word) {
            plain = plain.replace(word, mark);
        }
    }
    let plain = plain.replace("''", "\"").replace("′′", "\"");
    // A comma between digits is a decimal one, unless decimals have points.
    let comma_decimals = !plain.contains('.');
    let chars: Vec<char> = plain.chars().collect();
    let mut out = Vec::new();
    let mut i = 0;
    while let Some(&c) = chars.get(i) {
        let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() {
            let begin = i;
            while digit(i) {
                i += 1;
            }
            let mut number: String = chars[begin..i].iter().collect();
            let point = chars.get(i).is_some_and(|p| *p == '.' || (*p == ',' && comma_decimals));
            let mut digits = 0;
            if point && digit(i + 1) {
                number.push('.');
                i += 1;
                while digit(i) {
                    number.push(chars[i]);
                    digits += 1;
                    i += 1;
                }
            }
            out.push(Token::Number(number.parse().ok()?, digits));
            continue;
        }
        i += 1;
        out.push(match c {
            c if c.is_whitespace() || c == '+' => continue,
            '-' | '−' | '–' => Token::Minus,
            '°' | 'º' | '˚' => Token::Degree,
            '\'' | '′' | '’' | '‘' | 'ʹ' | '´' | '`' => Token::Minute,
            '"' | '″' | '”' | '“' | 'ʺ' => Token::Second,
            ',' | ';' | '/' | '|' => Token::Separator,
            'n' | 'b' => Token::Letter(Letter::North),
            's' => Token::Letter(Letter::South),
            'e' | 'đ' | 'ð' => Token::Letter(Letter::East),
            'w' | 't' => Token::Letter(Letter::West),
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAT: f64 = 10.0 + 46.0 / 60.0 + 37.1 / 3600.0;
    const LON: f64 = 106.0 + 42.0 / 60.0 + 3.5 / 3600.0;

    #[test]
    fn a_pair_is_read_however_it_is_written() {
        for text in [
            "10°46'37.1\"N 106°42'03.5\"E",
            "10° 46′ 37.1″ N, 106° 42′ 3.5″ E",
            "10°46'37,1\"B; 106°42'03,5\"Đ",
            "106°42'3.5\"E 10°46'37.1\"N",
            "N10°46'37.1\" E106°42'03.5\"",
            "10 46 37.1 N 106 42 3.5 E",
            "10º46’37.1”N 106º42’03.5”E",
            "10°46'37.1'' N / 106°42'3.5'' E",
            "10 độ 46 phút 37,1 giây Bắc, 106 độ 42 phút 3,5 giây Đông",
            "10°46'37.1\" 106°42'3.5\"",
            "10°46'37.1\", 106°42'3.5\"",
            "vĩ độ 10°46'37.1\" Bắc kinh độ 106°42'3.5\" Đông",
        ] {
            let (lon, lat) = pair(text).unwrap_or_else(|| panic!("{text}")).unwrap();
            assert!((lon - LON).abs() < 1e-9 && (lat - LAT).abs() < 1e-9, "{text}: {lon} {lat}");
            assert!(is_pair(text, false), "{text}");
        }
        for text in [
            "10.7769, 106.7009",
            "(10.7769,106.7009)",
            "106.7009 10.7769",
            "10,7769; 106,7009",
            "10,7769, 106,7009",
            "10.7769N 106.7009E",
            "10.7769° N, 106.7009° E",
            "[106.7009, 10.7769]",
            "10°46.614'N 106°42.054'E",
        ] {
            let (lon, lat) = pair(text).unwrap_or_else(|| panic!("{text}")).unwrap();
            assert!((lon - 106.7009).abs() < 1e-9 && (lat - 10.7769).abs() < 1e-9, "{text}: {lon} {lat}");
        }
        assert_eq!(pair("-33.8568, 151.2153"), Some(Ok((151.2153, -33.8568))));
        assert_eq!(pair("-33.8568 -70.6483"), Some(Ok((-70.6483, -33.8568))));
        let (_, south) = pair("33°51'S 151°12'E").unwrap().unwrap();
        assert!((south + 33.85).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_pair_or_could_be_two_is_none() {
        for text in [
            "",
            "12 Lê Lợi, 3",
            "10.7769",
            "10.7769, 106.7009, 5",
            "10°46'37\"N",
            "10°76'37\"N 106°42'03\"E",
            "10.5°46'N 106°42'E",
            "10°46'N 106°42'Đ",
            "1 2 3 4",
            "N/A",
            "10,106",
        ] {
            assert_eq!(pair(text), None, "{text}");
        }
        assert!(pair("10°46'N 11°46'N").unwrap().unwrap_err().contains("twice"));
        for text in ["1, 2", "24, 15", "3.5, 4.5", "10/12"] {
            assert!(!is_pair(text, false), "{text}");
        }
    }

    #[test]
    fn a_column_holds_one_angle() {
        for text in ["106.7009", "106,7009", "106°42.054'E", "E 106.7009", "106.7009°", "+106.7009"] {
            assert!((one(text, true).unwrap() - 106.7009).abs() < 1e-9, "{text}");
        }
        assert_eq!(one("−70,6483", true), Ok(-70.6483));
        assert_eq!(one("70°38'W", true), Ok(-(70.0 + 38.0 / 60.0)));
        assert!(one("10°46'N", true).unwrap_err().contains("a latitude by its letter"));
        for text in ["106.700.545", "1.191.454,72", "east", "NaN", "10.7769, 106.7009", "106 42 3"] {
            assert!(one(text, true).unwrap_err().contains("no number"), "{text}");
        }
    }
}
