//! Runs of digits as people group them: what stands between the groups, and what a group of them can be no part of.

use std::ops::Range;

use super::Page;
use super::signs::{Sign, hold, is_amount, words_before};

/// Words that speak of an amount.
const AMOUNTS: [&str; 7] =
    [" so tien ", " kinh phi ", " chi phi ", " ngan sach ", " tri gia ", " tong von ", " don gia "];
/// The longest number that is looked for.
pub(super) const LONGEST: usize = 15;
/// Signs between two groups.
const GAP: usize = 3;

/// What stands between a group and the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
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
pub(super) struct Group {
    pub(super) signs: Range<usize>,
    /// What stands behind it.
    pub(super) gap: Option<Gap>,
    pub(super) used: bool,
}

impl Group {
    pub(super) fn len(&self) -> usize {
        self.signs.len()
    }
}

/// Groups of digits that may belong together.
pub(super) struct Run<'a> {
    text: &'a str,
    pub(super) signs: &'a [Sign],
    pub(super) groups: Vec<Group>,
}

impl<'a> Run<'a> {
    /// The next run from this sign on.
    pub(super) fn next(page: &'a Page<'_>, at: usize) -> Option<Self> {
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

    /// What follows a dot or comma is the rest of a number.
    pub(super) fn may_begin(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map(|i| &self.groups[i]);
        before.is_none_or(|g| g.used || !matches!(g.gap, Some(Gap::Dot | Gap::Comma)))
    }

    /// 30/11/2026 and 2026-11-30, also beside another number.
    pub(super) fn put_dates_aside(&mut self) {
        for at in 0..self.groups.len().saturating_sub(2) {
            let [a, b, c] = [0, 1, 2].map(|i| &self.groups[at + i]);
            let same =
                a.gap == b.gap && matches!(a.gap, Some(Gap::Slash | Gap::Dash | Gap::Dot | Gap::Space));
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
    pub(super) fn numbers(&self, at: usize) -> impl Iterator<Item = (usize, String)> {
        let free = self.groups[at..].iter().take_while(|g| !g.used);
        let joined = free.scan(String::new(), |digits, g| {
            let signs = &self.signs[g.signs.clone()];
            digits.extend(signs.iter().take(LONGEST + 1).map(|s| s.c));
            (digits.len() <= LONGEST).then(|| digits.clone())
        });
        (1..).zip(joined)
    }

    pub(super) fn lengths(&self, at: usize, groups: usize) -> Vec<usize> {
        self.groups[at..at + groups].iter().map(Group::len).collect()
    }

    /// What stands between so many groups.
    pub(super) fn gaps(&self, at: usize, groups: usize) -> Vec<Gap> {
        self.groups[at..at + groups - 1].iter().filter_map(|g| g.gap).collect()
    }

    pub(super) fn first(&self, at: usize) -> usize {
        self.groups[at].signs.start
    }

    fn end(&self, at: usize, groups: usize) -> usize {
        self.groups[at + groups - 1].signs.end
    }

    /// So many groups, from a sign before them on or from their first digit.
    pub(super) fn signs(&self, from: usize, at: usize, groups: usize) -> Range<usize> {
        from..self.end(at, groups)
    }

    /// Whether words say that this number is an amount.
    pub(super) fn is_amount(&self, at: usize, groups: usize) -> bool {
        let currency = self.signs[..self.first(at)].last().is_some_and(|s| matches!(s.c, '$' | '€' | '₫'));
        currency || is_amount(self.text, self.signs, self.end(at, groups)) || self.says(at, &AMOUNTS)
    }

    pub(super) fn says(&self, at: usize, names: &[&str]) -> bool {
        hold(&words_before(self.signs, self.first(at)), names)
    }

    /// Numbers of houses, lines, years: each soon after the one before it.
    pub(super) fn is_list(&self, at: usize, groups: usize) -> bool {
        const NEAR: u64 = 20;
        let values: Vec<u64> = self.groups[at..at + groups].iter().map(|g| self.value(g)).collect();
        let listed = |gap: &Gap| matches!(gap, Gap::Space | Gap::Dash | Gap::Loose);
        groups > 2
            && self.gaps(at, groups).iter().all(listed)
            && values.windows(2).all(|w| w[0] < w[1] && w[1] - w[0] <= NEAR)
    }

    /// The plus before a number, also before its bracket.
    pub(super) fn plus(&self, at: usize) -> Option<usize> {
        let first = self.first(at);
        (first > 0 && self.signs[first - 1].c == '+').then(|| first - 1)
    }

    /// Whether people group the digits of a phone number so.
    pub(super) fn is_grouped_as_phone(&self, at: usize, groups: usize) -> bool {
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
pub(super) fn is_even(gaps: &[Gap]) -> bool {
    gaps.windows(2).all(|w| w[0] == w[1]) && !gaps.contains(&Gap::Loose)
}

/// What stands between the end of a group and the next one, and where that begins.
fn gap(signs: &[Sign], end: usize) -> Option<(Gap, usize)> {
    let is_between = |s: &&Sign| s.is_dot() || s.is_dash() || matches!(s.c, ' ' | '(' | ')' | ',' | '/');
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
