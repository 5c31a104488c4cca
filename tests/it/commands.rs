//! Random commands to reports, against a plain model of what each may do: states, what is awaited, tasks, dates, how much
//! happened, and at the end the counts that everybody sees. `DIABAN_SEQUENCES` says how many reports live so.

use std::collections::BTreeMap;

use diaban::action::{self, Actor, City, NewTask, Rated, To, Transition, VerbError, Withdrawal};
use diaban::clock::FixedClock;
use diaban::demo::Generator;
use diaban::store::{Created, Store};
use diaban_core::domain::report::{NewReport, Rating, TaskState, Withdrawn};
use diaban_core::domain::{Instant, Precision, State, Status, deadline};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::harness::{NOW, Server};
use crate::test_database::store_url;

const COMMANDS: usize = 25;
const DAY: i64 = 86_400_000;
/// A category whose place is exact, of which an office decides about opening again.
const CATEGORY: &str = "pothole";
const ORIGINAL: u64 = 1_000_000;

#[derive(Clone, Copy, Debug)]
enum Command {
    Set(State),
    /// To so many milliseconds after the date that it has.
    Extend(i64),
    Ask,
    Reply(u64),
    /// Of a body, or a contractor.
    Task(bool),
    End(i64, TaskState),
    Rate(bool, bool),
    Keep,
    Hide,
    Show,
    Erase,
    Later(i64),
}

/// Why a command did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum No {
    Erased,
    Missing,
    NotNow,
    Illegal,
    Refused,
}

fn no(error: VerbError) -> No {
    match error {
        VerbError::Erased => No::Erased,
        VerbError::Missing => No::Missing,
        VerbError::NotNow(_) => No::NotNow,
        VerbError::Illegal { .. } => No::Illegal,
        VerbError::Refused(_) => No::Refused,
        other => panic!("{other}"),
    }
}

/// Until when an answer is awaited, whether that is on record to be over, and between what the clock rests.
type Question = (Instant, bool, Option<(Instant, Instant)>);

/// A report as it should be.
struct Model<'a> {
    city: &'a City,
    id: u64,
    state: State,
    withdrawn: Withdrawn,
    question: Option<Question>,
    asked: Instant,
    last_reply: Option<u64>,
    wish: Option<Instant>,
    tasks: Vec<(bool, TaskState)>,
    closed: Instant,
    rated: Option<(Instant, bool, bool)>,
    due: Instant,
    extensions: i64,
    events: i64,
}

