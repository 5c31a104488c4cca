//! The successor table: every former ward leads to wards of the file, and only forward in time.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::finding::{Finding, Report, Severity};
use super::stated::Stated;
use crate::domain::{Successor, WardId};

pub(super) fn check(stated: &Stated<'_>, report: &mut Report) {
    forward(stated, report);
    let Some(before) = &stated.before else { return };
    let id = stated.candidate.id();
    let rows: Vec<&Successor> = stated
        .rows
        .iter()
        .copied()
        .filter(|s| s.to.generation == *id && s.from.generation == *before)
        .collect();
    if rows.is_empty() {
        let text =
            format!("no successor table leads from {before} to {id}, so wards are compared by their codes");
        report.whole(Severity::Warning, text);
    }
    holes(stated, before, &rows, report);
    report
        .many(strangers(stated, before, &rows), "rows of the successor table name a unit that is not there");
}

/// Rows lead to a later generation; else they go round, or back.
fn forward(stated: &Stated<'_>, report: &mut Report) {
    for s in stated.rows.iter().filter(|s| s.to.generation <= s.from.generation) {
        let text = if reaches(&stated.rows, &s.to, &s.from) {
            format!("the successor table goes in a circle: {} leads to {}, and that back to it", s.from, s.to)
        } else {
            format!("the successor table leads back in time, from {} to {}", s.from, s.to)
        };
        report.ward(Severity::Error, &s.from.code, text);
    }
}

/// Whether the rows lead from one unit to another, or both are one.
fn reaches(rows: &[&Successor], from: &WardId, to: &WardId) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            open.extend(rows.iter().filter(|s| s.from == *at).map(|s| &s.to));
        }
    }
    false
}

/// Former units whose ground goes nowhere, or only in part.
fn holes(stated: &Stated<'_>, before: &str, rows: &[&Successor], report: &mut Report) {
    let mut found = Vec::new();
    for code in &stated.codes_before {
        let mut own = rows.iter().filter(|s| s.from.code == *code);
        let text = match (own.next(), own.next()) {
            (None, _) if rows.is_empty() && stated.candidate.index_of(code).is_some() => continue,
            (None, _) => {
                format!("has no successor: generation {before} has it, and no row of the table leads on")
            }
            (Some(s), None) if s.part => {
                format!("goes to {} in part, and no row of the successor table has the rest", s.to)
            }
            _ => continue,
        };
        found.push(Finding { severity: Severity::Error, code: Some(code.clone()), text });
    }
    report.many(found, "former wards without a successor");
}

/// Rows that name no unit, and units that no row names.
fn strangers(stated: &Stated<'_>, before: &str, rows: &[&Successor]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut say = |severity, code: &Arc<str>, text: String| {
        found.push(Finding { severity, code: Some(code.clone()), text });
    };
    // A ward that is stated and missing is said once, where codes are checked.
    let absent = |code: &str| stated.candidate.index_of(code).is_none() && stated.ward(code).is_none();
    for s in rows {
        if absent(&s.to.code) {
            say(Severity::Error, &s.from.code, format!("its successor {} is not in the file", s.to.code));
        }
        if !stated.codes_before.contains(&s.from.code) {
            let text =
                format!("leads to {} in the successor table, but is no unit of generation {before}", s.to);
            say(Severity::Error, &s.from.code, text);
        }
    }
    let named: BTreeSet<&str> = rows.iter().map(|s| &*s.to.code).collect();
    if !rows.is_empty() {
        for unit in stated.candidate.units().iter().filter(|u| !named.contains(&*u.code)) {
            let text = format!("{} is new and nobody's successor in the table", unit.name);
            say(Severity::Warning, &unit.code, text);
        }
    }
    found
}
