//! Pages of a longer answer: the rows of each as they are written, joined to one document.
//! Not here: getting the pages (the command line).

use std::ops::ControlFlow;

use serde_json::Deserializer;

use super::{Events, plan as plan_of, walk};
use crate::import::read::format::{Format, FormatError, recognise, strip_bom};
use crate::import::read::sink::Part;
use crate::import::read::unpack::{Budget, unpack};

/// One page.
#[derive(Debug, Default)]
pub struct Page {
    texts: Vec<String>,
    features: bool,
    crs: Option<String>,
    /// What is missing.
    pub part: Option<Part>,
}

impl Page {
    /// Reads a page; none for a format that does not come in pages.
    ///
    /// # Errors
    /// When it is broken.
    pub fn read(bytes: Vec<u8>, list: Option<&str>) -> Result<Option<Self>, FormatError> {
        let bytes = unpack(bytes)?;
        if !matches!(recognise(&bytes)?, Format::GeoJson | Format::Records) {
            return Ok(None);
        }
        let plan = plan_of(&bytes, list)?;
        let mut page = Self::default();
        walk(Deserializer::from_slice(strip_bom(&bytes)), &Budget::new(), &plan, &mut page)?;
        Ok(Some(page))
    }

    /// How many rows it holds.
    pub fn rows(&self) -> u64 {
        self.texts.len() as u64
    }
}

impl Events for Page {
    fn item(&mut self, _row: u64, text: &str, is_feature: bool) -> ControlFlow<()> {
        self.features = is_feature;
        self.texts.push(text.to_owned());
        ControlFlow::Continue(())
    }

    fn crs(&mut self, name: String) {
        self.crs = Some(name);
    }

    fn part(&mut self, part: Part) {
        self.part.get_or_insert(part);
    }

    fn note(&mut self, _text: String) {}
}

/// All pages as one document.
pub fn join(pages: &[Page]) -> Vec<u8> {
    let rows: Vec<&str> = pages.iter().flat_map(|p| &p.texts).map(String::as_str).collect();
    let rows = rows.join(",");
    let text = if pages.iter().any(|p| p.features) {
        let crs = pages.iter().find_map(|p| p.crs.as_ref());
        let crs = crs
            .map_or_else(String::new, |name| format!(",\"crs\":{}", serde_json::Value::from(name.as_str())));
        format!("{{\"type\":\"FeatureCollection\"{crs},\"features\":[{rows}]}}")
    } else {
        format!("[{rows}]")
    };
    text.into_bytes()
}
