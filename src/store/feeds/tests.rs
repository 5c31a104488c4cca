//! Feeds beside a naive evaluation of the same filters.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::*;
use crate::store::database::testing::Connection;
use crate::store::pages::tests::made;
use crate::store::test_database::store_url;
use crate::store::{Amendment, Step};
use diaban_core::query::CodeSet;
use diaban_core::query::params::{LIST, parse};
use diaban_core::query::testing::{codebook, expression};

/// What of an event tells it from all others.
type Names = Vec<(u64, i64)>;

fn names(news: &[News]) -> Names {
    news.iter().map(|n| (n.report.id, n.n)).collect()
}

async fn step(store: &Store, id: u64, step: Step, at: i64) {
    let was = store.standing(id).await.unwrap().unwrap();
    let at = Instant::from_ms(at);
    let amendment = Amendment::new(was, step, "office", at);
    assert_eq!(store.amend_report(amendment).await.unwrap(), crate::store::Applied::Done);
}

/// Both feeds, page by page.
async fn pages(store: &Store, page: NewsPage<'_>) -> [Names; 2] {
    let mut both = [Names::new(), Names::new()];
    let mut next = page;
    loop {
        let Changes { news, stopped } = store.report_news(next).await.unwrap();
        both[0].extend(names(&news));
        assert!(stopped.is_none() || news.len() < page.limit as usize);
        next.before = match stopped {
            Some((report, n)) => Some(store.event_position(report, n).await.unwrap()),
            None if news.len() < page.limit as usize => break,
            None => news.last().map(|n| n.at),
        };
    }
    next.before = None;
    loop {
        let Changes { news, stopped } = store.changes(next).await.unwrap();
        both[1].extend(names(&news));
        assert!(stopped.is_none() || news.len() < page.limit as usize);
        next.before = match stopped {
            Some((report, n)) => Some(store.event_position(report, n).await.unwrap()),
            None if news.len() < page.limit as usize => return both,
            None => news.last().map(|n| n.at),
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_hold_what_the_evaluator_chooses_though_the_map_is_older() {
    let folder = tempfile::tempdir().unwrap();
    let url = store_url(folder.path());
    let store = Store::open(&url).await.unwrap();
    let codebook = codebook();
    store.load_reports((1..=110).map(|id| made(id, &codebook)).collect()).await.unwrap();
    let mut connection = Connection::open(&url).await;
    connection.db().run("UPDATE report_public SET votes = seq % 12".to_owned()).await.unwrap();
    for id in 1..=40 {
        step(&store, id * 2, Step::Note, 300_000 + id as i64).await;
    }
    for id in 20..=25 {
        step(&store, id, Step::Hide, 310_000).await;
    }
    let map = |store: &Store| {
        let (store, codebook) = (store.clone(), &codebook);
        async move {
            let at = store.last_change().await.unwrap();
            Snapshot::from_rows(store.map_rows(&[(0, i64::MAX)], codebook).await.unwrap(), at)
        }
    };
    let older = map(&store).await;
    store.load_reports((111..=130).map(|id| made(id, &codebook)).collect()).await.unwrap();
    for id in 60..=75 {
        step(&store, id, Step::State(State::Resolved), 320_000 + id as i64).await;
    }
    for id in [24, 25] {
        step(&store, id, Step::Show, 330_000).await;
    }
    for id in [26, 70, 120] {
        step(&store, id, Step::Erase, 340_000).await;
    }
    let level = map(&store).await;
    assert_eq!((older.len(), level.len()), (104, 123));
    let all = Filter::default();
    let page = NewsPage { filter: &all, codebook: &codebook, map: &level, before: None, limit: 1_000 };
    let reports = store.report_news(page).await.unwrap().news;
    let mut changes = Vec::new();
    let mut next = page;
    loop {
        let part = store.changes(next).await.unwrap();
        next.before = part.news.last().map(|n| n.at);
        changes.extend(part.news);
        if part.stopped.is_none() {
            break;
        }
    }
    assert_eq!((reports.len(), changes.len()), (130, 130 + 40 + 6 + 16 + 2 + 3));
    let mut runner = TestRunner::deterministic();
    let (mut found, mut rounds) = ([0, 0], 0_u16);
    while rounds < 150 {
        let text = expression().new_tree(&mut runner).unwrap().current();
        let Ok(q) = parse(&[("filter".into(), text.clone())], LIST, &codebook, Instant::from_ms(400_000))
        else {
            continue;
        };
        rounds += 1;
        let mut filter = q.filter;
        if rounds.is_multiple_of(3) {
            filter = filter.of_any_ward().in_wards(CodeSet::from_iter([rounds / 3 % 4]));
        }
        let page = NewsPage { filter: &filter, limit: 7, ..page };
        let (anywhere, of_withdrawn) = (page.anywhere(), page.of_withdrawn());
        let passes = |n: &&News| {
            let asked = if n.withdrawn == Withdrawn::No { &anywhere } else { &of_withdrawn };
            asked.matches(&n.report.on_map(&codebook))
        };
        let wards = page.wards();
        let in_wards = |ward: &Option<WardId>| {
            let name = ward.as_ref().map(ToString::to_string).unwrap_or_default();
            wards.as_ref().is_none_or(|all| all.contains(&name))
        };
        let want_reports: Vec<News> =
            reports.iter().filter(|n| passes(n) && in_wards(&n.report.facts.ward)).cloned().collect();
        let mut want_changes: Vec<News> = changes
            .iter()
            .filter(|n| passes(n) && (in_wards(&n.ward) || n.from_ward.is_some() && in_wards(&n.from_ward)))
            .cloned()
            .collect();
        if wards.is_some_and(|w| are_few(&w)) {
            want_changes.sort_by_key(|n| Reverse(n.at));
        } else {
            want_changes.sort_by_key(|n| Reverse(n.at.seq));
        }
        let want = [names(&want_reports), names(&want_changes)];
        found[0] += want[0].len();
        found[1] += want[1].len();
        for map in [&older, &level] {
            assert_eq!(pages(&store, NewsPage { map, ..page }).await, want, "{text} {:?}", filter.wards());
        }
    }
    assert!(found.iter().all(|n| *n > 1_000), "most expressions choose something: {found:?}");
    store.close().await;
}
