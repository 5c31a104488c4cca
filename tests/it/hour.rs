//! Of a report whose times are shown by the hour, nobody learns more than the hour, however often he looks: two
//! worlds that differ only within the hour look the same, byte by byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use diaban::action::{self, Actor, City, Transition, Withdrawal};
use diaban::clock::{Clock as _, FixedIds};
use diaban::store::{Store, over};
use diaban_core::domain::{Instant, PlaceRule, Precision, State};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::feeds::{diaban, done, items, said, ward_of};
use crate::harness::{CENTRE, NOW, Server, feature};
use crate::listen::Listener;

const ITEMS: &str = "/collections/reports/items";
const MINUTE: i64 = 60_000;

/// What happens in a world, with the minute of the hour.
#[derive(Clone, Debug)]
enum Act {
    /// A report of this category, with this id and title.
    Report(&'static str, u64),
    /// The office answers the report with this id.
    Answer(u64),
}

fn hour_start() -> i64 {
    Instant::parse(NOW).unwrap().floor_hour().ms()
}

/// A code of the pack with this precision, for which no answer is required.
pub(crate) fn category(precision: Precision) -> &'static str {
    let pack = diaban::city_files::embedded().unwrap();
    let mut all = pack.categories.iter();
    let simple = all.find(|c| {
        c.precision == precision && c.place != PlaceRule::None && c.questions.iter().all(|q| !q.required)
    });
    String::leak(simple.unwrap().code.to_string())
}

/// All that is public, with what caches are told: lists, feeds, tiles, and the pages of these reports.
fn look(server: &Server, ward: &str, reports: &[u64]) -> BTreeMap<String, String> {
    let mut paths = vec![format!("{ITEMS}?limit=3"), "/readyz".to_owned(), "/".to_owned()];
    for sort in ["created", "-updated", "due", "-due", "distance&near=106.7,10.77"] {
        paths.push(format!("{ITEMS}?sortby={sort}"));
    }
    paths.extend(["csv", "geojsonseq"].map(|f| format!("{ITEMS}?f={f}")));
    paths.push(format!("{ITEMS}?filter=category%20LIKE%20'%25'&overdue=false"));
    for feed in ["reports".to_owned(), format!("wards/{ward}"), format!("wards/{ward}/changes")] {
        paths.extend(["atom", "json", "geojson"].map(|x| format!("/feeds/{feed}.{x}")));
        paths.push(format!("/feeds/{feed}.json?limit=2"));
        paths.push(format!("/feeds/{feed}.json?status=open"));
    }
    for z in [5_u8, 12, 16] {
        let place = diaban_core::geo::LonLat::new(CENTRE.0, CENTRE.1).unwrap();
        let place = diaban_core::geo::Mercator::from_lonlat(place);
        let id = diaban_core::geo::TileId::holding(place, z).unwrap();
        paths.push(format!("/tiles/incidents/{}/{}/{}.mvt", id.z(), id.x(), id.y()));
    }
    paths.push("/collections/reports".to_owned());
    paths.extend(reports.iter().flat_map(|id| [format!("/r/{id}"), format!("/r/{id}.atom")]));
    let read = |path: String| {
        let mut answer = server.get(&path);
        if path == "/readyz" {
            // How often this test set the clock, as a job saw it, is nothing that a report did.
            let mut body = answer.json();
            body.as_object_mut().unwrap().retain(|name, _| !name.starts_with("clock"));
            answer.body = body.to_string().into_bytes();
            answer.headers.clear();
        }
        let told = ["etag", "last-modified", "link"].map(|name| answer.header(name).to_owned());
        let body: String =
            answer.body.iter().flat_map(|b| std::ascii::escape_default(*b)).map(char::from).collect();
        (path, format!("{} {told:?} {body}", answer.status))
    };
    paths.into_iter().map(read).collect()
}

