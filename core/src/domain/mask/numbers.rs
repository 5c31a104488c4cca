//! Phone numbers and numbers of identity papers, in one group of digits or in several. A group is never cut: what has
//! more digits than either is left.

use std::ops::Range;

use super::runs::{Gap, LONGEST, Run, is_even};
use super::{Kind, Page};

/// Words that speak of a paper: behind them a number is one in any form.
const PAPERS: [&str; 11] = [
    " cccd ",
    " cmnd ",
    " cmt ",
    " cmtnd ",
    " can cuoc ",
    " chung minh ",
    " dinh danh ",
    " ho chieu ",
    " passport ",
    " bhxh ",
    " bhyt ",
];
/// Letters before seven digits that are a coordinate's.
const AXES: &str = "xyne";
/// Looks at the groups from one on; gives how many belong together.
type Rule = fn(&Run<'_>, usize) -> Option<(Range<usize>, usize, Kind)>;

/// Finds what can be nothing else.
pub(super) fn find(page: &mut Page<'_>) {
    search(page, &[passport, phone, paper]);
}

/// Finds what may be one.
pub(super) fn find_likely(page: &mut Page<'_>) {
    search(page, &[mixed_phone, perhaps_phone]);
}

fn search(page: &mut Page<'_>, rules: &[Rule]) {
    let mut at = 0;
    while let Some(run) = Run::next(page, at) {
        at = run.groups.last().map_or(page.signs.len(), |g| g.signs.end);
        for (signs, kind) in found(run, rules) {
            page.take(signs, kind);
        }
    }
}

/// What these rules find in a run. Dates are put aside first.
fn found(mut run: Run<'_>, rules: &[Rule]) -> Vec<(Range<usize>, Kind)> {
    run.put_dates_aside();
    let mut found = Vec::new();
    for rule in rules {
        let mut at = 0;
        while at < run.groups.len() {
            let free = !run.groups[at].used && run.may_begin(at);
            match free.then(|| rule(&run, at)).flatten() {
                Some((signs, groups, kind)) => {
                    run.groups[at..at + groups].iter_mut().for_each(|g| g.used = true);
                    found.push((signs, kind));
                    at += groups;
                }
                None => at += 1,
            }
        }
    }
    found
}

/// A number of our network with one sign between all of its groups; and one of another country behind its plus.
fn phone(run: &Run<'_>, at: usize) -> Option<(Range<usize>, usize, Kind)> {
    if let Some(plus) = run.plus(at) {
        let groups = abroad(run, at)?;
        return Some((run.signs(plus, at, groups), groups, Kind::Phone));
    }
    of_network(run, at, is_even)
}

/// A number of our network with several signs between its groups: (028) 3822 1234.
fn mixed_phone(run: &Run<'_>, at: usize) -> Option<(Range<usize>, usize, Kind)> {
    of_network(run, at, |_| true)
}

fn of_network(run: &Run<'_>, at: usize, fit: impl Fn(&[Gap]) -> bool) -> Option<(Range<usize>, usize, Kind)> {
    let is_one = |(groups, digits): &(usize, String)| {
        let home = is_mobile(digits.strip_prefix('0').unwrap_or_default());
        let code = digits.strip_prefix("0084").or_else(|| digits.strip_prefix("84")).is_some_and(is_mobile);
        let grouped = run.is_grouped_as_phone(at, *groups) && fit(&run.gaps(at, *groups));
        grouped && (home || code && !run.is_amount(at, *groups))
    };
    let (groups, _) = run.numbers(at).find(is_one)?;
    Some((run.signs(run.first(at), at, groups), groups, Kind::Phone))
}

/// The digits of a mobile or landline number of Vietnam behind its 0 or 84. Eleven digits were mobile until 2018.
fn is_mobile(rest: &str) -> bool {
    match rest.len() {
        9 => rest.starts_with(['3', '5', '7', '8', '9']),
        10 => ["2", "12", "16", "18", "19"].iter().any(|code| rest.starts_with(code)),
        _ => false,
    }
}

/// How many groups behind a plus are a number.
fn abroad(run: &Run<'_>, at: usize) -> Option<usize> {
    const USUAL: usize = 10;
    let mut best = None;
    for (groups, digits) in run.numbers(at) {
        let home = digits.strip_prefix("84").map(|rest| rest.strip_prefix('0').unwrap_or(rest));
        if home.is_some_and(is_mobile) {
            return Some(groups);
        }
        if best.is_none_or(|(_, n)| n < USUAL) && digits.len() > 7 {
            best = Some((groups, digits.len()));
        }
    }
    let (groups, _) = best?;
    let gaps = run.gaps(at, groups);
    let amount = run.is_amount(at, groups) || gaps.iter().any(|g| matches!(g, Gap::Comma));
    let decimal = groups > 1 && gaps.iter().all(|g| *g == Gap::Dot);
    (!amount && !decimal).then_some(groups)
}

/// An identity card of 12 or 9 digits, and whatever a word announces.
fn paper(run: &Run<'_>, at: usize) -> Option<(Range<usize>, usize, Kind)> {
    let announced = run.says(at, &PAPERS);
    let is_one = |(groups, digits): &(usize, String)| {
        let (groups, zero) = (*groups, digits.starts_with('0'));
        let (lengths, gaps) = (run.lengths(at, groups), run.gaps(at, groups));
        let joined = is_even(&gaps) && !matches!(gaps[..], [Gap::Comma | Gap::Slash, ..]);
        let goes_on = run.groups[at + groups - 1].gap == Some(Gap::Dot);
        if !joined || goes_on && !zero && !announced {
            return false;
        }
        let spaced = gaps.iter().all(|g| *g == Gap::Space);
        let even = lengths.iter().all(|n| *n == 3);
        match (digits.len(), groups) {
            (9 | 12, 1) => zero || announced || !run.is_amount(at, 1),
            (7..=LONGEST, 1) => announced,
            (9 | 12, _) if !announced && run.is_list(at, groups) => false,
            (9 | 12, _) if zero => lengths[0] > 2 && lengths.iter().all(|n| *n > 1),
            (9 | 12, _) if announced => lengths.iter().all(|n| *n > 1),
            // Provinces are 01 to 38. With dots it is an amount.
            (9, _) => even && spaced && digits.as_str() < "4" && !run.is_amount(at, groups),
            _ => false,
        }
    };
    let (groups, _) = run.numbers(at).filter(is_one).last()?;
    Some((run.signs(run.first(at), at, groups), groups, Kind::Paper))
}

/// A passport: a letter and its digits.
fn passport(run: &Run<'_>, at: usize) -> Option<(Range<usize>, usize, Kind)> {
    let (first, length) = (run.first(at), run.groups[at].len());
    let letter = first.checked_sub(1)?;
    let alone = letter == 0 || !(run.signs[letter - 1].is_letter() || run.signs[letter - 1].is_digit());
    let sign = run.signs[letter];
    let is_one = matches!(length, 7 | 8) && sign.plain && sign.c.is_ascii_lowercase() && alone;
    let is_one = is_one && (!AXES.contains(sign.c) || run.says(at, &PAPERS));
    is_one.then(|| (run.signs(letter, at, 1), 1, Kind::Paper))
}

/// In doubt, what begins with 0 and has ten or eleven digits is a phone number.
fn perhaps_phone(run: &Run<'_>, at: usize) -> Option<(Range<usize>, usize, Kind)> {
    let is_one = |(groups, digits): &(usize, String)| {
        let (lengths, gaps) = (run.lengths(at, *groups), run.gaps(at, *groups));
        let joined = !gaps.iter().any(|g| matches!(g, Gap::Comma | Gap::Slash));
        let grouped = lengths[0] > 2 && lengths.iter().all(|n| *n > 1) && joined;
        matches!(digits.len(), 10 | 11) && digits.starts_with('0') && grouped && !run.is_list(at, *groups)
    };
    let (groups, _) = run.numbers(at).filter(is_one).last()?;
    Some((run.signs(run.first(at), at, groups), groups, Kind::Phone))
}
