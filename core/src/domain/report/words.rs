//! What is told of a report in sentences: what happened to it, and when an answer is due. The one home of these texts.

use jiff::tz::TimeZone;

use super::EventKind;
use crate::domain::time::{deadline, words};
use crate::domain::{Instant, Lang, State, Status};

/// What happened, for everybody, in Vietnamese and in English. `{from}` and `{to}` stand for the offices of a transfer,
/// the wards of a reform, the levels or the dates before and after.
pub const fn sentence(kind: EventKind, from: Option<State>, to: State) -> (&'static str, &'static str) {
    match (kind, from, to) {
        (EventKind::State, None, _) => ("Phản ánh được tiếp nhận.", "The report was received."),
        (EventKind::State, Some(_), State::Received) => {
            ("Phản ánh được tiếp nhận lại.", "The report was taken in again.")
        }
        (EventKind::State, Some(_), State::Forwarded) => {
            ("Đã chuyển đến nơi xử lý.", "It was forwarded to those who deal with it.")
        }
        (EventKind::State, Some(_), State::InProgress) => ("Bắt đầu xử lý.", "Work on it began."),
        (EventKind::State, Some(_), State::Reopened) => {
            ("Phản ánh được mở lại.", "The report was opened again.")
        }
        (EventKind::State, Some(_), State::Resolved) => ("Đã giải quyết xong.", "It was resolved."),
        (EventKind::State, Some(_), State::Rejected) => {
            ("Nơi phụ trách trả lời không xử lý.", "The office answered that it will not act on it.")
        }
        (EventKind::State, Some(_), State::Answered) => (
            "Nơi phụ trách đã trả lời, không cần xử lý thêm.",
            "The office answered; nothing was to be repaired.",
        ),
        (EventKind::State, Some(_), State::Redirected) => {
            ("Việc này do nơi khác giải quyết.", "It is settled elsewhere.")
        }
        (EventKind::State, Some(_), State::Duplicate) => {
            ("Trùng với một phản ánh khác.", "It was found to repeat another report.")
        }
        (EventKind::Note, ..) => ("Nơi phụ trách viết:", "The office wrote:"),
        (EventKind::Transfer, ..) => ("Chuyển từ {from} sang {to}.", "It went from {from} to {to}."),
        (EventKind::Level, ..) => {
            ("Mức độ đổi từ {from} sang {to}.", "Its level changed from {from} to {to}.")
        }
        (EventKind::Extended, ..) => (
            "Lùi hạn trả lời từ {from} đến {to}, kèm trả lời tạm thời:",
            "The answer was put off from {from} to {to}, with an interim reply:",
        ),
        (EventKind::Question, ..) => {
            ("Nơi phụ trách hỏi thêm người gửi.", "The office asked whoever sent it for more.")
        }
        (EventKind::Reply, ..) => ("Người gửi đã trả lời.", "Whoever sent it answered."),
        (EventKind::Silence, ..) => (
            "Chưa có trả lời của người gửi trong thời hạn; việc xử lý tiếp tục.",
            "No answer came in time from whoever sent it; work goes on.",
        ),
        (EventKind::Rating, ..) => ("Người gửi đánh giá: {to}.", "Whoever sent it is {to}."),
        (EventKind::Kept, ..) => {
            ("Nơi phụ trách không mở lại phản ánh.", "The office does not open it again.")
        }
        (EventKind::Task, ..) => ("Một phần việc của {from}: {to}.", "A part of it, of {from}: {to}."),
        (EventKind::Hidden, ..) => ("Phản ánh bị ẩn khỏi trang công khai.", "It was taken from the public."),
        (EventKind::Shown, ..) => ("Phản ánh được công khai trở lại.", "It was given back to the public."),
        (EventKind::Erased, ..) => ("Phản ánh đã được xóa.", "The report was erased."),
        (EventKind::Areas, ..) => {
            ("Địa giới thay đổi: từ {from} sang {to}.", "Boundaries changed: it went from {from} to {to}.")
        }
    }
}

/// What can be said of the answer to a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Whether it is late now.
    pub late: bool,
    /// A sentence.
    pub words: String,
}

