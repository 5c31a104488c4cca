//! What the units of a city are called: their kinds, and the form of their codes. A city's pack says both.
//! Not here: one unit (area), one ward's id (ward).

use std::fmt;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::domain::{Lang, Text};

/// A kind of unit, like a ward or a commune.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitKind {
    /// The public name, plain ASCII: `phuong`.
    pub code: String,
    /// The name for people: `Phường`, `Ward`.
    pub name: Text,
    /// The word that the names of its units begin with; none when names stand alone.
    pub prefix: Option<String>,
    /// Whether maps leave the prefix out where units are small, so that more names find room.
    pub short: bool,
    /// How many reports a unit of this kind gets in a generated city, beside others of its size.
    pub weight: f64,
}

impl UnitKind {
    /// The name of a unit in NFC, with the prefix once in front.
    pub fn full_name(&self, name: &str) -> String {
        let name = name.trim().nfc().collect::<String>();
        let Some(prefix) = &self.prefix else { return name };
        let has_prefix = name.to_lowercase().starts_with(&format!("{} ", prefix.to_lowercase()));
        if has_prefix { name } else { format!("{prefix} {name}") }
    }

    /// A full name as maps show it where units are small.
    pub fn short_name<'a>(&self, name: &'a str) -> &'a str {
        let prefix = self.prefix.as_ref().filter(|_| self.short);
        prefix.and_then(|p| name.strip_prefix(p.as_str())?.strip_prefix(' ')).unwrap_or(name)
    }

    /// A full name inside a sentence: `phường Sài Gòn`, `Sài Gòn Ward`. With a number for a name the kind keeps its
    /// capital in Vietnamese and its place in English: `Phường 12`, `Ward 12`.
    pub fn in_sentence(&self, name: &str, lang: Lang) -> String {
        let bare = self.prefix.as_ref().and_then(|p| name.strip_prefix(p.as_str())?.strip_prefix(' '));
        let Some(bare) = bare else { return name.to_owned() };
        let kind = self.name.get(lang);
        let numbered = bare.starts_with(|c: char| c.is_ascii_digit());
        match lang {
            _ if numbered => format!("{kind} {bare}"),
            Lang::Vi => format!("{} {bare}", kind.to_lowercase()),
            Lang::En => format!("{bare} {kind}"),
        }
    }

    fn is_called(&self, text: &str) -> bool {
        self.code == text || [&self.name.vi, &self.name.en].iter().any(|n| n.to_lowercase() == text)
    }
}

/// The form of unit codes: `9` is a digit, `A` a letter from A to Z.
///
/// Codes of a form have one length, so that the number of a code (see [`code_number`]) is its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeForm(String);

impl CodeForm {
    /// The longest code whose number is safe in JavaScript and in a tile: 36^10 is below 2^53.
    const LONGEST: usize = 10;

    /// Reads a form; none when it is empty, longer than ten places or holds another sign.
    pub fn parse(text: &str) -> Option<Self> {
        let right = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|b| b"9A".contains(&b));
        right.then(|| Self(text.to_owned()))
    }

    /// Whether a code has this form.
    pub fn fits(&self, code: &str) -> bool {
        let fits = |(place, b): (u8, u8)| match place {
            b'9' => b.is_ascii_digit(),
            _ => b.is_ascii_uppercase(),
        };
        code.len() == self.0.len() && self.0.bytes().zip(code.bytes()).all(fits)
    }

    /// The code that a spreadsheet turned into a number: its leading zeros are back.
    pub fn restore(&self, number: u64) -> String {
        let digits = self.0.bytes().all(|b| b == b'9');
        format!("{number:0width$}", width = if digits { self.0.len() } else { 0 })
    }
}

impl fmt::Display for CodeForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (9 is a digit, A a letter from A to Z)", self.0)
    }
}

/// A code as a number, for what needs one: the code itself when it is all digits, else read in base 36. None for
/// zero and for what does not fit into 53 bits.
pub fn code_number(code: &str) -> Option<u64> {
    let radix = if code.bytes().all(|b| b.is_ascii_digit()) { 10 } else { 36 };
    u64::from_str_radix(code, radix).ok().filter(|n| (1..1 << 53).contains(n))
}

/// The kinds of units that a city has or had, and the form of their codes.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitScheme {
    kinds: Vec<Arc<UnitKind>>,
    code: CodeForm,
}

impl UnitScheme {
    /// The kinds and the form of codes of a city.
    ///
    /// # Errors
    /// The code of the kind that can be mistaken for an earlier one, with the name both have.
    pub fn new(kinds: Vec<UnitKind>, code: CodeForm) -> Result<Self, (String, String)> {
        for (i, kind) in kinds.iter().enumerate() {
            for name in [&kind.code, &kind.name.vi.to_lowercase(), &kind.name.en.to_lowercase()] {
                if kinds[..i].iter().any(|k| k.is_called(name)) {
                    return Err((kind.code.clone(), name.clone()));
                }
            }
        }
        Ok(Self { kinds: kinds.into_iter().map(Arc::new).collect(), code })
    }

