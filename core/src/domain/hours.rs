//! Parses opening hours as people write them: the common part of OpenStreetMap's `opening_hours`
//! (`Mo-Fr 07:30-11:30,13:00-17:00; PH off`) and the forms in Vietnamese lists (`06h00 - 22h00`,
//! `24/24`, `Cả ngày`, `T2-T6: 7h30-16h30`). A text that is not fully understood gives no hours,
//! never a guess. Months, weeks, sunrise and open ends are not supported.

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};

use super::{Calendar, Instant};

/// Longer texts are not parsed, in characters.
const MAX_CHARS: usize = 300;
/// How many days ahead the next change is searched.
const HORIZON: i64 = 8;
const DAY: u16 = 24 * 60;
/// All days of the week and public holidays.
const ALWAYS: u8 = 0xff;
const HOLIDAY: u8 = 0x80;

/// The opening hours of a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours(Vec<Rule>);

/// Whether a place is open, and until when. `None` if nothing changes within the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Openness {
    /// Whether it is open at the given instant.
    pub open: bool,
    /// When that changes.
    pub until: Option<Instant>,
}

/// Start and end in minutes from midnight; the end may be after the next midnight.
type Spans = Vec<(u16, u16)>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    /// One bit per weekday from Monday, and one for public holidays.
    days: u8,
    spans: Spans,
    /// Whether it adds to the earlier rules for the day instead of replacing them.
    adds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Days(u8),
    Time(u16),
    AllDay,
    Off,
    Dash,
    Comma,
    Semicolon,
}

impl Hours {
    /// Parses a text; `None` if it is not fully understood.
    pub fn parse(text: &str) -> Option<Self> {
        if text.chars().nth(MAX_CHARS).is_some() {
            return None;
        }
        let tokens = tokens(&text.to_lowercase())?;
        let mut rules = Vec::new();
        for part in tokens.split(|t| *t == Token::Semicolon).filter(|p| !p.is_empty()) {
            part_rules(part, &mut rules)?;
        }
        (!rules.is_empty()).then_some(Self(rules))
    }

    /// The state at an instant, in the calendar's time zone and considering its public holidays.
    pub fn at(&self, now: Instant, calendar: &Calendar) -> Openness {
        let zone = calendar.time_zone();
        let today = zone.to_datetime(now.timestamp()).date();
        let mut spans = Vec::new();
        for n in -1..=HORIZON {
            let Ok(date) = today.checked_add(n.days()) else { continue };
            let Ok(midnight) = zone.to_timestamp(date.to_datetime(Time::midnight())) else { continue };
            let midnight = midnight.as_millisecond();
            let at = |minute: u16| Instant::from_ms(midnight + i64::from(minute) * 60_000);
            spans.extend(self.day(date, calendar).into_iter().map(|(from, to)| (at(from), at(to))));
        }
        spans.sort_unstable();
        let mut joined: Vec<(Instant, Instant)> = Vec::new();
        for (from, to) in spans {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        let end = Instant::from_ms(now.ms() + (HORIZON - 1) * 86_400_000);
        let soon = |t: Instant| Some(t).filter(|t| *t < end);
        match joined.into_iter().find(|(_, to)| now < *to) {
            Some((from, to)) if from <= now => Openness { open: true, until: soon(to) },
            Some((from, _)) => Openness { open: false, until: soon(from) },
            None => Openness { open: false, until: None },
        }
    }

    /// The spans that begin on a day: those of the last replacing rule for the day, and of the
    /// rules after it that add.
    fn day(&self, date: Date, calendar: &Calendar) -> Spans {
        let mut bits = 1 << weekday(date.weekday());
        if calendar.is_holiday(date) {
            bits |= HOLIDAY;
        }
        let mut out = Vec::new();
        for rule in self.0.iter().filter(|r| r.days & bits != 0) {
            if !rule.adds {
                out.clear();
            }
            out.extend(&rule.spans);
        }
        out
    }
}

fn weekday(day: Weekday) -> u8 {
    day.to_monday_zero_offset() as u8
}

/// The rules of a part without semicolons. The first replaces earlier rules, the others add.
fn part_rules(mut part: &[Token], rules: &mut Vec<Rule>) -> Option<()> {
    let first = rules.len();
    while !part.is_empty() {
        let (days, rest) = days(part)?;
        let (spans, rest) = spans(rest)?;
        rules.push(Rule { days: days.unwrap_or(ALWAYS), spans, adds: rules.len() > first });
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

fn spans(part: &[Token]) -> Option<(Spans, &[Token])> {
    match part {
        [Token::AllDay, rest @ ..] => return Some((vec![(0, DAY)], rest)),
        [Token::Off, rest @ ..] => return Some((Vec::new(), rest)),
        _ => {}
    }
    let mut out = Vec::new();
    let mut part = part;
    loop {
        let [Token::Time(from), Token::Dash, Token::Time(to), rest @ ..] = part else { return None };
        if *from > DAY || *to > 2 * DAY {
            return None;
        }
        // Lists often write 23:59 for the end of the day.
        let to = if *to == DAY - 1 { DAY } else { *to };
        out.push((*from, if to <= *from { to + DAY } else { to }));
        part = rest;
        match part {
            [Token::Comma, Token::Time(_), ..] => part = &part[1..],
            _ => return Some((out, part)),
        }
    }
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '-' | '–' | '—' | '~' => push(&mut out, Token::Dash, after),
            ',' | '&' => push(&mut out, Token::Comma, after),
            ';' | '\n' => push(&mut out, Token::Semicolon, after),
            ':' if matches!(out.last(), Some(Token::Days(_))) => after,
            '0'..='9' => {
                let (token, after) = number(rest)?;
                push(&mut out, token, after)
            }
            c if c.is_alphabetic() => {
                let (token, after) = word(rest)?;
                out.extend(token);
                after
            }
            _ => return None,
        }
        .trim_start();
    }
    Some(out)
}

fn push<'a>(out: &mut Vec<Token>, token: Token, rest: &'a str) -> &'a str {
    out.push(token);
    rest
}

