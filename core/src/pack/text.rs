//! The wire form of a text in two languages.

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;

use crate::domain::Text;

/// `{ vi = "…", en = "…" }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextWire {
    vi: String,
    en: String,
}

impl From<TextWire> for Text {
    /// Texts are kept in NFC, however the file was written.
    fn from(wire: TextWire) -> Self {
        Self { vi: wire.vi.nfc().collect(), en: wire.en.nfc().collect() }
    }
}