    /// The kind of that code, or of that name in either language, any case and normal form.
    pub fn kind(&self, text: &str) -> Option<&Arc<UnitKind>> {
        let text = text.trim().nfc().collect::<String>().to_lowercase();
        self.kinds.iter().find(|k| k.is_called(&text))
    }

    /// All kinds, in the order of the pack.
    pub fn kinds(&self) -> &[Arc<UnitKind>] {
        &self.kinds
    }

    /// The form of codes.
    pub fn code(&self) -> &CodeForm {
        &self.code
    }

    /// The kinds by name in a line, for error messages.
    pub fn known(&self) -> String {
        self.kinds.iter().map(|k| k.name.vi.as_str()).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(any(test, feature = "testing"))]
impl UnitScheme {
    /// The kinds and codes of a Vietnamese city, for tests.
    ///
    /// # Panics
    /// Never: no two of the names are equal.
    pub fn vietnamese() -> Self {
        let kind = |code: &str, vi: &str, en: &str, short| UnitKind {
            code: code.to_owned(),
            name: Text { vi: vi.to_owned(), en: en.to_owned() },
            prefix: Some(vi.to_owned()),
            short,
            weight: 1.0,
        };
        let kinds = vec![
            kind("phuong", "Phường", "Ward", true),
            kind("xa", "Xã", "Commune", true),
            kind("thi_tran", "Thị trấn", "Township", false),
            kind("dac_khu", "Đặc khu", "Special Zone", false),
        ];
        Self::new(kinds, CodeForm("99999".to_owned())).expect("the names differ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_code_and_names() {
        let scheme = UnitScheme::vietnamese();
        for kind in scheme.kinds() {
            let shouted = kind.name.vi.to_uppercase().nfd().collect::<String>();
            for text in [&kind.code, &kind.name.en, &shouted] {
                assert_eq!(scheme.kind(text), Some(kind), "{text}");
            }
        }
        assert_eq!(scheme.kind("quận"), None);
        let twice = |name: &str| UnitKind {
            code: name.to_owned(),
            name: Text { vi: "Quận".into(), en: name.into() },
            ..UnitKind::default()
        };
        let error = UnitScheme::new(vec![twice("a"), twice("b")], CodeForm::default()).unwrap_err();
        assert_eq!(error, ("b".to_owned(), "quận".to_owned()));
    }

    #[test]
    fn a_name_carries_its_prefix_once_and_is_composed() {
        let scheme = UnitScheme::vietnamese();
        let ward = scheme.kind("phuong").unwrap();
        for name in ["Sài Gòn", "Phường Sài Gòn", "Sa\u{300}i Go\u{300}n"] {
            assert_eq!(ward.full_name(name), "Phường Sài Gòn");
        }
        assert_eq!(ward.short_name("Phường Sài Gòn"), "Sài Gòn");
        assert_eq!(scheme.kind("dac_khu").unwrap().short_name("Đặc khu Côn Đảo"), "Đặc khu Côn Đảo");
        assert_eq!(UnitKind::default().full_name(" Altona "), "Altona");
    }

    #[test]
    fn a_name_stands_inside_a_sentence_as_people_write_it() {
        let scheme = UnitScheme::vietnamese();
        let both = |kind: &str, name: &str| {
            let kind = scheme.kind(kind).unwrap();
            (kind.in_sentence(name, Lang::Vi), kind.in_sentence(name, Lang::En))
        };
        let is = |vi: &str, en: &str| (vi.to_owned(), en.to_owned());
        assert_eq!(both("phuong", "Phường Sài Gòn"), is("phường Sài Gòn", "Sài Gòn Ward"));
        assert_eq!(both("phuong", "Phường 12"), is("Phường 12", "Ward 12"));
        assert_eq!(both("dac_khu", "Đặc khu Côn Đảo"), is("đặc khu Côn Đảo", "Côn Đảo Special Zone"));
        assert_eq!(UnitKind::default().in_sentence("Altona", Lang::En), "Altona");
    }

    #[test]
    fn codes_have_a_form_and_numbers_of_their_own() {
        let form = |text: &str| CodeForm::parse(text).unwrap();
        assert!(form("99999").fits("26740") && !form("99999").fits("2674") && !form("99999").fits("2674A"));
        assert!(form("A99").fits("Q07") && !form("A99").fits("q07") && !form("A99").fits("007"));
        assert_eq!(form("99999").restore(740), "00740");
        for wrong in ["", "9.9", "a99", "99999999999"] {
            assert_eq!(CodeForm::parse(wrong), None, "{wrong}");
        }
        assert_eq!(code_number("26740"), Some(26740));
        assert_eq!(code_number("A01"), Some(10 * 36 * 36 + 1));
        assert_eq!(code_number("ZZZZZZZZZZ"), Some(36_u64.pow(10) - 1));
        for none in ["00000", "", "a-b", "ZZZZZZZZZZZZ"] {
            assert_eq!(code_number(none), None, "{none}");
        }
    }
}