impl Model<'_> {
    fn is_open(&self) -> bool {
        self.state.status() == Status::Open
    }

    fn to(&mut self, state: State, now: Instant) {
        (self.state, self.events) = (state, self.events + 1);
        if state.status() == Status::Closed {
            (self.closed, self.question, self.wish) = (now, None, None);
        }
        if state == State::Reopened {
            (self.question, self.wish) = (None, None);
            let days = self.city.pack.categories.by_code(CATEGORY).unwrap().target_days;
            self.due = self.due.max(deadline::due(now, days, &self.city.pack.calendar));
        }
    }

    fn set(&mut self, to: State, now: Instant) -> Result<(), No> {
        if to == self.state {
            self.events += 1; // a note
            return Ok(());
        }
        let works = self.tasks.iter().any(|(_, state)| *state == TaskState::Open);
        if to.status() == Status::Closed && works {
            return Err(No::NotNow);
        }
        if !self.state.next().contains(&to) {
            return Err(No::Illegal);
        }
        self.to(to, now);
        Ok(())
    }

    fn ask(&mut self, now: Instant) -> Result<(), No> {
        if !self.is_open() || self.question.is_some_and(|(_, silent, _)| !silent) {
            return Err(No::NotNow);
        }
        let pack = &self.city.pack;
        let until = pack.clocks.reply.end(now, &pack.clocks.office);
        let rests = self.due >= now;
        let rest = rests.then(|| (self.due, deadline::rested(self.due, now, until, &pack.calendar)));
        let rest = rest.filter(|(from, to)| from != to);
        self.due = rest.map_or(self.due, |(_, to)| to);
        (self.question, self.asked, self.events) = (Some((until, false, rest)), now, self.events + 1);
        Ok(())
    }

    fn reply(&mut self, text: u64, now: Instant) -> Result<(), No> {
        let Some((until, _, rest)) = self.question.take() else {
            return if self.last_reply == Some(text) { Ok(()) } else { Err(No::NotNow) };
        };
        if let Some((from, to)) = rest.filter(|(_, to)| *to == self.due && now <= until) {
            self.due = deadline::rested(from, self.asked, now, &self.city.pack.calendar).min(to);
        }
        (self.last_reply, self.events) = (Some(text), self.events + 1);
        Ok(())
    }

    fn task(&mut self, of_body: bool, now: Instant) -> Result<(), No> {
        if !self.is_open() || self.tasks.len() >= 20 {
            return Err(No::NotNow);
        }
        if of_body && self.tasks.iter().all(|(body, _)| !body) && self.due >= now {
            self.due = deadline::later(self.due, self.city.pack.clocks.several, &self.city.pack.calendar);
        }
        self.tasks.push((of_body, TaskState::Open));
        self.events += 1;
        Ok(())
    }

    fn end(&mut self, n: i64, to: TaskState) -> Result<(), No> {
        let state = &mut self.tasks[n as usize - 1].1;
        if *state != TaskState::Open {
            return if *state == to { Ok(()) } else { Err(No::NotNow) };
        }
        (*state, self.events) = (to, self.events + 1);
        Ok(())
    }

    fn rate(&mut self, satisfied: bool, reopen: bool, now: Instant) -> Result<(), No> {
        if satisfied && reopen {
            return Err(No::Refused);
        }
        let (rules, office) = (&self.city.pack.ratings, &self.city.pack.clocks.office);
        let again = rules.again_after.end(self.closed, office);
        let late = self.state == State::Resolved && now >= again && now <= rules.within.end(again, office);
        let soon = now <= rules.within.end(self.closed, office);
        let from = if soon { self.closed } else { again };
        let can = !self.is_open() && self.state != State::Duplicate && (soon || late);
        if !can || self.rated.is_some_and(|(at, ..)| at >= from) {
            let same = self.rated.is_some_and(|(_, was, wished)| (was, wished) == (satisfied, reopen));
            return if same { Ok(()) } else { Err(No::NotNow) };
        }
        (self.rated, self.events) = (Some((now, satisfied, reopen)), self.events + 1);
        if reopen {
            self.wish = Some(rules.decide.end(now, office));
        }
        Ok(())
    }

    fn keep(&mut self) -> Result<(), No> {
        self.wish.take().map(|_| self.events += 1).ok_or(No::NotNow)
    }

    /// What time does.
    fn overtime(&mut self, now: Instant) {
        if let Some((until, silent, _)) = &mut self.question
            && *until < now
            && !*silent
        {
            (*silent, self.events) = (true, self.events + 1);
        }
        if self.wish.is_some_and(|until| until < now) {
            self.to(State::Reopened, now);
        }
    }

    fn apply(&mut self, command: Command, now: Instant) -> Result<(), No> {
        use Command::{Ask, End, Erase, Extend, Hide, Keep, Later, Rate, Reply, Set, Show, Task};
        match command {
            Later(_) => {
                self.overtime(now);
                return Ok(());
            }
            End(n, _) if n as usize > self.tasks.len() => return Err(No::Missing),
            // Looked at before the report is.
            Rate(true, true) => return Err(No::Refused),
            _ if self.withdrawn == Withdrawn::Erased => return Err(No::Erased),
            Set(to) => return self.set(to, now),
            Ask => return self.ask(now),
            Reply(text) => return self.reply(text, now),
            Task(of_body) => return self.task(of_body, now),
            End(n, to) => return self.end(n, to),
            Rate(satisfied, reopen) => return self.rate(satisfied, reopen, now),
            Keep => return self.keep(),
            Extend(ms) => {
                let due = Instant::from_ms(self.due.ms() + ms);
                if !self.is_open() || due <= now || ms <= 0 || due.ms() - now.ms() > 366 * DAY {
                    return Err(No::Refused);
                }
                (self.due, self.extensions) = (due, self.extensions + 1);
            }
            Hide if self.withdrawn == Withdrawn::No => self.withdrawn = Withdrawn::Hidden,
            Show if self.withdrawn == Withdrawn::Hidden => self.withdrawn = Withdrawn::No,
            Hide | Show => return Err(No::Refused),
            Erase => {
                (self.withdrawn, self.question, self.wish) = (Withdrawn::Erased, None, None);
            }
        }
        self.events += 1;
        Ok(())
    }
}