/// Lives through acts, each at its minute after the beginning of the first hour, and looks at everything at the
/// moments that both worlds share. The end is what a stream told.
fn live(mut acts: Vec<(i64, Act)>, shared: &[i64]) -> (Vec<BTreeMap<String, String>>, Vec<String>) {
    acts.sort_by_key(|(minute, _)| *minute);
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<u64> =
        acts.iter().filter_map(|(_, a)| if let Act::Report(_, id) = a { Some(*id) } else { None }).collect();
    let server = Server::start_in(folder.path(), Arc::new(FixedIds::from_list(ids)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let city = Arc::new(City::of_pack(diaban::city_files::embedded().unwrap()).unwrap());
    let store = runtime.block_on(Store::open(&server.store)).unwrap();
    let mut stream = Listener::open(&server, "/feeds/reports/events", "");
    let (mut looks, mut ward, mut public) = (Vec::new(), String::new(), Vec::new());
    let mut moments: Vec<(i64, Option<Act>)> = acts.into_iter().map(|(m, a)| (m, Some(a))).collect();
    moments.extend(shared.iter().map(|m| (*m, None)));
    // A look comes after what happened in the same minute.
    moments.sort_by_key(|(minute, act)| (*minute, act.is_none()));
    for (minute, act) in moments {
        server.clock.set(Instant::from_ms(hour_start() + minute * MINUTE + 17_123));
        match act {
            Some(Act::Report(category, id)) => {
                let mut body = feature(category, Some((CENTRE.0 + id as f64 % 7.0 * 1e-4, CENTRE.1)));
                body["properties"]["title"] = format!("Phản ánh số {id}").into();
                let made = server.post(ITEMS, &body, &[]);
                assert_eq!((made.status, made.json()["id"].as_u64()), (201, Some(id)), "{}", made.text());
                ward = ward_of(&made.json());
                public.push((id, made.json()["properties"]["address"].is_string(), minute));
                // Who sent it finds it.
                assert_eq!(server.get(&format!("{ITEMS}/{id}")).status, 200);
            }
            Some(Act::Answer(id)) => {
                let to = Transition {
                    to: Some(State::InProgress),
                    note: Some("Đã xem".into()),
                    ..Transition::default()
                };
                runtime
                    .block_on(action::transition(&city, &store, &*server.clock, id, &to, &Actor::OPERATOR))
                    .unwrap();
            }
            None => {
                // What is due is public at this moment, not some moments later; and the map follows.
                let now = server.clock.now();
                let head = runtime.block_on(async {
                    store.publish(over(now), now, action::judge(&city, &city.areas())).await.unwrap();
                    store.last_change().await.unwrap()
                });
                let applied = || server.get("/readyz").json()["applied"].as_i64().unwrap();
                server.until("the map stands at the head", || applied() >= head);
                let over = |m: &i64| m / 60 < (minute - 1) / 60;
                let due: Vec<u64> =
                    public.iter().filter(|(_, exact, m)| *exact || over(m)).map(|(id, ..)| *id).collect();
                assert_eq!(server.matched(""), due.len() as u64, "what is not public yet is counted nowhere");
                looks.push(look(&server, &ward, &due));
            }
        }
    }
    runtime.block_on(store.close());
    let told = items(&server.get(&format!("/feeds/wards/{ward}/changes.json?limit=1000"))).len();
    let told = (0..told).map(|_| stream.block().unwrap());
    let mut told: Vec<String> = told.collect();
    told.retain(|block| block.contains("data:"));
    (looks, told)
}

#[test]
fn two_worlds_that_differ_within_the_hour_only_look_the_same() {
    let blurred = [Precision::Grid20m, Precision::Grid150m, Precision::Ward, Precision::Hidden].map(category);
    let mut rng = Pcg64::seed_from_u64(15);
    for round in 0..2 {
        // Exact reports, whose moments are public, and looks between them; blurred ones anywhere in their hour.
        let mut ids: Vec<u64> = (0..14).map(|i| 1_000_000_007 * (i + 1) % 4_503_599_627_370_449).collect();
        ids.shuffle(&mut rng);
        let exact: Vec<(i64, Act)> =
            (0..6).map(|i| (5 + i * 9, Act::Report("pothole", ids[i as usize]))).collect();
        let hidden = |rng: &mut Pcg64| -> Vec<(i64, Act)> {
            let mut acts: Vec<(i64, Act)> =
                (6..11).map(|i| (rng.random_range(0..58), Act::Report(blurred[i % 4], ids[i]))).collect();
            let next = |i: usize| Act::Report(blurred[i % 4], ids[i]);
            acts.extend((11..14).map(|i| (60 + rng.random_range(3..58), next(i))));
            // The office answers some, within the next hours.
            acts.extend((6..9).map(|i| (60 + rng.random_range(3..58), Act::Answer(ids[i]))));
            acts.push((120 + rng.random_range(3..55), Act::Answer(ids[12])));
            acts
        };
        let later: Vec<(i64, Act)> = vec![(70, Act::Answer(ids[0])), (90, Act::Answer(ids[3]))];
        let worlds = [hidden(&mut rng), hidden(&mut rng)].map(|h| [exact.clone(), later.clone(), h].concat());
        let shared: Vec<i64> =
            (0..6).map(|i| 6 + i * 9).chain([59, 62, 71, 91, 119, 122, 150, 182]).collect();
        let [one, other] = worlds.map(|acts| live(acts, &shared));
        for (i, (a, b)) in one.0.iter().zip(&other.0).enumerate() {
            for (path, bytes) in a {
                assert_eq!(bytes, &b[path], "round {round}, minute {}, {path}", shared[i]);
            }
        }
        assert_eq!(one.1, other.1, "the stream");
        assert!(one.1.len() >= 14, "{:?}", one.1);
    }
}

#[test]
fn an_office_learns_at_once_what_the_public_learns_when_the_hour_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path(), Arc::new(diaban::clock::SystemIds));
    let code = category(Precision::Grid150m);
    let link = done(&server, &["keys", "feed", "Đội", "--query", &format!("category={code}")]);
    let token: String = link[link.find("dbn_").unwrap()..].chars().take(44).collect();
    let feed = |what: &str| server.get(&format!("/feeds/k/{token}/{what}.json"));
    server.until("the link is known", || feed("reports").status == 200);
    let made = server.report(code, Some(CENTRE));
    let (id, ward) = (made["id"].as_u64().unwrap(), ward_of(&made));
    assert_eq!(server.get(&format!("{ITEMS}/{id}")).json()["properties"], made["properties"]);
    let of = |what: &str| items(&feed(what));
    assert_eq!(of("reports")[0]["_diaban"]["report"], id);
    assert_eq!(of("changes")[0]["_diaban"]["event"], "received");
    let public = ["/feeds/reports.json".to_owned(), format!("/feeds/wards/{ward}/changes.json")];
    assert!(public.iter().all(|p| items(&server.get(p)).is_empty()));
    // What the office does, it sees; nobody else does.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
    let to = |state| Transition { to: Some(state), note: Some("Đã xem".into()), ..Transition::default() };
    let act = |state| {
        runtime.block_on(async {
            let store = Store::open(&server.store).await.unwrap();
            let done =
                action::transition(&city, &store, &*server.clock, id, &to(state), &Actor::OPERATOR).await;
            store.close().await;
            done
        })
    };
    act(State::InProgress).unwrap();
    assert_eq!(of("reports")[0]["_diaban"]["state"], "in_progress");
    let refused = act(State::Received).unwrap_err().to_string();
    assert!(refused.contains("cannot follow in_progress"), "what waits counts: {refused}");
    assert_eq!(of("changes").len(), 2);
    let mine = server.get(&format!("{ITEMS}/{id}")).json();
    assert_eq!(mine["properties"]["state"], "received", "not even who sent it");
    assert_eq!(server.matched(""), 0);
    // Nobody says its id before its hour is over.
    let hole = server.report("pothole", Some(CENTRE))["id"].to_string();
    let refused =
        diaban(&server, &["report", "set-state", &hole, "duplicate", "--original", &id.to_string()]);
    assert!(said(&refused).contains("before its hour is over"), "{}", said(&refused));
    server.until("the hole is public", || server.matched("") == 1);
    assert_eq!(
        server.get(&format!("{ITEMS}?cursor={id}")).status,
        400,
        "a cursor would tell where it stands"
    );
    server.end_hour();
    server.until("it is public with all that happened", || server.matched("state=in_progress") == 1);
    let changes = items(&server.get(&public[1]));
    let told: Vec<_> = changes.iter().map(|c| c["_diaban"]["event"].as_str().unwrap()).collect();
    assert_eq!(told, ["state", "received", "received"]);
    assert_eq!(of("reports").len(), 1, "it is told once");
    assert_eq!(of("changes").len(), 2);
}

