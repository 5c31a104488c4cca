//! Vehicle plates: two digits of the province, the letters of the series, for motorbikes a digit, then four or five
//! digits. What else is written so (floors, units, amounts) is told by capitals and by the words beside it.

use super::signs::{Sign, hold, is_amount, word_touching, words_before};
use super::{Kind, Page};

/// Words that speak of a vehicle.
const VEHICLES: [&str; 9] =
    [" xe ", " bien so ", " bien ", " bks ", " bs ", " oto ", " taxi ", " moto ", " plate "];
/// What may touch a plate.
const TOUCHING: [&str; 6] = ["xe", "bks", "bs", "bien", "so", "oto"];
/// Letters that stand for a unit behind a number, in lower case.
const UNITS: &str = "hmkxgltdvwp";
/// The same of two letters, in capitals.
const CAPITALS: [&str; 8] = ["km", "kg", "kv", "kw", "cm", "mm", "ha", "mb"];
/// Letters of no series.
const UNUSED: &str = "ijoqrw";

/// Finds them.
pub(super) fn find(page: &mut Page<'_>) {
    let mut at = 0;
    while at < page.signs.len() {
        match plate(page.text, &page.signs, at) {
            Some(end) => {
                page.take(at..end, Kind::Plate);
                at = end;
            }
            None => at += 1,
        }
    }
}

/// Digits in a row, and what stands before them.
#[derive(Clone, Copy, Debug)]
struct Group {
    from: usize,
    length: usize,
    gap: usize,
}

/// Where the plate ends that begins here.
fn plate(text: &str, signs: &[Sign], at: usize) -> Option<usize> {
    let digit = |i: usize| signs.get(i).is_some_and(|s| s.is_digit());
    // Provinces are 11 to 99.
    let province = digit(at) && digit(at + 1) && (signs[at].c, signs[at + 1].c) > ('1', '0');
    if !province || digit(at + 2) || !may_begin(signs, at) {
        return None;
    }
    let first = at + 2 + gap(signs, at + 2);
    let letters = signs.get(first..)?.iter().take(3).take_while(|s| is_series(**s)).count();
    if !matches!(letters, 1 | 2) {
        return None;
    }
    let series: String = signs[first..first + letters].iter().map(|s| s.c).collect();
    let capitals = signs[first..first + letters].iter().all(|s| s.upper);
    let groups = groups(signs, first + letters);
    let (numbered, used) = number(&groups)?;
    let last = groups[used - 1];
    let end = last.from + last.length;
    if hold(&words_before(signs, at), &VEHICLES) {
        return Some(end);
    }
    let (apart, spaced) = (first > at + 2, signs[at + 2].c == ' ');
    let dotted = last.length == 2;
    let four = !numbered && !dotted && last.length == 4;
    let century = (signs[last.from].c, signs[last.from + 1].c);
    let loose = four && signs[last.from - 1].c == ' ';
    let year = loose && matches!(century, ('1', '9') | ('2', '0'));
    let house = loose && signs.get(end).is_some_and(|s| s.c == '/') && digit(end + 1);
    let unit = match (capitals, letters) {
        (true, 2) => CAPITALS.contains(&series.as_str()),
        (true, _) => false,
        (false, 2) => !dotted,
        // “59x1-12345” is a motorbike, “20m2 1500” ground.
        (false, _) => UNITS.contains(&series) && !dotted && !(numbered && last.length > 3 && series != "m"),
    };
    let strange = series.chars().any(|c| UNUSED.contains(c));
    let flat = apart && spaced && four;
    let amount = !dotted && series == "k" && is_amount(text, signs, end);
    (!(house || year || unit || strange || flat || amount)).then_some(end)
}

/// A digit or the end of a number before it, and a word that it is a part of, make it something else.
fn may_begin(signs: &[Sign], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|i| signs[i]) else { return true };
    if before.is_digit() {
        return false;
    }
    if before.is_letter() {
        let word: String = signs[word_touching(signs, at)].iter().map(|s| s.c).collect();
        return TOUCHING.contains(&word.as_str());
    }
    let tight = before.is_dot() || before.is_dash() || matches!(before.c, ',' | '/');
    !(tight && at > 1 && signs[at - 2].is_digit())
}

fn is_series(s: Sign) -> bool {
    // Đ is of the series of electric motorbikes.
    s.c.is_ascii_lowercase() && (s.plain || s.c == 'd')
}

/// How many signs stand between two parts of a plate.
fn gap(signs: &[Sign], from: usize) -> usize {
    let between = |s: &&Sign| s.c == ' ' || s.is_dash() || s.is_dot() || s.c == '/';
    let rest = &signs[from.min(signs.len())..];
    let n = rest.iter().take(3).take_while(between).count();
    if n > 2 { 0 } else { n }
}

/// Up to three groups of digits.
fn groups(signs: &[Sign], from: usize) -> Vec<Group> {
    let mut all = Vec::with_capacity(3);
    let mut end = from;
    while all.len() < 3 {
        let gap = gap(signs, end);
        let from = end + gap;
        let length = signs[from.min(signs.len())..].iter().take_while(|s| s.is_digit()).count();
        if length == 0 {
            break;
        }
        all.push(Group { from, length, gap });
        end = from + length;
    }
    all
}

/// Whether the series has a digit, and how many groups the number has.
fn number(groups: &[Group]) -> Option<(bool, usize)> {
    let lengths: Vec<usize> = groups.iter().map(|g| g.length).collect();
    let single = |i: usize| groups[i].gap == 1;
    match lengths[..] {
        // 59X1 123.45, 59X1-12345
        [1, 3, 2] if single(2) => Some((true, 3)),
        [1, 4 | 5, ..] => Some((true, 2)),
        // 59X1123.45, 59X112345
        [4, 2, ..] if groups[0].gap == 0 && single(1) => Some((true, 2)),
        [6, ..] if groups[0].gap == 0 => Some((true, 1)),
        // 51F-123.45, 51F 12345
        [3, 2, ..] if single(1) => Some((false, 2)),
        [4 | 5, ..] => Some((false, 1)),
        _ => None,
    }
}