async fn carry_out(store: &Store, clock: &FixedClock, model: &Model<'_>, command: Command) -> Result<(), No> {
    use Command::{Ask, End, Erase, Extend, Hide, Keep, Later, Rate, Reply, Set, Show, Task};
    let (city, id, operator) = (model.city, model.id, &Actor::OPERATOR);
    let withdraw = async |what| action::withdraw(city, store, clock, id, what, operator).await;
    let transition =
        async |asked: Transition| action::transition(city, store, clock, id, &asked, operator).await;
    let note = Some("Đã xem".to_owned());
    let done = match command {
        Set(to) => {
            let given = |needed: bool, text: &str| needed.then(|| text.to_owned());
            let original = (to == State::Duplicate && to != model.state).then_some(ORIGINAL);
            let redirect_to = given(to == State::Redirected && to != model.state, "Tòa án");
            let reason = given(to == State::Rejected, "Đất tư nhân");
            transition(Transition {
                to: Some(to),
                note,
                reason,
                original,
                redirect_to,
                ..Transition::default()
            })
            .await
        }
        Extend(ms) => {
            let due = Some(Instant::from_ms(model.due.ms() + ms));
            transition(Transition { note, due, ..Transition::default() }).await
        }
        Ask => action::ask(city, store, clock, id, ("Ở đâu?", None), operator).await,
        Reply(text) => action::reply(city, store, clock, id, &format!("Ở đây {text}")).await,
        Task(of_body) => {
            let task = NewTask {
                to: of_body.then(|| To::Body("water".to_owned())),
                contractor: (!of_body).then(|| "Khơi Dòng".to_owned()),
                what: "Hút hố ga".to_owned(),
                due: None,
                note: None,
            };
            action::give_task(city, store, clock, id, &task, operator).await.map(|_| ())
        }
        End(n, to) => {
            action::end_task(city, store, clock, id, (n, to), (note.as_deref(), None), operator).await
        }
        Rate(satisfied, reopen) => {
            let rating = if satisfied { Rating::Satisfied } else { Rating::Unsatisfied };
            let rated = Rated { rating, reasons: Vec::new(), words: None, reopen };
            action::rate(city, store, clock, id, &rated).await
        }
        Keep => action::keep_closed(city, store, clock, id, ("Đã xong", None), operator).await,
        Hide => withdraw(Withdrawal::Hide).await,
        Show => withdraw(Withdrawal::Unhide).await,
        Erase => withdraw(Withdrawal::Erase).await,
        Later(_) => action::overtime(city, store, clock).await.map(|_| ()),
    };
    done.map_err(no)
}

fn drawn(rng: &mut Pcg64) -> Command {
    let ends = TaskState::ENDS;
    match rng.random_range(0..100) {
        0..30 => Command::Set(State::ALL[rng.random_range(0..State::ALL.len())]),
        30..35 => Command::Extend(rng.random_range(-2..400) * DAY),
        35..43 => Command::Ask,
        43..51 => Command::Reply(rng.random_range(0..3)),
        51..57 => Command::Task(rng.random()),
        57..65 => Command::End(rng.random_range(1..4), ends[rng.random_range(0..ends.len())]),
        65..77 => Command::Rate(rng.random(), rng.random()),
        77..80 => Command::Keep,
        80..82 => Command::Hide,
        82..85 => Command::Show,
        85 => Command::Erase,
        _ => Command::Later([3_600_000, 3 * DAY, 9 * DAY, 30 * DAY][rng.random_range(0..4)]),
    }
}