#[test]
fn what_a_moderator_does_holds_before_the_hour_is_over_too() {
    let server = Server::start();
    let code = category(Precision::Ward);
    let [hidden, erased, back] = [0; 3].map(|_| server.report(code, Some(CENTRE))["id"].as_u64().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
    let act = |id, what| {
        runtime.block_on(async {
            let store = Store::open(&server.store).await.unwrap();
            action::withdraw(&city, &store, &*server.clock, id, what, &Actor::OPERATOR).await.unwrap();
            store.close().await;
        });
    };
    act(hidden, Withdrawal::Hide);
    act(erased, Withdrawal::Erase);
    act(back, Withdrawal::Hide);
    act(back, Withdrawal::Unhide);
    server.get(&format!("{ITEMS}/{hidden}")).problem(404);
    server.get(&format!("{ITEMS}/{erased}")).problem(410);
    server.end_hour();
    server.until("one is public", || server.matched("") == 1);
    let told = items(&server.get("/feeds/reports.json"));
    assert_eq!(told.len(), 1, "no tombstone of what was never public: {told:?}");
    assert_eq!(told[0]["_diaban"]["report"], back);
    // It comes when a moderator shows it, with the next hour.
    act(hidden, Withdrawal::Unhide);
    assert_eq!(server.matched(""), 1);
    server.end_hour();
    server.until("both are public", || server.matched("") == 2);
}
