//! Forms, days, shifts and holidays, and the next change against every minute.

use proptest::prelude::*;

use super::*;

fn at(text: &str, now: &str) -> Option<(bool, Option<String>)> {
    let hours = Hours::parse(text)?;
    let o = hours.at(Instant::parse(now).unwrap(), &crate::domain::time::calendar::tests::calendar())?;
    let local = |t: Instant| jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap().to_datetime(t.timestamp());
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
        ("Sáng 7h30-11h30, chiều 13h30-17h", "07:30-11:30,13:30-17:00"),
        ("Sáng: 7h30 - 11h30; Chiều: 1h30 - 5h", "sáng 7h30-11h30; chiều 13h30-17h"),
        ("sáng 7 giờ 30 đến chiều 5 giờ", "07:30-17:00"),
        ("7.30-11.30, 13.30-17.00", "07:30-11:30,13:30-17:00"),
        ("T2 - CN: 8am-9:30pm", "Mo-Su 08:00-21:30"),
        ("8h-20h hàng ngày", "daily 08:00-20:00"),
        ("07:00 - 21:00 (T2 - CN)", "Mo-Su 07:00-21:00"),
        ("T2-T7 7h-17h; nghỉ CN", "Mo-Sa 07:00-17:00; Su off"),
        ("T2-T7 7h-17h; CN và ngày lễ nghỉ", "Mo-Sa 07:00-17:00; Su,PH off"),
        ("12am-12pm", "00:00-12:00"),
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
        "Mo-Fr 08:00-12:00 Sa 08:00-10:00",
        "Mo-Fr 08:00-12:00 || \"gọi trước\"",
        "Mo[1] 08:00-12:00",
        "SH off",
        "7.5-11.5",
        "Sáng 13h-17h",
        "Chiều 9h-11h",
        "08:00-12:00,13:00-17:00 off",
        "13pm-14pm",
        "Tết nghỉ",
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
        let calendar = crate::domain::time::calendar::tests::calendar();
        let start = Instant::parse("2026-11-22T17:00:00Z").unwrap().ms();
        let open = |minute: i64| {
            let m = minute.rem_euclid(1440) as u16;
            if from < to { (from..to).contains(&m) } else { m >= from || m < to }
        };
        let o = hours.at(Instant::from_ms(start + minute * 60_000), &calendar).unwrap();
        prop_assert_eq!(o.open, open(minute));
        let change = (minute + 1..minute + 2000).find(|m| open(*m) != o.open).unwrap();
        prop_assert_eq!(o.until, Some(Instant::from_ms(start + change * 60_000)));
    }
}

/// The states at moments of the city's clock: `o`pen, `c`losed, `?` unknown.
fn states(text: &str, moments: &[&str]) -> String {
    let hours = Hours::parse(text).unwrap_or_else(|| panic!("{text}"));
    let calendar = crate::domain::time::calendar::tests::calendar();
    let state = |moment: &&str| {
        let now = Instant::parse(&format!("2026-{moment}:00+07:00")).unwrap();
        hours.at(now, &calendar).map_or('?', |o| if o.open { 'o' } else { 'c' })
    };
    moments.iter().map(state).collect()
}

#[test]
fn rules_that_are_added_close_as_they_open() {
    // A Monday, a Tuesday, the National Day (a Wednesday), a Sunday.
    let days = ["11-23T09:00", "11-24T09:00", "09-02T09:00", "11-29T09:00"];
    for (text, want) in [
        ("Mo-Su 00:00-24:00, Mo off", "cooo"),
        ("Mo-Su 00:00-24:00, Mo-Su off", "cccc"),
        ("Mo-Su 07:00-21:00, PH off", "ooco"),
        ("24/7, PH off", "ooco"),
        ("24/7; Su off", "oooc"),
        ("off; Mo 08:00-10:00", "occc"),
        ("PH off; Mo-Su 07:00-21:00", "oooo"),
        ("Mo-Su 08:00-20:00, Tu 08:30-10:00 off", "ocoo"),
        ("08:00-20:00; 08:30-10:00 off", "cccc"),
        ("T2-T7 7h-17h; nghỉ CN và lễ", "oocc"),
    ] {
        assert_eq!(states(text, &days), want, "{text}");
    }
}