/// A report that was just received.
fn fresh(made: NewReport, id: u64, city: &City, now: Instant) -> NewReport {
    let mut report = NewReport { id, precision: Precision::Exact, ..made };
    report.events.truncate(1);
    (report.events[0].at, report.events[0].shown) = (now, now);
    let facts = &mut report.public;
    CATEGORY.clone_into(&mut facts.category);
    (facts.state, facts.redirect_to) = (State::Received, None);
    (facts.created, facts.updated, facts.body) = (now, now, "infrastructure".to_owned());
    let days = city.pack.categories.by_code(CATEGORY).unwrap().target_days;
    facts.due = Some(deadline::due(now, days, &city.pack.calendar));
    report
}

async fn agrees(store: &Store, model: &Model<'_>) {
    let is = store.standing(model.id).await.unwrap().unwrap();
    assert_eq!((is.state, is.withdrawn, is.events), (model.state, model.withdrawn, model.events));
    assert_eq!(is.due, Some(model.due));
    let question = is.question().map(|q| (q.until, q.silent, q.rest));
    assert_eq!((question, is.wish().map(|w| w.until)), (model.question, model.wish));
    let open = model.tasks.iter().filter(|(_, state)| *state == TaskState::Open).count();
    assert_eq!((is.tasks.all, is.tasks.open), (model.tasks.len() as i64, open as i64));
    assert_eq!(store.life(is.seq).await.unwrap().len() as i64, model.events);
    if let Some(record) = store.own_report(model.id).await.unwrap() {
        assert_eq!((record.facts.state, record.facts.extensions), (model.state, model.extensions));
    }
}

/// How many reports live.
#[expect(clippy::disallowed_methods, reason = "how large a test is, is no setting of the program")]
fn sequences() -> usize {
    std::env::var("DIABAN_SEQUENCES").map_or(40, |n| n.parse().unwrap())
}

#[test]
fn random_commands_do_what_a_plain_model_says() {
    let sequences = sequences();
    let folder = tempfile::tempdir().unwrap();
    let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
    let start = Instant::parse(NOW).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut counts: BTreeMap<State, u64> = BTreeMap::new();
    runtime.block_on(async {
        let store = Store::open(&store_url(folder.path())).await.unwrap();
        let mut made = Generator::new(&city, 7, start, sequences + 1).filter(|r| r.public.ward.is_some());
        let original = fresh(made.next().unwrap(), ORIGINAL, &city, start);
        assert_eq!(store.create_report(original, None).await.unwrap(), Created::New);
        counts.insert(State::Received, 1);
        let (clock, mut now) = (FixedClock::at(start), start);
        for (id, report) in (1..).zip(made) {
            let mut rng = Pcg64::seed_from_u64(id);
            let report = fresh(report, id, &city, now);
            let due = report.public.due.unwrap();
            assert_eq!(store.create_report(report, None).await.unwrap(), Created::New);
            let mut model = Model {
                city: &city,
                id,
                state: State::Received,
                withdrawn: Withdrawn::No,
                question: None,
                asked: now,
                last_reply: None,
                wish: None,
                tasks: Vec::new(),
                closed: now,
                rated: None,
                due,
                extensions: 0,
                events: 1,
            };
            let mut told = Vec::new();
            for _ in 0..COMMANDS {
                let command = drawn(&mut rng);
                now = Instant::from_ms(now.ms() + if let Command::Later(ms) = command { ms } else { 1_000 });
                clock.set(now);
                let done = carry_out(&store, &clock, &model, command).await;
                let expected = model.apply(command, now);
                told.push(format!("{command:?}: {done:?}"));
                assert_eq!(done, expected, "report {id}: {told:#?}");
                agrees(&store, &model).await;
            }
            // Else it would be opened while the next one lives.
            if model.wish.is_some() {
                carry_out(&store, &clock, &model, Command::Keep).await.unwrap();
            }
            if model.withdrawn == Withdrawn::No {
                *counts.entry(model.state).or_default() += 1;
            }
        }
        store.close().await;
    });
    let server = Server::start_in(folder.path(), std::sync::Arc::new(diaban::clock::SystemIds));
    let all: u64 = counts.values().sum();
    server.until("all are on the map", || server.matched("") == all);
    for state in State::ALL {
        assert_eq!(
            server.matched(&format!("state={}", state.name())),
            counts.get(&state).copied().unwrap_or(0)
        );
    }
}
