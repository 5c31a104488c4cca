//! From a text to rules. What is not understood makes the whole text not understood.

use super::words::word;
use super::{ALWAYS, DAY, HOLIDAY, Reading, Rule, Spans};

/// Longer texts are not parsed, in characters.
const MAX_CHARS: usize = 300;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    Days(u8),
    Time(u16),
    /// A part of the day: hours until the next one are read in it.
    Part(Part),
    AllDay,
    Off,
    Dash,
    Comma,
    Semicolon,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    Morning,
    Noon,
    Afternoon,
    Evening,
}

impl Part {
    /// An hour on a clock of twelve as one of twenty-four. Noon and one o'clock are both called so.
    fn of(self, minute: u16) -> Option<u16> {
        let (hour, later) = (minute / 60, minute + DAY / 2);
        match (self, hour) {
            (Self::Morning, 0..=11) | (Self::Noon, 10..=14) | (Self::Afternoon | Self::Evening, 12..=24) => {
                Some(minute)
            }
            (Self::Morning, 12) if minute == 720 => Some(minute),
            (Self::Noon, 1..=2) | (Self::Afternoon, 1..=7) | (Self::Evening, 5..=11) => Some(later),
            _ => None,
        }
    }
}

/// The rules of a text.
pub(super) fn rules(text: &str) -> Option<Vec<Rule>> {
    if text.chars().nth(MAX_CHARS).is_some() {
        return None;
    }
    let (tokens, spoken) = tokens(&text.to_lowercase())?;
    let mut rules = Vec::new();
    for part in tokens.split(|t| *t == Token::Semicolon).filter(|p| !p.is_empty()) {
        part_rules(part, spoken, &mut rules)?;
    }
    (!rules.is_empty()).then_some(rules)
}

/// The rules of a part without semicolons. The first replaces earlier rules, the others add.
fn part_rules(mut part: &[Token], spoken: bool, rules: &mut Vec<Rule>) -> Option<()> {
    let mut first = true;
    while !part.is_empty() {
        let (mut days, rest) = days(part)?;
        let (mut spans, mut closes, mut rest) = spans(rest)?;
        // `12:00-13:00 off`: closed then. Of several it is not plain which ones are meant.
        if let ([Token::Off, behind @ ..], false) = (rest, closes) {
            if spans.len() != 1 {
                return None;
            }
            (closes, rest) = (true, behind);
        }
        // `7h30-16h30 T2-T6`, `nghỉ CN`: the days stand behind, at the end.
        if let ([Token::Days(_), ..], None) = (rest, days) {
            let (behind, end) = self::days(rest)?;
            if !end.is_empty() {
                return None;
            }
            (days, rest) = (behind, end);
        }
        if closes && spans == [(0, DAY)] {
            spans.clear();
        }
        let rule = |days, replaces, only| Rule { days, spans: spans.clone(), closes, replaces, only };
        let before = rules.iter().rfind(|r| !r.closes).map(|r| r.days);
        match (days, before) {
            (None, Some(before)) if first && !closes && spoken => rules.push(rule(before, false, None)),
            // A second shift to people; to the standard it holds on all days, and stands for the first one
            // where that holds on all days, too.
            (None, Some(before)) if first && !closes => {
                let replaces = before == ALWAYS;
                rules.push(rule(ALWAYS, replaces, Some(Reading::Standard)));
                rules.push(rule(before, false, Some(Reading::People)));
            }
            // The same days once more: to people a second shift.
            (Some(days), _) if first && !closes && rules.iter().any(|r| r.days == days && !r.closes) => {
                rules.push(rule(days, true, Some(Reading::Standard)));
                rules.push(rule(days, false, Some(Reading::People)));
            }
            _ => rules.push(rule(days.unwrap_or(ALWAYS), first && !closes, None)),
        }
        first = false;
        part = match rest {
            [] => rest,
            [Token::Comma, rest @ ..] if !rest.is_empty() => rest,
            _ => return None,
        };
    }
    Some(())
}

/// The days at the start of a part, if there are any.
fn days(mut part: &[Token]) -> Option<(Option<u8>, &[Token])> {
    let mut all: Option<u8> = None;
    while let [Token::Days(d), rest @ ..] = part {
        let (d, rest) = match rest {
            [Token::Dash, Token::Days(to), rest @ ..] => (range(*d, *to)?, rest),
            _ => (*d, rest),
        };
        all = Some(all.unwrap_or(0) | d);
        part = match rest {
            [Token::Comma, Token::Days(_), ..] => &rest[1..],
            _ => rest,
        };
        if matches!(part, [Token::Days(_), ..]) && part.len() == rest.len() {
            return None;
        }
    }
    Some((all, part))
}

/// A range of weekdays, wrapping over Sunday.
fn range(from: u8, to: u8) -> Option<u8> {
    let one = |d: u8| (d != HOLIDAY && d.is_power_of_two()).then(|| d.trailing_zeros());
    let (from, to) = (one(from)?, one(to)?);
    Some((0..=(to + 7 - from) % 7).fold(0, |all, n| all | 1 << ((from + n) % 7)))
}