#[test]
fn shifts_in_vietnamese_forms_are_all_open() {
    // Wednesday morning, noon, afternoon; Sunday afternoon.
    let moments = ["11-25T09:00", "11-25T12:00", "11-25T14:00", "11-29T14:00"];
    for (text, want) in [
        ("7h30-11h30; 13h30-17h", "ocoo"),
        ("T2-T6: 7h30-11h30; 13h30-16h30", "ococ"),
        ("Sáng 7h30-11h30, chiều 13h30-17h", "ocoo"),
        ("Thứ Hai đến Thứ Sáu: sáng 7h-11h; chiều 1h-5h; CN nghỉ", "ococ"),
        // With colons the standard lets the second take the place of the first, and people don't.
        ("07:30-11:30; 13:30-17:00", "?coo"),
        ("Mo-Fr 07:30-11:30; 13:30-16:30", "oco?"),
        ("Mo-Fr 08:00-12:00; Mo-Fr 13:00-17:00", "?coc"),
    ] {
        assert_eq!(states(text, &moments), want, "{text}");
    }
}

#[test]
fn after_midnight_before_a_day_off_it_is_not_known() {
    assert_eq!(states("Fr-Sa 22:00-06:00", &["11-28T01:00", "11-29T01:00", "11-30T01:00"]), "ooc");
    let holiday = ["08-31T01:00", "09-02T19:00", "09-03T01:00", "09-03T04:00"];
    assert_eq!(states("Mo-Su 18:00-03:00; PH off", &holiday), "?c?c");
    assert_eq!(
        states("Mo-Sa 18:00-02:00; Su 10:00-14:00", &["11-29T01:00", "11-29T11:00", "11-28T19:00"]),
        "?oo"
    );
    assert_eq!(states("22:00-22:00", &["11-28T01:00", "11-28T23:00"]), "oo");
    // The hours end when it is known that they do; after that nothing is said.
    let until = |now: &str| at("Mo-Su 18:00-03:00; PH off", now).unwrap().1;
    assert_eq!(until("2026-08-30T12:00:00Z"), None, "open, until midnight at least");
    assert_eq!(until("2026-09-03T12:00:00Z").as_deref(), Some("Fri 03:00"));
}

#[test]
fn holidays_of_years_that_nobody_declared_are_not_known() {
    let at = |text: &str| at(text, "2031-01-01T03:00:00Z").map(|(open, _)| open);
    assert_eq!(at("Mo-Su 07:00-21:00; PH off"), None);
    assert_eq!(at("Mo-Su 07:00-21:00"), Some(true));
}

/// Where hours are read otherwise than by the evaluator of OpenStreetMap on purpose: until 24:00 for 23:59, and
/// that a comma before hours that are closed closes these alone.
const OTHERWISE: [&str; 1] = ["Mo-Su 06:00-09:00 open, 12:00-13:00 off"];

/// 191 texts, half of them of the car parks of this city, at 94 moments, as the library `opening_hours`
/// 3.15 for JavaScript reads them: `o`pen, `c`losed, `?` unknown, `-` not understood.
#[test]
fn hours_are_those_that_others_read() {
    let times = [
        "00:30", "01:30", "04:15", "05:45", "07:45", "09:10", "11:45", "12:30", "14:00", "17:15", "20:30",
        "21:45", "23:10",
    ];
    let week = (23..30).flat_map(|day| times.map(|t| format!("11-{day}T{t}")));
    let moments: Vec<String> =
        week.chain(["09:10", "14:00", "20:30"].map(|t| format!("09-02T{t}"))).collect();
    let moments: Vec<&str> = moments.iter().map(String::as_str).collect();
    let (mut same, mut unknown, mut wrong) = (0, 0, Vec::new());
    for line in include_str!("others.txt").lines() {
        let (text, theirs) = line.split_once('\t').unwrap();
        if theirs == "-" || OTHERWISE.contains(&text) || Hours::parse(text).is_none() {
            continue;
        }
        for ((moment, theirs), ours) in moments.iter().zip(theirs.chars()).zip(states(text, &moments).chars())
        {
            match ours {
                '?' => unknown += 1,
                o if o == theirs => same += 1,
                _ => wrong.push(format!("{text} at {moment}: {ours}, not {theirs}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(same > 14_000 && unknown < 400, "{same} {unknown}");
}
