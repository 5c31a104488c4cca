//! What kind of unit a ward is.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// What kind of commune-level unit a ward is. `ThiTran` exists in generations before 2025-07-01 only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitKind {
    /// Phường: an urban ward.
    Phuong,
    /// Xã: a rural commune.
    Xa,
    /// Thị trấn: a township of a former rural district.
    ThiTran,
    /// Đặc khu: a special zone (an island).
    DacKhu,
}

impl UnitKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Phuong, Self::Xa, Self::ThiTran, Self::DacKhu];

    /// The public name, plain ASCII.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phuong => "phuong",
            Self::Xa => "xa",
            Self::ThiTran => "thi_tran",
            Self::DacKhu => "dac_khu",
        }
    }

    /// The Vietnamese word as names begin with it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Phuong => "Phường",
            Self::Xa => "Xã",
            Self::ThiTran => "Thị trấn",
            Self::DacKhu => "Đặc khu",
        }
    }

    /// From the public name, or from the Vietnamese word in any case and normal form.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().nfc().collect::<String>().to_lowercase();
        Self::ALL.into_iter().find(|k| k.name() == text || k.word().to_lowercase() == text)
    }
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_are_read_back() {
        for kind in UnitKind::ALL {
            assert_eq!(UnitKind::parse(kind.name()), Some(kind));
            assert_eq!(UnitKind::parse(&kind.word().to_uppercase().nfd().collect::<String>()), Some(kind));
        }
        assert_eq!(UnitKind::parse("quận"), None);
    }
}
