//! Phone numbers and numbers of identity papers, in one group of digits or in several. A group is never cut: what has
//! more digits than either is left.

use std::ops::Range;

use super::signs::{Sign, hold, is_amount, words_before};
use super::{Kind, Page};

/// Words that speak of a paper: behind them a number is one in any form.
const PAPERS: [&str; 11] = [
    " cccd ", " cmnd ", " cmt ", " cmtnd ", " can cuoc ", " chung minh ", " dinh danh ", " ho chieu ", " passport ",
    " bhxh ", " bhyt ",
];
/// Words that speak of an amount.
const AMOUNTS: [&str; 7] =
    [" so tien ", " kinh phi ", " chi phi ", " ngan sach ", " tri gia ", " tong von ", " don gia "];
/// Letters before seven digits that are a coordinate's.
const AXES: &str = "xyne";
/// The longest number that is looked for.
const LONGEST: usize = 15;
/// Signs between two groups.
const GAP: usize = 3;

/// What stands between a group and the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    Space,
    Dot,
    Dash,
    Comma,
    Slash,
    /// Brackets, and signs with spaces around them.
    Loose,
}

/// Digits in a row.
#[derive(Clone, Debug)]
struct Group {
    signs: Range<usize>,
    gap: Option<Gap>,
    used: bool,
}

impl Group {
    fn len(&self) -> usize {
        self.signs.len()
    }
}

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
        let found = run.found(rules);
        for (signs, kind) in found {
            page.take(signs, kind);
        }
    }
}

/// Groups of digits that may belong together.
struct Run<'a> {
    text: &'a str,
    signs: &'a [Sign],
    groups: Vec<Group>,
}

