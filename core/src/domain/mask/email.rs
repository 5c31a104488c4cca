//! E-mail addresses, also with spaces around the @ and with “(at)” and “(dot)” for the signs.

use super::signs::Sign;
use super::{Kind, Page};

/// Ends of domains that are known: where spaces stand around the signs, only these are one.
const ENDS: [&str; 14] =
    ["com", "vn", "net", "org", "edu", "gov", "info", "me", "io", "co", "biz", "asia", "name", "mail"];
/// What stands for an @ between brackets.
const AT: [&str; 4] = ["at", "acong", "a cong", "@"];
/// What stands for a dot between brackets.
const DOT: [&str; 3] = ["dot", "cham", "."];
/// Spaces on each side of a sign.
const SPACES: usize = 2;

/// Finds them.
pub(super) fn find(page: &mut Page<'_>) {
    let mut at = 0;
    while at < page.signs.len() {
        match address(&page.signs, at) {
            Some(range) => {
                at = range.end;
                page.take(range, Kind::Email);
            }
            None => at += 1,
        }
    }
}

/// The address whose @ stands here.
fn address(signs: &[Sign], at: usize) -> Option<std::ops::Range<usize>> {
    let (end, bracketed) = match signs[at].c {
        '@' => (at + 1, false),
        _ => (in_brackets(signs, at, &AT)?, true),
    };
    let before = back(signs, at);
    let local = signs[..before].iter().rposition(|s| !is_local(*s)).map_or(0, |i| i + 1);
    if !signs[local..before].iter().any(|s| s.is_letter() || s.is_digit()) {
        return None;
    }
    let from = end + spaces(signs, end);
    let tight = !bracketed && before == at && from == end;
    Some(local..domain(signs, from, (tight, bracketed))?)
}

/// The end of a domain that begins here. Where it touches its @, one label is enough, if it begins with a letter; where
/// spaces stand, it must have a known end.
fn domain(signs: &[Sign], from: usize, (tight, bracketed): (bool, bool)) -> Option<usize> {
    let mut end = from + label(signs, from)?;
    let mut labels = 1;
    let mut known = false;
    loop {
        let (dot, apart) = match signs.get(end) {
            Some(s) if s.c == '.' => (end + 1, false),
            _ => {
                let near = end + spaces(signs, end);
                match signs.get(near) {
                    Some(s) if s.c == '.' => (near + 1, true),
                    Some(_) => match in_brackets(signs, near, &DOT) {
                        Some(behind) => (behind, true),
                        None => break,
                    },
                    None => break,
                }
            }
        };
        let next = dot + spaces(signs, dot);
        let Some(length) = label(signs, next) else { break };
        let ends = is_end(&signs[next..next + length]);
        if (apart || next > dot) && !ends {
            break;
        }
        known = ends;
        labels += 1;
        end = next + length;
    }
    let enough = match (tight, labels) {
        (true, 1) => signs[from].is_letter() && end - from > 1,
        (true, _) => true,
        (false, n) => n > 1 && (known || bracketed),
    };
    enough.then_some(end)
}

fn is_end(label: &[Sign]) -> bool {
    let text: String = label.iter().map(|s| s.c).collect();
    ENDS.contains(&text.as_str())
}

/// How long the label is that begins here.
fn label(signs: &[Sign], from: usize) -> Option<usize> {
    let is_part = |s: &&Sign| s.plain && (s.c.is_ascii_alphanumeric() || s.c == '-');
    let length = signs.get(from..)?.iter().take_while(is_part).count();
    (length > 0 && signs[from].c != '-').then_some(length)
}

fn is_local(s: Sign) -> bool {
    s.is_letter() || s.is_digit() || matches!(s.c, '.' | '_' | '%' | '+' | '-' | '\'')
}

fn spaces(signs: &[Sign], from: usize) -> usize {
    signs.get(from..).map_or(0, |rest| rest.iter().take(SPACES).take_while(|s| s.c == ' ').count())
}

/// Behind the last sign before this one that is no space.
fn back(signs: &[Sign], at: usize) -> usize {
    at - signs[..at].iter().rev().take(SPACES).take_while(|s| s.c == ' ').count()
}

/// Behind the bracket that closes, if one of these words alone stands between it and one that opens here.
fn in_brackets(signs: &[Sign], at: usize, words: &[&str]) -> Option<usize> {
    const LONGEST: usize = 10;
    let close = match signs.get(at)?.c {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        '<' => '>',
        _ => return None,
    };
    let inside = &signs[at + 1..signs.len().min(at + 1 + LONGEST)];
    let length = inside.iter().position(|s| s.c == close)?;
    let word: String = inside[..length].iter().map(|s| s.c).collect();
    words.contains(&word.trim()).then_some(at + length + 2)
}