/// `6:00`, `06:00:00`, `6h`, `6h30`, `6g30`, `24/7`, `24/24`.
fn number(text: &str) -> Option<(Token, &str)> {
    for all_day in ["24/7", "24/24h", "24/24", "24h/24h", "24h/24", "24h/7"] {
        if let Some(rest) = text.strip_prefix(all_day) {
            return Some((Token::AllDay, rest));
        }
    }
    let (hour, rest) = digits(text)?;
    let rest = rest.strip_prefix([':', 'h', 'g'])?;
    let (minute, rest) = match digits(rest) {
        Some((minute, rest)) => (minute, rest),
        None if text[..text.len() - rest.len()].ends_with(':') => return None,
        None => (0, rest),
    };
    let rest = rest.strip_prefix(':').and_then(digits).map_or(rest, |(_, rest)| rest);
    (hour <= 48 && minute < 60).then_some((Token::Time(hour * 60 + minute), rest))
}

/// One or two digits.
fn digits(text: &str) -> Option<(u16, &str)> {
    let n = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&n) {
        return None;
    }
    Some((text[..n].parse().ok()?, &text[n..]))
}

/// A day, a keyword for always or never, or a separator; the inner `None` for a word that is
/// ignored.
fn word(text: &str) -> Option<(Option<Token>, &str)> {
    const WORDS: &[(&str, Option<Token>)] = &[
        ("cả ngày", Some(Token::AllDay)),
        ("suốt ngày", Some(Token::AllDay)),
        ("all day", Some(Token::AllDay)),
        ("hàng ngày", Some(Token::Days(ALWAYS))),
        ("hằng ngày", Some(Token::Days(ALWAYS))),
        ("mỗi ngày", Some(Token::Days(ALWAYS))),
        ("daily", Some(Token::Days(ALWAYS))),
        ("chủ nhật", Some(Token::Days(1 << 6))),
        ("thứ hai", Some(Token::Days(1))),
        ("thứ ba", Some(Token::Days(1 << 1))),
        ("thứ tư", Some(Token::Days(1 << 2))),
        ("thứ năm", Some(Token::Days(1 << 3))),
        ("thứ sáu", Some(Token::Days(1 << 4))),
        ("thứ bảy", Some(Token::Days(1 << 5))),
        ("nghỉ", Some(Token::Off)),
        ("closed", Some(Token::Off)),
        ("off", Some(Token::Off)),
        ("đến", Some(Token::Dash)),
        ("tới", Some(Token::Dash)),
        ("to", Some(Token::Dash)),
        ("và", Some(Token::Comma)),
        ("and", Some(Token::Comma)),
        ("từ", None),
        ("from", None),
        ("open", None),
        ("ph", Some(Token::Days(HOLIDAY))),
        ("cn", Some(Token::Days(1 << 6))),
    ];
    const DAYS: [&str; 7] = ["mo", "tu", "we", "th", "fr", "sa", "su"];
    const LONG: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphabetic());
    for (word, token) in WORDS {
        if let Some(rest) = text.strip_prefix(word).filter(|r| ends(r)) {
            return Some((*token, rest));
        }
    }
    for (n, name) in DAYS.iter().enumerate() {
        let found =
            [LONG[n], &LONG[n][..3], name].into_iter().find_map(|w| text.strip_prefix(w).filter(|r| ends(r)));
        if let Some(rest) = found {
            return Some((Some(Token::Days(1 << n)), rest));
        }
    }
    // T2 or thứ 2 is Monday … T7 is Saturday.
    let rest = text.strip_prefix("thứ").or_else(|| text.strip_prefix('t'))?.trim_start();
    let n = rest.bytes().next().filter(|b| (b'2'..=b'7').contains(b))? - b'2';
    let rest = &rest[1..];
    (!rest.starts_with(|c: char| c.is_alphanumeric())).then_some((Some(Token::Days(1 << n)), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str, now: &str) -> Option<(bool, Option<String>)> {
        let hours = Hours::parse(text)?;
        let o = hours.at(Instant::parse(now).unwrap(), &crate::domain::calendar::tests::calendar());
        let local =
            |t: Instant| jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap().to_datetime(t.timestamp());
        Some((o.open, o.until.map(|t| local(t).strftime("%a %H:%M").to_string())))
    }

    #[test]
    fn a_week_in_the_citys_time() {
        let office = "Mo-Fr 07:30-11:30,13:00-17:00; PH off";
        // 2026-11-25 is a Wednesday; 01:30Z is 08:30 in the city.
        for (now, open, until) in [
            ("2026-11-25T01:30:00Z", true, "Wed 11:30"),
            ("2026-11-25T05:00:00Z", false, "Wed 13:00"),
            ("2026-11-25T10:00:00Z", false, "Thu 07:30"),
            ("2026-11-27T10:00:00Z", false, "Mon 07:30"),
            // The National Day of 2026 is a Wednesday.
            ("2026-09-02T01:30:00Z", false, "Thu 07:30"),
        ] {
            assert_eq!(at(office, now), Some((open, Some(until.to_owned()))), "{now}");
        }
        assert_eq!(at("24/7", "2026-11-25T01:30:00Z"), Some((true, None)));
        // After midnight, in a span that began yesterday.
        assert_eq!(at("18:00-02:00", "2026-11-25T18:00:00Z"), Some((true, Some("Thu 02:00".to_owned()))));
        assert!(at("Mo-Fr 08:00-12:00, Sa 08:00-10:00", "2026-11-28T02:00:00Z").unwrap().0);
        assert_eq!(at("off", "2026-11-25T01:30:00Z"), Some((false, None)));
    }

    #[test]
    fn forms_of_lists_are_the_same_hours() {
        for (text, same) in [
            ("06h00 - 22h00", "06:00-22:00"),
            ("6h – 22h", "06:00-22:00"),
            ("06:00:00-22:00:00", "06:00-22:00"),
            ("00:00:00-23:59:59", "24/7"),
            ("24/24", "24/7"),
            ("Cả ngày", "24/7"),
            ("Từ 7g30 đến 16g30", "07:30-16:30"),
            ("T2-T6: 7h30-11h30, 13h-17h; T7 nghỉ", "Mo-Fr 07:30-11:30,13:00-17:00; Sa off"),
            ("Thứ Hai đến Chủ nhật 8h-20h", "Mo-Su 08:00-20:00"),
            ("Monday-Friday 8:00-17:00", "Mo-Fr 08:00-17:00"),
        ] {
            let hours = Hours::parse(text);
            assert!(hours.is_some(), "{text}");
            assert_eq!(hours, Hours::parse(same), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_no_hours() {
        for text in [
            "",
            "sunrise-sunset",
            "Jan-Mar 08:00-12:00",
            "08:00",
            "08:00+",
            "giờ hành chính",
            "25",
            "Mo-",
            "Mo-PH 08:00-12:00",
            "08:99-12:00",
            "08:-12:00",
            "Mo Tu",
            ";;",
            "08:00-12:00,",
        ] {
            assert_eq!(Hours::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-0-9:;,hg/ MoTuPHtứcn–]{0,40}") {
            let _ = Hours::parse(&text);
        }

        /// Minute by minute: open exactly inside the span, and the next change is where `until`
        /// says.
        #[test]
        fn the_next_change_is_the_first(from in 0_u16..1440, to in 0_u16..1440, minute in 0_i64..10_080) {
            prop_assume!(from != to && to != 1439);
            let text = format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60);
            let hours = Hours::parse(&text).unwrap();
            let calendar = crate::domain::calendar::tests::calendar();
            let start = Instant::parse("2026-11-22T17:00:00Z").unwrap().ms();
            let open = |minute: i64| {
                let m = minute.rem_euclid(1440) as u16;
                if from < to { (from..to).contains(&m) } else { m >= from || m < to }
            };
            let o = hours.at(Instant::from_ms(start + minute * 60_000), &calendar);
            prop_assert_eq!(o.open, open(minute));
            let change = (minute + 1..minute + 2000).find(|m| open(*m) != o.open).unwrap();
            prop_assert_eq!(o.until, Some(Instant::from_ms(start + change * 60_000)));
        }
    }
}
