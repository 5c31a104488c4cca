//! Generates the history of a report: forwarded, worked on, resolved, answered, rejected or sent elsewhere, sometimes
//! reopened. Offices act in working hours, mostly near the due date; some reports lie for months.

use rand::RngExt;
use rand_distr::{Distribution, Exp, LogNormal};
use rand_pcg::Pcg64;

use super::table::one;
use super::timeline::{HOUR_MS, hour_of, weekday_of};
use diaban_core::domain::mask::Written;
use diaban_core::domain::report::{Event, NewReport};
use diaban_core::domain::{Category, Instant, State};

const DAY_MS: f64 = 24.0 * HOUR_MS as f64;
/// Share of slow reports, and their mean delay in days.
const SLOW: f64 = 0.57;
const SLOW_DAYS: f64 = 430.0;

const FORWARDED: &[&str] = &[
    "Đã chuyển đơn vị phụ trách.",
    "Tổng đài đã tiếp nhận và chuyển đơn vị có thẩm quyền xử lý.",
    "Đã phân công theo địa bàn.",
];
const STARTED: &[&str] = &[
    "Đã cử cán bộ kiểm tra thực tế.",
    "Đang lên phương án xử lý.",
    "Đơn vị đã tiếp nhận và đang xử lý.",
    "Đã lập biên bản, đang chờ thi công.",
];
const DONE: &[&str] = &[
    "Đã xử lý xong. Cảm ơn Quý vị đã phản ánh.",
    "Đã khắc phục trong ngày, mong Quý vị tiếp tục góp ý.",
    "Đã nhắc nhở, vị trí này nay đã thông thoáng.",
    "Đã sửa chữa và nghiệm thu.",
];
/// In groups where there is nothing to repair.
const EXPLAINED: &[&str] = &[
    "Đã giải đáp, mời Quý vị xem hướng dẫn trên Cổng dịch vụ công.",
    "Cảm ơn Quý vị, góp ý đã được chuyển cho đơn vị soạn kế hoạch.",
    "Thời hạn và hồ sơ cần nộp đã được giải thích cho Quý vị.",
    "Đơn vị đã ghi nhận và trả lời đầy đủ nội dung.",
];
const REFUSED: &[&str] = &[
    "Không đủ thông tin để xác minh.",
    "Kiểm tra thực tế không ghi nhận sự việc.",
    ELSEWHERE,
    "Nội dung không phải phản ánh hiện trường.",
];
/// Who says so says where to go.
const ELSEWHERE: &str = "Tranh chấp dân sự, cơ quan hành chính không giải quyết.";
const COURT: &str = "Tòa án nhân dân khu vực nơi có vụ việc / The regional people's court of the place";
/// Groups of which most reports are questions and ideas.
const TALK: [&str; 2] = ["ideas", "public_administration"];
const AGAIN: &[&str] =
    &["Sự việc tái diễn sau vài hôm.", "Chưa xử lý triệt để, đề nghị kiểm tra lại.", "Vẫn còn như cũ."];

/// Parameters of histories: the end, and the offset of local time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    now: i64,
    offset: i64,
}

impl Life {
    pub(super) fn new(now: Instant, offset: i64) -> Self {
        Self { now: now.ms(), offset }
    }

    /// Adds the events until now to a report that was just received. `original` is the report that
    /// this one repeats.
    pub(super) fn live(
        self,
        report: &mut NewReport,
        category: &Category,
        original: Option<u64>,
        rng: &mut Pcg64,
    ) {
        let received = report.events.last().map_or(report.public.created, |e| e.at).ms();
        let allowed = report.public.due.map_or(5.0 * DAY_MS, |due| (due.ms() - received) as f64);
        let talk = TALK.contains(&&*category.group);
        let mut story = Story { life: self, events: &mut report.events, at: received, talk };
        story.tell(allowed, original, rng);
        for event in &mut report.events {
            event.shown = category.precision.shown(event.at);
        }
        if let Some(last) = report.events.last() {
            report.public.state = last.to;
            report.public.redirect_to.clone_from(&last.redirect_to);
            report.public.updated = last.shown;
        }
    }

