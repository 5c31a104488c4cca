//! Pages of lists and feeds over HTTP for many random filters: the first page, and one deep in the list,
//! beside the unfiltered first page. The ids of every page are compared with a plain evaluation of all rows.
//! Usage: `cargo bench --bench pages [-- ROWS [FILTERS]]` (1,000,000 and 200).

mod load;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Instant as Stopwatch;

use load::Process;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;

use diaban::action::City;
use diaban::store::Store;
use diaban_core::domain::Instant;
use diaban_core::domain::field::CREATED;
use diaban_core::domain::view::MapRow;
use diaban_core::query::Filter;
use diaban_core::query::order::Order;
use diaban_core::query::params::{LIST, parse};
use diaban_core::query::testing::expression;

/// Each page is asked for so often; the median counts.
const TIMES: usize = 5;
const ITEMS: &str = "/collections/reports/items?limit=100";
/// Filters that were slow once.
const HARD: &[&str] = &[
    "created_at < TIMESTAMP('2025-01-15T00:00:00Z') OR S_INTERSECTS(geometry, LINESTRING(106.4 10.4,107.2 11.2))",
    "votes > 3 OR S_WITHIN(geometry, POLYGON((106.5 10.5,106.9 10.5,106.9 10.9,106.7 10.6,106.5 10.9,106.5 10.5)))",
    "id = 1",
    "votes > 1000000",
    "NOT (category LIKE '%o%' AND ward LIKE '26%') AND updated_at > created_at",
];

struct Bench {
    agent: ureq::Agent,
    base: String,
    /// In the order of lists.
    rows: Vec<MapRow>,
}

fn main() {
    let mut numbers = std::env::args().filter_map(|a| a.parse::<usize>().ok());
    let (count, filters) = (numbers.next().unwrap_or(1_000_000), numbers.next().unwrap_or(200));
    let server = Process::start(count, "[limits]\nmode = \"off\"\n");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let city = City::of_pack(diaban::city_files::embedded().expect("the pack")).expect("the city");
    let codebook = city.areas().codebook.clone();
    let rows = runtime.block_on(async {
        let store = Store::open(&server.store()).await.expect("the store");
        let mut rows = Vec::with_capacity(count);
        for first in (1..=count as i64).step_by(10_000) {
            rows.extend(store.map_rows(&[(first, first + 9_999)], &codebook).await.expect("its rows"));
        }
        store.close().await;
        rows.sort_by_key(|row| Reverse(Order::default().key(row)));
        rows
    });
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let bench = Bench { agent, base: format!("http://{}", server.address), rows };
    while bench.get("/readyz").0 != 200 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let deep = bench.rows[bench.rows.len() / 10 * 9].id;
    let [first, far] = ["", &format!("&cursor={deep}")].map(|c| bench.list(&Filter::default(), "", c));
    println!("{} rows; unfiltered: first page {first:.2} ms, deep page {far:.2} ms", bench.rows.len());
    println!("unfiltered feed: {:.2} ms", bench.time("/feeds/reports.json?limit=100").1);
    let mut runner = TestRunner::deterministic();
    let mut texts: Vec<String> = HARD.iter().map(|t| (*t).to_owned()).collect();
    let (oldest, newest) = (bench.rows.last().expect("a row")[CREATED], bench.rows[0][CREATED]);
    while texts.len() < filters + HARD.len() {
        let text = expression().new_tree(&mut runner).expect("a tree").current();
        texts.push(stretched(&text, oldest, newest));
    }
    let now = Instant::from_ms(newest);
    let mut times: HashMap<&str, Vec<(f64, String)>> = HashMap::new();
    for text in texts {
        // What the city has no names for is no question; what depends on the clock cannot be compared.
        let Ok(q) = parse(&[("filter".into(), text.clone())], LIST, &codebook, now) else { continue };
        if q.filter.as_of().is_some() {
            continue;
        }
        let asked: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let asked = format!("&filter={asked}");
        for (kind, cursor) in [("first page", ""), ("deep page", &format!("&cursor={deep}"))] {
            times.entry(kind).or_default().push((bench.list(&q.filter, &asked, cursor), text.clone()));
        }
        let feed = bench.time(&format!("/feeds/reports.json?limit=100{asked}")).1;
        times.entry("feed").or_default().push((feed, text));
    }
    for (kind, mut times) in times {
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (worst, text) = &times[times.len() - 1];
        println!(
            "{kind}: {} filters, p50 {:.2} ms, p90 {:.2}, worst {worst:.2} = {:.1} times the unfiltered first page: {text}",
            times.len(),
            times[times.len() / 2].0,
            times[times.len() * 9 / 10].0,
            worst / first
        );
    }
}

impl Bench {
    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let mut answer = self.agent.get(format!("{}{path}", self.base)).call().expect("an answer");
        (answer.status().as_u16(), answer.body_mut().read_to_vec().expect("a body"))
    }

    /// The last answer, and the median of the times in milliseconds.
    fn time(&self, path: &str) -> (Value, f64) {
        let mut times = Vec::new();
        let mut last = Vec::new();
        for _ in 0..TIMES {
            let watch = Stopwatch::now();
            let (status, body) = self.get(path);
            times.push(watch.elapsed().as_secs_f64() * 1e3);
            assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
            last = body;
        }
        times.sort_by(f64::total_cmp);
        (serde_json::from_slice(&last).expect("JSON"), times[TIMES / 2])
    }

    /// The time of a page, after its ids were compared.
    fn list(&self, filter: &Filter, asked: &str, cursor: &str) -> f64 {
        let (page, ms) = self.time(&format!("{ITEMS}{asked}{cursor}"));
        let ids =
            page["features"].as_array().expect("features").iter().map(|f| f["id"].as_u64().unwrap_or(0));
        let begin = cursor.split_once('=').map_or(0, |(_, id)| {
            let at = self.rows.iter().position(|r| r.id.to_string() == id);
            at.expect("the row of the cursor") + 1
        });
        let matching = |r: &&MapRow| filter.matches(r);
        assert!(
            ids.eq(self.rows[begin..].iter().filter(matching).take(100).map(|r| r.id)),
            "{asked}{cursor}"
        );
        assert_eq!(page["numberMatched"], self.rows.iter().filter(matching).count(), "{asked}");
        ms
    }
}

/// An expression with its first 200 seconds of time spread over the time of the rows.
fn stretched(text: &str, oldest: i64, newest: i64) -> String {
    const HEAD: &str = "TIMESTAMP('";
    let mut out = String::new();
    for (i, part) in text.split(HEAD).enumerate() {
        let moment = part.split_once('\'').filter(|_| i > 0);
        let Some((moment, rest)) = moment else {
            out.push_str(part);
            continue;
        };
        let ms = Instant::parse(moment).expect("an instant").ms();
        let at = oldest + (newest - oldest) / 200_000 * ms;
        out.extend([HEAD, &Instant::from_ms(at).to_string(), "'", rest]);
    }
    out
}
