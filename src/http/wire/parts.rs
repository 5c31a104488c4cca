//! Parts that several documents share: a link, a text in both languages, who answers.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use diaban_core::domain::{BodyId, Text};

/// A link of a document, as OGC API writes it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Link {
    /// Absolute address.
    pub(in crate::http) href: String,
    /// Relation (RFC 8288 or an OGC URI).
    pub(in crate::http) rel: Cow<'static, str>,
    /// Media type of what it leads to.
    pub(in crate::http) r#type: &'static str,
    /// What it is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) title: Option<String>,
    /// Whether the address has parts in braces to fill in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) templated: Option<bool>,
}

impl Link {
    pub(in crate::http) fn new(
        href: impl Into<String>,
        rel: impl Into<Cow<'static, str>>,
        media: &'static str,
        title: impl Into<String>,
    ) -> Self {
        let title = Some(title.into());
        Self { href: href.into(), rel: rel.into(), r#type: media, title, templated: None }
    }
}

/// A text in both languages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Bilingual {
    /// Vietnamese.
    pub(in crate::http) vi: String,
    /// English.
    pub(in crate::http) en: String,
}

impl From<&Text> for Bilingual {
    fn from(text: &Text) -> Self {
        Self { vi: text.vi.clone(), en: text.en.clone() }
    }
}

/// The geometry of a report: the type is always `Point`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "PointGeometry")]
pub(in crate::http) struct Point {
    pub(in crate::http) r#type: &'static str,
    /// Longitude, latitude in degrees.
    pub(in crate::http) coordinates: [f64; 2],
}

/// Who must answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "ResponsibleBody")]
pub(in crate::http) struct Body {
    /// Its id; `ward:` and a ward's id for the ward's own office, another word before the colon for another body of
    /// the ward.
    pub(in crate::http) id: String,
    /// Its name.
    pub(in crate::http) name: Bilingual,
    /// The rule that chose it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) rule: Option<String>,
}

impl Body {
    pub(in crate::http) fn new(id: &BodyId, name: &Text) -> Self {
        Self { id: id.as_str().to_owned(), name: name.into(), rule: None }
    }
}
