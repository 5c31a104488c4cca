//! Checks a new generation before it may become active. They report findings and repair nothing.
//!
//! They take seconds for a whole city: do not run them on an async thread. Two wards with the same code never reach
//! these checks; reading and building refuse them.
//!
//! Reading order: `finding`; `stated` (what the candidate should be: facts and heirs); then the checks: `table`
//! (successors), `shape` (the file alone), `facts` (codes, names, centres, areas by decree), `fit` (the whole file
//! moved, stretched or mirrored), `ground` (exact former boundaries), `displaced` (a ward in the place of another).
//!
//! Not here: re-routing a sample of reports, the decision to activate (`action::activate_areas`).

mod displaced;
mod facts;
mod finding;
mod fit;
mod ground;
mod shape;
mod stated;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::generation::Generation;
use crate::domain::{Successor, UnitFacts};
use finding::Report;
pub use finding::{Finding, Severity};
use stated::Stated;

/// What is known beside the candidate. The default knows nothing, so only the file itself is checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The facts of all units of all generations.
    pub facts: &'a [UnitFacts],
    /// All successors of all generations.
    pub successors: &'a [Successor],
    /// The generations that are loaded.
    pub loaded: &'a [Arc<Generation>],
}

/// Checks a candidate against what is known. The worst findings come first.
///
/// An exact generation of the same id, or else the exact one before, says to the square metre where the ground of
/// every ward was. Without one, the facts say where its centre is and how large it is, which is rougher.
pub fn check(candidate: &Generation, known: &Known<'_>) -> Vec<Finding> {
    let stated = Stated::new(candidate, known);
    let mut report = Report::default();
    table::check(&stated, &mut report);
    shape::check(&stated, &mut report);
    facts::codes_and_names(&stated, &mut report);
    fit::check(&stated, &mut report);
    let judged = ground::check(&stated, &mut report);
    facts::places_and_sizes(&stated, &judged, &mut report);
    report.findings()
}