    /// The next moment within office hours.
    fn office(self, at: i64, rng: &mut Pcg64) -> i64 {
        let mut local = at + self.offset;
        if weekday_of(local) == 6 || !(7..17).contains(&hour_of(local)) {
            let morning = local.div_euclid(24 * HOUR_MS) * 24 * HOUR_MS;
            let next = if hour_of(local) < 7 { morning } else { morning + 24 * HOUR_MS };
            local = next + 7 * HOUR_MS + rng.random_range(HOUR_MS / 2..3 * HOUR_MS);
            if weekday_of(local) == 6 {
                local += 24 * HOUR_MS;
            }
        }
        local - self.offset
    }
}

/// A history being generated. Events after now, and everything that follows them, are left out.
struct Story<'a> {
    life: Life,
    events: &'a mut Vec<Event>,
    at: i64,
    talk: bool,
}

impl Story<'_> {
    fn tell(&mut self, allowed: f64, original: Option<u64>, rng: &mut Pcg64) {
        let lies = rng.random_bool(SLOW);
        if rng.random_bool(0.85) && !self.office(3.0, 1.1, State::Forwarded, FORWARDED, rng) {
            return;
        }
        if let Some(id) = original
            && rng.random_bool(0.75)
        {
            let at = self.at + wait(8.0, 1.0, rng);
            let note = format!("Trùng với phản ánh {id}.");
            self.event("office", at, State::Duplicate, Some(id.to_string()), Some(note));
            return;
        }
        if rng.random_bool(0.06) {
            let at = self.life.office(self.at + wait(20.0, 0.9, rng), rng);
            let reason = one(REFUSED, rng);
            let to = if reason == ELSEWHERE { State::Redirected } else { State::Rejected };
            self.event("office", at, to, Some(reason.to_owned()), None);
            return;
        }
        let hours = allowed / HOUR_MS as f64;
        if rng.random_bool(0.8) && !self.office(hours * 0.15, 0.8, State::InProgress, STARTED, rng) {
            return;
        }
        let wait_ms = if lies {
            Exp::new(1.0 / SLOW_DAYS).expect("a positive rate").sample(rng) * DAY_MS
        } else {
            // Two thirds are in time.
            allowed * LogNormal::new(-0.7, 0.75).expect("a finite deviation").sample(rng)
        };
        if !self.close(wait_ms as i64, rng) || !rng.random_bool(0.05) {
            return;
        }
        let at = self.at + wait(50.0, 1.0, rng);
        let reason = one(AGAIN, rng).to_owned();
        if self.event("citizen", at, State::Reopened, Some(reason), None)
            && self.office(240.0, 1.3, State::InProgress, STARTED, rng)
        {
            self.close(wait(120.0, 1.2, rng), rng);
        }
    }

    fn close(&mut self, wait: i64, rng: &mut Pcg64) -> bool {
        let at = self.life.office(self.at + wait, rng);
        let (to, notes) = if self.talk { (State::Answered, EXPLAINED) } else { (State::Resolved, DONE) };
        let note = one(notes, rng).to_owned();
        self.event("office", at, to, None, Some(note))
    }

    /// The office acts after about this many hours, usually with a note.
    fn office(&mut self, hours: f64, sigma: f64, to: State, notes: &[&str], rng: &mut Pcg64) -> bool {
        let at = self.life.office(self.at + wait(hours, sigma, rng), rng);
        let role = if to == State::Forwarded { "system" } else { "office" };
        let note = rng.random_bool(0.6).then(|| one(notes, rng).to_owned());
        self.event(role, at, to, None, note)
    }

    fn event(
        &mut self,
        role: &'static str,
        at: i64,
        to: State,
        reason: Option<String>,
        note: Option<String>,
    ) -> bool {
        if at > self.life.now {
            return false;
        }
        let from = self.events.last().map(|e| e.to);
        let at_ms = Instant::from_ms(at);
        let [reason, note] = [reason, note].map(|words| words.map(Written::by_us));
        let redirect_to = (to == State::Redirected).then(|| COURT.to_owned());
        self.events.push(Event { at: at_ms, shown: at_ms, role, from, to, reason, note, redirect_to });
        self.at = at;
        true
    }
}

/// A random delay around this many hours, at least a minute, in milliseconds.
fn wait(hours: f64, sigma: f64, rng: &mut Pcg64) -> i64 {
    let hours = LogNormal::new(hours.max(0.1).ln(), sigma).expect("a finite deviation").sample(rng);
    ((hours * HOUR_MS as f64) as i64).max(60_000)
}