/// The times of a part, and whether it is closed then.
fn spans(part: &[Token]) -> Option<(Spans, bool, &[Token])> {
    match part {
        [Token::AllDay, rest @ ..] => return Some((vec![(0, DAY)], false, rest)),
        [Token::Off, rest @ ..] => return Some((Vec::new(), true, rest)),
        _ => {}
    }
    let mut out = Vec::new();
    let mut part = part;
    let mut of_day = None;
    loop {
        let (from, rest) = time(part, &mut of_day)?;
        let [Token::Dash, rest @ ..] = rest else { return None };
        let (to, rest) = time(rest, &mut of_day)?;
        if from > DAY || to > 2 * DAY {
            return None;
        }
        // Lists often write 23:59 for the end of the day.
        let to = if to == DAY - 1 { DAY } else { to };
        out.push((from, if to <= from { to + DAY } else { to }));
        part = rest;
        match part {
            [Token::Comma, Token::Time(_) | Token::Part(_), ..] => part = &part[1..],
            // `sáng 7h-11h chiều 13h-17h`
            [Token::Part(_), ..] => {}
            _ => return Some((out, false, part)),
        }
    }
}

/// A time, in the part of the day that was named last.
fn time<'a>(part: &'a [Token], of_day: &mut Option<Part>) -> Option<(u16, &'a [Token])> {
    let part = if let [Token::Part(named), rest @ ..] = part {
        *of_day = Some(*named);
        rest
    } else {
        part
    };
    let [Token::Time(minute), rest @ ..] = part else { return None };
    Some((of_day.map_or(Some(*minute), |p| p.of(*minute))?, rest))
}

/// The words of a text, and whether they are those of Vietnamese lists.
fn tokens(text: &str) -> Option<(Vec<Token>, bool)> {
    let mut out = Vec::new();
    let mut spoken = false;
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '-' | '–' | '—' | '~' => push(&mut out, Token::Dash, after),
            ',' | '&' => push(&mut out, Token::Comma, after),
            ';' | '\n' => push(&mut out, Token::Semicolon, after),
            ':' if matches!(out.last(), Some(Token::Days(_) | Token::Part(_) | Token::Off)) => after,
            // Days in parentheses: nothing else is read in them.
            '(' if matches!(out.last(), Some(Token::Time(_) | Token::AllDay)) => {
                // Only days may follow.
                let inside = after.split_once(')')?.0.trim_start();
                if inside.starts_with(|c: char| c.is_ascii_digit()) {
                    return None;
                }
                after
            }
            ')' if matches!(out.last(), Some(Token::Days(_))) => after,
            '0'..='9' => {
                let (token, after, is_spoken) = number(rest)?;
                spoken |= is_spoken;
                push(&mut out, token, after)
            }
            c if c.is_alphabetic() => {
                let (token, after, is_spoken) = word(rest)?;
                spoken |= is_spoken;
                out.extend(token);
                after
            }
            _ => return None,
        }
        .trim_start();
    }
    Some((out, spoken))
}

fn push<'a>(out: &mut Vec<Token>, token: Token, rest: &'a str) -> &'a str {
    out.push(token);
    rest
}

/// `6:00`, `06:00:00`, `7.30`, `6h`, `6h30`, `6g30`, `6 giờ 30`, `5pm`, `24/7`, `24/24`; and whether that is how lists
/// in Vietnamese write it.
fn number(text: &str) -> Option<(Token, &str, bool)> {
    for all_day in ["24/7", "24/24h", "24/24", "24h/24h", "24h/24", "24h/7"] {
        if let Some(rest) = text.strip_prefix(all_day) {
            return Some((Token::AllDay, rest, false));
        }
    }
    let (hour, rest) = digits(text)?;
    let of_clock = |minute: u16| (hour <= 48 && minute < 60).then_some(hour * 60 + minute);
    if let Some((minute, rest)) = half(hour, 0, rest) {
        return Some((Token::Time(minute), rest, false));
    }
    let spoken = ["giờ", "h", "g"].iter().find_map(|mark| rest.trim_start().strip_prefix(mark));
    if let Some(rest) = spoken {
        let (minute, rest) = match digits(rest.trim_start()) {
            // What follows may be the next number of a list.
            Some((minute, behind)) if !behind.starts_with(['h', 'g', ':']) => (minute, behind),
            _ => (0, rest),
        };
        let rest = rest.strip_prefix("phút").or_else(|| rest.strip_prefix('p')).unwrap_or(rest);
        return Some((Token::Time(of_clock(minute)?), rest, true));
    }
    let (minute, behind) = digits(rest.strip_prefix([':', '.'])?)?;
    // `7.5` may be half past seven: with a point, minutes have two digits.
    if rest.starts_with('.') && rest.len() - behind.len() != 3 {
        return None;
    }
    let rest = behind;
    let rest = rest.strip_prefix(':').and_then(digits).map_or(rest, |(_, rest)| rest);
    match half(hour, minute, rest) {
        Some((minute, rest)) => Some((Token::Time(minute), rest, false)),
        None => Some((Token::Time(of_clock(minute)?), rest, false)),
    }
}

/// A time on a clock of twelve hours, if `am` or `pm` follows.
fn half(hour: u16, minute: u16, rest: &str) -> Option<(u16, &str)> {
    let rest = rest.trim_start();
    let noon = |rest: &'_ str| !rest.starts_with(|c: char| c.is_alphanumeric());
    let (later, rest) = match (rest.strip_prefix("am"), rest.strip_prefix("pm")) {
        (Some(rest), _) if noon(rest) => (0, rest),
        (_, Some(rest)) if noon(rest) => (DAY / 2, rest),
        _ => return None,
    };
    ((1..=12).contains(&hour) && minute < 60).then(|| (hour % 12 * 60 + minute + later, rest))
}

/// One or two digits.
fn digits(text: &str) -> Option<(u16, &str)> {
    let n = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&n) {
        return None;
    }
    Some((text[..n].parse().ok()?, &text[n..]))
}
