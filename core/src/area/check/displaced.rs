//! Wards that lie where another ward should lie: two of them swapped, or all codes shifted by a row.

use std::collections::BTreeMap;

use super::finding::{Finding, Report, Severity, named};
use super::stated::Stated;

/// From this many on, wards that all lie one code on or back are one mistake.
const ROW_SHIFT_WARDS: usize = 5;

/// Says of each pair (ward, ward in whose place it lies), both as indexes of units of the candidate, what happened.
pub(super) fn check(stated: &Stated<'_>, elsewhere: &[(usize, usize)], report: &mut Report) {
    let units = stated.candidate.units();
    let whose: BTreeMap<usize, usize> = elsewhere.iter().copied().collect();
    let shifted = elsewhere.iter().filter(|(at, other)| at.abs_diff(*other) == 1).count();
    if shifted >= ROW_SHIFT_WARDS && shifted * 2 > elsewhere.len() {
        let text = format!(
            "{shifted} of {} wards lie where the ward of the code beside theirs should lie: are the codes shifted \
             by a row?",
            units.len()
        );
        report.whole(Severity::Error, text);
    }
    let mut found = Vec::new();
    for (&at, &other) in &whose {
        let (one, two) = (&units[at], &units[other]);
        let swapped = whose.get(&other) == Some(&at);
        if swapped && other < at {
            continue;
        }
        let text = if swapped {
            format!(
                "{} lies where {} should lie, and the reverse: their shapes are swapped",
                one.name,
                named(two)
            )
        } else {
            format!("{} lies where {} should lie", one.name, named(two))
        };
        found.push(Finding { severity: Severity::Error, code: Some(one.code.clone()), text });
    }
    report.many(found, "wards that lie where another should lie");
}
