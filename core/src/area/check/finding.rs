//! What a check has to say, and the list of it.

use std::fmt;
use std::sync::Arc;

use geo::{InteriorPoint, Polygon};

use crate::area::unit::{Unit, area_m2};

/// Findings of one kind that are listed one by one; the rest is counted. More are not read.
pub(super) const LISTED: usize = 12;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Expected in real boundaries; the look-up has a rule for it.
    Note,
    /// Should be looked at; does not stop an activation.
    Warning,
    /// Stops an activation.
    Error,
}

/// One thing found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The ward concerned; of two, the first.
    pub code: Option<Arc<str>>,
    /// A sentence for the operator.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        match &self.code {
            Some(code) => write!(f, "{severity}: {code}: {}", self.text),
            None => write!(f, "{severity}: {}", self.text),
        }
    }
}

/// The findings so far.
#[derive(Debug, Default)]
pub(super) struct Report(Vec<Finding>);

impl Report {
    /// Adds a finding on the file as a whole.
    pub(super) fn whole(&mut self, severity: Severity, text: String) {
        self.0.push(Finding { severity, code: None, text });
    }

    /// Adds a finding on a ward.
    pub(super) fn ward(&mut self, severity: Severity, code: &Arc<str>, text: String) {
        self.0.push(Finding { severity, code: Some(code.clone()), text });
    }

    /// Adds findings of one kind, the first of them one by one. `rest` says what the others are, after their number.
    pub(super) fn many(&mut self, mut found: Vec<Finding>, rest: &str) {
        found.sort_by(worst_first);
        let more = found.split_off(found.len().min(LISTED));
        self.0.append(&mut found);
        if let Some(worst) = more.first() {
            let codes: Vec<&str> = more.iter().filter_map(|f| f.code.as_deref()).collect();
            self.whole(worst.severity, format!("{} more {rest}: {}", more.len(), codes.join(", ")));
        }
    }

    /// All findings, the worst first.
    pub(super) fn findings(mut self) -> Vec<Finding> {
        self.0.sort_by(worst_first);
        self.0
    }
}

fn worst_first(a: &Finding, b: &Finding) -> std::cmp::Ordering {
    b.severity.cmp(&a.severity).then_with(|| a.code.cmp(&b.code))
}

/// A ward in a sentence.
pub(super) fn named(unit: &Unit) -> String {
    format!("{} ({})", unit.code, unit.name)
}

/// Where the largest of some polygons is, for the end of a sentence; nothing if there are none.
pub(super) fn place(parts: &[Polygon<f64>]) -> String {
    let largest = parts.iter().max_by(|a, b| area_m2(a).total_cmp(&area_m2(b)));
    let point = largest.and_then(InteriorPoint::interior_point);
    point.map(|p| format!(" at {:.6},{:.6}", p.x(), p.y())).unwrap_or_default()
}

/// The area of some polygons in square metres.
pub(super) fn m2<'a>(parts: impl IntoIterator<Item = &'a Polygon<f64>>) -> f64 {
    parts.into_iter().map(area_m2).sum()
}