/// When an answer is due, or whether it came in time. `closed` is when the report was last closed, as far as the reader
/// may know.
pub fn promise(
    (state, due, closed): (State, Option<Instant>, Option<Instant>),
    now: Instant,
    zone: &TimeZone,
    lang: Lang,
) -> Promise {
    let day = |at| words::day(at, zone, lang);
    let said = |late, vi: String, en: String| Promise { late, words: if lang == Lang::Vi { vi } else { en } };
    if state.status() == Status::Closed {
        let Some(closed) = closed else {
            return said(false, "Đã có trả lời.".to_owned(), "It was answered.".to_owned());
        };
        let on = day(closed);
        let Some(due) = due else {
            return said(false, format!("Đã trả lời {on}."), format!("It was answered on {on}."));
        };
        if closed <= due {
            return said(
                false,
                format!("Đã trả lời {on}, trong hạn."),
                format!("It was answered on {on}, in time."),
            );
        }
        let late = late(words::days_from(due, closed, zone), lang);
        return said(
            false,
            format!("Đã trả lời {on}, trễ {late} so với hạn {}.", day(due)),
            format!("It was answered on {on}, {late} after it was due ({}).", day(due)),
        );
    }
    let Some(due) = due else {
        return said(
            false,
            "Phản ánh này không có hạn trả lời.".to_owned(),
            "No day is set for an answer to this report.".to_owned(),
        );
    };
    let on = day(due);
    if deadline::is_overdue(state, due, now) {
        let late = late(words::days_from(due, now, zone), lang);
        return said(
            true,
            format!("Lẽ ra phải có trả lời chậm nhất {on}. Đến nay đã trễ {late}."),
            format!("An answer was due by {on}. It is late by {late}."),
        );
    }
    let far = words::in_days(words::days_from(now, due, zone), lang);
    said(
        false,
        format!("Sẽ có trả lời chậm nhất {on} ({far})."),
        format!("An answer is due by {on} ({far})."),
    )
}

fn late(days: i64, lang: Lang) -> String {
    match (days, lang) {
        (..=0, Lang::Vi) => "chưa đến một ngày".to_owned(),
        (..=0, Lang::En) => "less than a day".to_owned(),
        (n, Lang::Vi) => format!("{n} ngày"),
        (1, Lang::En) => "1 day".to_owned(),
        (n, Lang::En) => format!("{n} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(state: State, due: Option<&str>, closed: Option<&str>, now: &str) -> (bool, String, String) {
        let at = |text: &str| Instant::parse(text).unwrap();
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let of = |lang| promise((state, due.map(at), closed.map(at)), at(now), &zone, lang);
        let (vi, en) = (of(Lang::Vi), of(Lang::En));
        assert_eq!(vi.late, en.late);
        (vi.late, vi.words, en.words)
    }

    const DUE: Option<&str> = Some("2026-12-04T10:00:00Z");

    #[test]
    fn what_is_late_is_said_to_be_late() {
        let (late, vi, en) = told(State::InProgress, DUE, None, "2026-11-25T01:30:00Z");
        assert!(!late);
        assert_eq!(vi, "Sẽ có trả lời chậm nhất thứ Sáu, 4/12/2026 (còn 9 ngày).");
        assert_eq!(en, "An answer is due by Friday, 4 December 2026 (in 9 days).");
        // The due instant itself is in time; a moment later is late, on the same day.
        assert!(!told(State::Received, DUE, None, "2026-12-04T10:00:00Z").0);
        let (late, _, en) = told(State::Received, DUE, None, "2026-12-04T10:00:01Z");
        assert!(late && en.ends_with("It is late by less than a day."), "{en}");
        let (late, vi, _) = told(State::Reopened, DUE, Some("2026-12-01T00:00:00Z"), "2026-12-06T17:30:00Z");
        assert!(late && vi.ends_with("Đến nay đã trễ 3 ngày."), "{vi}");
    }

    #[test]
    fn of_what_is_answered_is_said_whether_it_was_in_time() {
        let of = |due, closed| told(State::Resolved, due, closed, "2027-01-01T00:00:00Z");
        assert_eq!(of(DUE, Some("2026-12-04T10:00:00Z")).1, "Đã trả lời thứ Sáu, 4/12/2026, trong hạn.");
        assert_eq!(
            of(DUE, Some("2026-12-05T03:00:00Z")).2,
            "It was answered on Saturday, 5 December 2026, 1 day after it was due (Friday, 4 December 2026)."
        );
        assert_eq!(of(None, None).2, "It was answered.");
        assert!(!of(DUE, Some("2026-12-30T03:00:00Z")).0, "it is late no more");
        assert!(told(State::Received, None, None, "2027-01-01T00:00:00Z").1.contains("không có hạn"));
    }

    #[test]
    fn everything_that_can_happen_has_a_sentence_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for code in 1.. {
            let Some(kind) = EventKind::from_code(code) else { break };
            seen.insert(sentence(kind, None, State::Received));
        }
        let others = seen.len();
        seen.insert(sentence(EventKind::State, None, State::Received));
        for to in State::ALL {
            seen.insert(sentence(EventKind::State, Some(State::Received), to));
        }
        assert_eq!(seen.len(), others + 1 + State::ALL.len());
        assert!(seen.iter().all(|(vi, en)| vi != en && vi.len() > 10 && en.len() > 10));
    }
}
