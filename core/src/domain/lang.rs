//! Text in the two languages of the service. Not here: folding for search, choosing by header.

/// A language of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Vi => Self::En,
            Self::En => Self::Vi,
        }
    }

    /// The word in this language, of one in Vietnamese and in English.
    pub const fn pick<'w>(self, (vi, en): (&'w str, &'w str)) -> &'w str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }

    /// The language of a BCP 47 tag, by its primary subtag: `en-GB` is English.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let first = tag.split(['-', '_']).next().unwrap_or_default();
        [Self::Vi, Self::En].into_iter().find(|l| first.eq_ignore_ascii_case(l.tag()))
    }
}

/// The same text in both languages, in NFC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Vietnamese.
    pub vi: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both languages in one line, Vietnamese first; only one if they are the same.
    pub fn both(&self) -> String {
        if self.vi == self.en { self.vi.clone() } else { format!("{} / {}", self.vi, self.en) }
    }

    /// The text in that language.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Vi => &self.vi,
            Lang::En => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_by_their_first_part() {
        assert_eq!(Lang::from_tag("en-GB"), Some(Lang::En));
        assert_eq!(Lang::from_tag("VI"), Some(Lang::Vi));
        assert_eq!(Lang::from_tag("fr"), None);
        assert_eq!(Lang::from_tag(""), None);
    }
}