/// Looks at the groups from one on; gives how many belong together.
type Rule = fn(&Run<'_>, usize) -> Option<(Range<usize>, usize, Kind)>;

impl<'a> Run<'a> {
    /// The next run from this sign on.
    fn next(page: &'a Page<'_>, at: usize) -> Option<Self> {
        let signs = &page.signs[..];
        let mut from = at + signs.get(at..)?.iter().position(|s| s.is_digit())?;
        let mut groups = Vec::new();
        loop {
            let end = from + signs[from..].iter().take_while(|s| s.is_digit()).count();
            let next = gap(signs, end);
            groups.push(Group { signs: from..end, gap: next.map(|(gap, _)| gap), used: false });
            match next {
                Some((_, next)) => from = next,
                None => return Some(Self { text: page.text, signs, groups }),
            }
        }
    }

    /// Dates are put aside first.
    fn found(mut self, rules: &[Rule]) -> Vec<(Range<usize>, Kind)> {
        self.put_dates_aside();
        let mut found = Vec::new();
        for rule in rules {
            let mut at = 0;
            while at < self.groups.len() {
                let free = !self.groups[at].used && self.may_begin(at);
                match free.then(|| rule(&self, at)).flatten() {
                    Some((signs, groups, kind)) => {
                        self.groups[at..at + groups].iter_mut().for_each(|g| g.used = true);
                        found.push((signs, kind));
                        at += groups;
                    }
                    None => at += 1,
                }
            }
        }
        found
    }

    /// What follows a dot or comma is the rest of a number.
    fn may_begin(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map(|i| &self.groups[i]);
        before.is_none_or(|g| g.used || !matches!(g.gap, Some(Gap::Dot | Gap::Comma)))
    }

    /// 30/11/2026 and 2026-11-30, also beside another number.
    fn put_dates_aside(&mut self) {
        for at in 0..self.groups.len().saturating_sub(2) {
            let [a, b, c] = [0, 1, 2].map(|i| &self.groups[at + i]);
            let same = a.gap == b.gap && matches!(a.gap, Some(Gap::Slash | Gap::Dash | Gap::Dot | Gap::Space));
            let alone = at.checked_sub(1).is_none_or(|i| self.groups[i].gap != a.gap) && c.gap != a.gap;
            if same && alone && is_date([a, b, c].map(|g| (self.value(g), g.len()))) {
                self.groups[at..at + 3].iter_mut().for_each(|g| g.used = true);
            }
        }
    }

    fn value(&self, group: &Group) -> u64 {
        let digits = self.signs[group.signs.clone()].iter().take(LONGEST).filter_map(|s| s.digit());
        digits.fold(0, |n, d| n * 10 + u64::from(d - b'0'))
    }

    /// The longer and longer numbers that begin with a group: how many groups, and their digits.
    fn numbers(&self, at: usize) -> impl Iterator<Item = (usize, String)> {
        let free = self.groups[at..].iter().take_while(|g| !g.used);
        let joined = free.scan(String::new(), |digits, g| {
            let signs = &self.signs[g.signs.clone()];
            digits.extend(signs.iter().take(LONGEST + 1).map(|s| s.c));
            (digits.len() <= LONGEST).then(|| digits.clone())
        });
        (1..).zip(joined)
    }

    fn lengths(&self, at: usize, groups: usize) -> Vec<usize> {
        self.groups[at..at + groups].iter().map(Group::len).collect()
    }

    /// What stands between so many groups.
    fn gaps(&self, at: usize, groups: usize) -> Vec<Gap> {
        self.groups[at..at + groups - 1].iter().filter_map(|g| g.gap).collect()
    }

    fn first(&self, at: usize) -> usize {
        self.groups[at].signs.start
    }

    fn end(&self, at: usize, groups: usize) -> usize {
        self.groups[at + groups - 1].signs.end
    }

    /// So many groups, from a sign before them on or from their first digit.
    fn signs(&self, from: usize, at: usize, groups: usize) -> Range<usize> {
        from..self.end(at, groups)
    }

    /// Whether words say that this number is an amount.
    fn is_amount(&self, at: usize, groups: usize) -> bool {
        let currency = self.signs[..self.first(at)].last().is_some_and(|s| matches!(s.c, '$' | '€' | '₫'));
        currency || is_amount(self.text, self.signs, self.end(at, groups)) || self.says(at, &AMOUNTS)
    }

    fn says(&self, at: usize, names: &[&str]) -> bool {
        hold(&words_before(self.signs, self.first(at)), names)
    }

    /// Numbers of houses, lines, years: each soon after the one before it.
    fn is_list(&self, at: usize, groups: usize) -> bool {
        const NEAR: u64 = 20;
        let values: Vec<u64> = self.groups[at..at + groups].iter().map(|g| self.value(g)).collect();
        let listed = |gap: &Gap| matches!(gap, Gap::Space | Gap::Dash | Gap::Loose);
        groups > 2
            && self.gaps(at, groups).iter().all(listed)
            && values.windows(2).all(|w| w[0] < w[1] && w[1] - w[0] <= NEAR)
    }

    /// The plus before a number, also before its bracket.
    fn plus(&self, at: usize) -> Option<usize> {
        let first = self.first(at);
        (first > 0 && self.signs[first - 1].c == '+').then(|| first - 1)
    }

    /// Whether people group the digits of a phone number so.
    fn is_grouped_as_phone(&self, at: usize, groups: usize) -> bool {
        let (lengths, gaps) = (self.lengths(at, groups), self.gaps(at, groups));
        let uniform = gaps.windows(2).all(|w| w[0] == w[1]);
        let joined = uniform && lengths[0] > 2 && groups > 2;
        if gaps.iter().any(|g| matches!(g, Gap::Comma | Gap::Slash)) && !joined {
            return false;
        }
        let values = || self.groups[at..at + groups].iter().map(|g| self.value(g));
        match lengths[..] {
            [_] => true,
            // 08.12345678 is a number.
            [0..=2, _] => matches!(gaps[0], Gap::Space | Gap::Dash | Gap::Loose),
            // Times and lists are pairs, too.
            _ if lengths.iter().all(|n| *n < 3) => {
                let rises = values().zip(values().skip(1)).all(|(a, b)| a < b);
                uniform && !rises && (lengths[0] == 1 || lengths.iter().all(|n| *n == 2))
            }
            _ => lengths[1..].iter().all(|n| *n > 1),
        }
    }
}

/// Whether one sign stands between all groups. Another one stands before what follows them.
fn is_even(gaps: &[Gap]) -> bool {
    gaps.windows(2).all(|w| w[0] == w[1]) && !gaps.contains(&Gap::Loose)
}

/// What stands between the end of a group and the next one, and where that begins.
fn gap(signs: &[Sign], end: usize) -> Option<(Gap, usize)> {
    let is_between =
        |s: &&Sign| s.is_dot() || s.is_dash() || matches!(s.c, ' ' | '(' | ')' | ',' | '/');
    let length = signs[end..].iter().take(GAP + 1).take_while(is_between).count();
    let next = end + length;
    if length == 0 || length > GAP || !signs.get(next)?.is_digit() {
        return None;
    }
    let between = &signs[end..next];
    let gap = match between {
        all if all.iter().all(|s| s.c == ' ') => Gap::Space,
        [s] if s.is_dot() => Gap::Dot,
        [s] if s.is_dash() => Gap::Dash,
        [s] if s.c == ',' => Gap::Comma,
        [s] if s.c == '/' => Gap::Slash,
        all if all.iter().any(|s| matches!(s.c, ',' | '/')) => return None,
        _ => Gap::Loose,
    };
    Some((gap, next))
}

/// A day, month and year of our time, in either order; each with its number of digits.
fn is_date([a, b, c]: [(u64, usize); 3]) -> bool {
    let day = |(n, digits): (u64, usize)| digits < 3 && (1..=31).contains(&n);
    let month = |(n, digits): (u64, usize)| digits < 3 && (1..=12).contains(&n);
    let year = |(n, digits): (u64, usize)| digits == 4 && (1900..2100).contains(&n);
    month(b) && (day(a) && year(c) || year(a) && day(c))
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
    match (rest.len(), rest.as_bytes()) {
        (9, [b'3' | b'5' | b'7'..=b'9', ..]) | (10, [b'2', ..] | [b'1', b'2' | b'6' | b'8' | b'9', ..]) => true,
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
            (9, _) => even && spaced && digits < &"4".to_owned() && !run.is_amount(at, groups),
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
