//! Patterns of `LIKE`, and texts with cases and accents folded away, all by code points.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What is folded away before texts are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fold {
    /// Upper and lower case (`CASEI`).
    pub case: bool,
    /// Marks on letters and the stroke of đ (`ACCENTI`).
    pub accent: bool,
}

impl Fold {
    /// The text with that folded away; folding again changes nothing.
    pub fn of(self, text: &str) -> Cow<'_, str> {
        if self == Self::default() {
            return Cow::Borrowed(text);
        }
        let mut out: String = text.to_owned();
        if self.case {
            // Ð (eth) and Ɖ often stand for Đ, which they look like.
            let letter = |c| match c {
                'ð' | 'ɖ' => 'đ',
                c => c,
            };
            out = out.to_lowercase().chars().map(letter).collect();
        }
        if self.accent {
            let plain = |c| match c {
                'đ' | 'ð' | 'ɖ' => 'd',
                'Đ' | 'Ð' | 'Ɖ' => 'D',
                c => c,
            };
            out = out.nfd().filter(|c| !is_combining_mark(*c)).map(plain).collect();
        }
        // Lower case after the marks are gone, too: İ leaves a mark behind.
        Cow::Owned(if self.case { out.to_lowercase() } else { out }.nfc().collect())
    }
}

/// A pattern of `LIKE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// `%`: any characters, or none.
    Many,
    /// `_`: one character.
    One,
    /// This character.
    Char(char),
}

impl Pattern {
    /// Reads a pattern: `%` stands for any characters, `_` for one, `\` takes the next as it is.
    ///
    /// # Errors
    /// When it ends in `\`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts: Vec<Part> = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let part = match c {
                '\\' => {
                    Part::Char(chars.next().ok_or("ends in a backslash, which takes the next character")?)
                }
                '%' => Part::Many,
                '_' => Part::One,
                c => Part::Char(c),
            };
            if part != Part::Many || parts.last() != Some(&Part::Many) {
                parts.push(part);
            }
        }
        Ok(Self(parts))
    }

    /// The one text it fits, if it stands for one only.
    pub(super) fn exact(&self) -> Option<String> {
        self.0.iter().map(|p| if let Part::Char(c) = p { Some(*c) } else { None }).collect()
    }

    /// Whether it fits every text.
    pub(super) fn fits_all(&self) -> bool {
        self.0 == [Part::Many]
    }

    /// Whether it fits the whole text. No pattern takes longer than the product of both lengths.
    pub fn fits(&self, text: &str) -> bool {
        let parts = &self.0;
        let mut chars = text.chars();
        let mut at = 0;
        // Where to go on when the way since the last `%` fails: one character further.
        let mut again: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            if parts.get(at) == Some(&Part::Many) {
                at += 1;
                again = Some((at, chars.clone()));
                continue;
            }
            let Some(c) = chars.next() else {
                return at == parts.len();
            };
            let fits = match parts.get(at) {
                Some(Part::One) => true,
                Some(Part::Char(p)) => *p == c,
                _ => false,
            };
            if fits {
                at += 1;
                continue;
            }
            let Some((back, rest)) = &mut again else { return false };
            if rest.next().is_none() {
                return false;
            }
            (at, chars) = (*back, rest.clone());
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.0 {
            match part {
                Part::Many => f.write_str("%")?,
                Part::One => f.write_str("_")?,
                Part::Char(c @ ('%' | '_' | '\\')) => write!(f, "\\{c}")?,
                Part::Char(c) => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The slow and obvious way.
    fn fits(pattern: &[Part], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [Part::Many, rest @ ..] => (0..=text.len()).any(|n| fits(rest, &text[n..])),
            [Part::One, rest @ ..] => !text.is_empty() && fits(rest, &text[1..]),
            [Part::Char(c), rest @ ..] => text.first() == Some(c) && fits(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn a_pattern_fits_what_it_says(pattern in "[ab%_]{0,8}", text in "[abđ]{0,8}") {
            let p = Pattern::parse(&pattern).unwrap();
            prop_assert_eq!(p.fits(&text), fits(&p.0, &text.chars().collect::<Vec<_>>()));
            prop_assert_eq!(Pattern::parse(&p.to_string()).unwrap(), p);
        }

        #[test]
        fn folding_twice_is_folding_once(text in any::<String>(), case in any::<bool>(), accent in any::<bool>()) {
            let fold = Fold { case, accent };
            let once = fold.of(&text).into_owned();
            prop_assert_eq!(fold.of(&once).into_owned(), once);
        }
    }

    #[test]
    fn vietnamese_is_found_without_its_marks() {
        let fold = Fold { case: true, accent: true };
        assert_eq!(fold.of("Đường Nguyễn Huệ"), "duong nguyen hue");
        assert_eq!(Fold { case: true, accent: false }.of("ĐƯỜNG"), "đường");
        assert_eq!(Fold { case: false, accent: true }.of("Ðường"), "Duong");
        // The letters that stand for đ in either case, whichever is folded first.
        let (case, accent) = (Fold { case: true, accent: false }, Fold { case: false, accent: true });
        for text in ["ÐA KAO", "Ða Kao", "ða kao", "Ɖa Kao", "ɖa kao", "Đa Kao", "Da Kao"] {
            assert_eq!(fold.of(text), "da kao");
            assert_eq!(case.of(&accent.of(text)), "da kao");
            assert_eq!(accent.of(&case.of(text)), "da kao");
        }
        assert_eq!(case.of("Ða Kao"), "đa kao");
    }

    #[test]
    fn a_backslash_takes_the_next_character_as_it_is() {
        let p = Pattern::parse(r"100\%").unwrap();
        assert!(p.fits("100%") && !p.fits("100 ") && p.exact().as_deref() == Some("100%"));
        assert!(Pattern::parse(r"a\").is_err());
        assert!(Pattern::parse("%%").unwrap().fits_all());
    }
}
