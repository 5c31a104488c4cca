//! Reports of every category with unmistakable places and moments, and a search for them in everything that is public.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use diaban::action::City;
use diaban::clock::Clock as _;
use diaban_core::domain::{Instant, PlaceRule, Precision};
use serde_json::{Value, json};

use super::{ITEMS, pack, start};
use crate::harness::{CENTRE, Server, feature};
use crate::moving::{done, url};
use crate::test_database::{is_postgres, store_url};

/// A report that was sent, and what would give its place and moment away.
#[derive(Clone, Debug)]
struct Sent {
    id: u64,
    category: String,
    precision: Precision,
    /// Texts of the true place, the address and the true moment, as they would be printed.
    secrets: Vec<String>,
}

/// Places and moments of which every part is unmistakable.
struct Writer {
    n: u64,
}

impl Writer {
    /// Sends a report of each category, with a point where it may have one, and without one where it must not.
    fn send_all(&mut self, server: &Server, city: &City) -> Vec<Sent> {
        let mut all = Vec::new();
        for category in &city.pack.categories {
            for with_point in [true, false] {
                if (category.place == PlaceRule::None && with_point)
                    || (category.place == PlaceRule::Required && !with_point)
                {
                    continue;
                }
                self.n += 1;
                let n = self.n;
                // Seven decimals of their own, and milliseconds of their own.
                let place = (CENTRE.0 + (n * 10 + 7) as f64 * 1e-7, CENTRE.1 + (n * 10 + 3) as f64 * 1e-7);
                let at = Instant::from_ms(server.clock.now().ms() + 1_237);
                server.clock.set(at);
                let address = format!("Hẻm Bí Mật số {n:05}");
                let mut body = feature(&category.code, with_point.then_some(place));
                body["properties"]["address"] = json!(address);
                body["properties"]["observed_at"] =
                    json!(Instant::from_ms(at.ms() - 3_600_000 - n as i64 * 1_013).to_string());
                let answers: serde_json::Map<String, Value> = category
                    .questions
                    .iter()
                    .filter(|q| q.required)
                    .map(|q| {
                        let answer = match &q.kind {
                            diaban_core::domain::QuestionKind::Choice(choices) => choices[0].code.clone(),
                            _ => "1".to_owned(),
                        };
                        (q.code.clone(), json!(answer))
                    })
                    .collect();
                body["properties"]["answers"] = answers.into();
                let made = server.post(ITEMS, &body, &[]);
                assert_eq!(made.status, 201, "{}: {}", category.code, made.text());
                let mut secrets = vec![address];
                if with_point {
                    let [lon, lat] = [place.0, place.1].map(|v| format!("{v:.7}"));
                    // One coordinate alone may be that of a cell's shown point by chance.
                    secrets.extend(
                        [(&lon, &lat), (&lat, &lon)]
                            .into_iter()
                            .flat_map(|(a, b)| [",", ", ", " "].map(|between| format!("{a}{between}{b}"))),
                    );
                }
                let observed = body["properties"]["observed_at"].as_str().unwrap().to_owned();
                for t in [at.to_string(), observed] {
                    secrets.push(t["2026-11-25T".len()..].trim_end_matches('Z').to_owned());
                    secrets.push(Instant::parse(&t).unwrap().ms().to_string());
                }
                secrets.retain(|s| s.len() >= 8);
                all.push(Sent {
                    id: made.json()["id"].as_u64().unwrap(),
                    category: category.code.to_string(),
                    precision: category.precision,
                    secrets,
                });
            }
        }
        all
    }
}

/// The bytes of everything that is public.
pub(crate) fn outputs(server: &Server, ids: &[u64]) -> Vec<(String, Vec<u8>)> {
    let mut paths = vec!["/collections".to_owned(), "/collections/reports".to_owned(), "/readyz".to_owned()];
    for form in
        ["", "f=csv", "f=geojsonseq", "crs=http://www.opengis.net/def/crs/EPSG/0/4326", "sortby=-updated"]
    {
        paths.push(format!("{ITEMS}?limit=10000&{form}"));
    }
    let mut wards = BTreeSet::new();
    let list = server.get(&format!("{ITEMS}?limit=10000")).json();
    for f in list["features"].as_array().unwrap() {
        let p = &f["properties"];
        if let (Some(generation), Some(code)) = (p["ward_generation"].as_str(), p["ward"].as_str()) {
            wards.insert(format!("{generation}.{code}"));
        }
    }
    let mut feeds = vec!["reports".to_owned()];
    feeds.extend(wards.iter().flat_map(|w| [format!("wards/{w}"), format!("wards/{w}/changes")]));
    for feed in feeds {
        paths.extend(["atom", "json", "geojson"].map(|x| format!("/feeds/{feed}.{x}?limit=1000")));
    }
    let centre = diaban_core::geo::LonLat::new(CENTRE.0, CENTRE.1).unwrap();
    for z in [0, 10, 14, 18] {
        let id =
            diaban_core::geo::TileId::holding(diaban_core::geo::Mercator::from_lonlat(centre), z).unwrap();
        paths.push(format!("/tiles/incidents/{}/{}/{}.mvt", id.z(), id.x(), id.y()));
    }
    paths.extend(ids.iter().flat_map(|id| [format!("{ITEMS}/{id}"), format!("{ITEMS}/{id}/events")]));
    let mut all = Vec::new();
    for path in paths {
        let mut next = Some(path);
        while let Some(path) = next {
            let answer = server.get(&path);
            let link =
                answer.header("link").split(',').find(|l| l.contains("rel=\"next\"")).map(str::to_owned);
            next = link
                .and_then(|l| Some(l.split(['<', '>']).nth(1)?.strip_prefix("https://map.test")?.to_owned()));
            let mut bytes = answer.body;
            for value in answer.headers.values() {
                bytes.extend_from_slice(value.as_bytes());
                bytes.push(b'\n');
            }
            all.push((path, bytes));
        }
    }
    all
}

/// Which of many texts, each of at least eight bytes, stand in some bytes.
pub(crate) struct Search<'a> {
    /// Whether a text begins with eight bytes that hash to this.
    maybe: Vec<bool>,
    texts: HashMap<[u8; 8], Vec<&'a str>>,
}

impl<'a> Search<'a> {
    pub(crate) fn of(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self { maybe: vec![false; 1 << 20], texts: HashMap::new() };
        for text in texts {
            let begin: [u8; 8] = text.as_bytes()[..8].try_into().unwrap();
            all.maybe[Self::place(u64::from_be_bytes(begin))] = true;
            all.texts.entry(begin).or_default().push(text);
        }
        all
    }

    fn place(begin: u64) -> usize {
        (begin.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44) as usize
    }

    pub(crate) fn found(&self, bytes: &[u8]) -> HashSet<&'a str> {
        let (mut found, mut window) = (HashSet::new(), 0_u64);
        for (i, byte) in bytes.iter().enumerate() {
            window = (window << 8) | u64::from(*byte);
            if i >= 7 && self.maybe[Self::place(window)] {
                let here = &bytes[i - 7..];
                let texts = self.texts.get(&window.to_be_bytes()).into_iter().flatten();
                found.extend(texts.copied().filter(|t| here.starts_with(t.as_bytes())));
            }
        }
        found
    }
}

/// Looks for what each report must not tell, if it is to be shown like this now.
fn search(when: &str, server: &Server, sent: &[Sent], shown: impl Fn(&Sent) -> Precision) {
    server.end_hour();
    server.until("all are public", || server.matched("") == sent.len() as u64);
    let ids: Vec<u64> = sent.iter().map(|s| s.id).collect();
    let all = outputs(server, &ids);
    assert!(all.iter().all(|(_, bytes)| bytes.len() > 50));
    let search = Search::of(sent.iter().flat_map(|s| &s.secrets).map(String::as_str));
    let mut told: HashMap<&str, &str> = HashMap::new();
    for (path, bytes) in &all {
        told.extend(search.found(bytes).into_iter().map(|text| (text, path.as_str())));
    }
    let (mut open, mut closed) = (0, 0);
    for s in sent {
        let exact = shown(s) == Precision::Exact;
        for secret in &s.secrets {
            let found = told.get(secret.as_str());
            if exact {
                open += u64::from(found.is_some());
            } else {
                assert_eq!(found, None, "{when}: {} tells {secret}", s.category);
                closed += 1;
            }
        }
        let item = server.get(&format!("{ITEMS}/{}", s.id)).json();
        assert_eq!(item["properties"]["address"].is_string(), exact, "{when}: {item}");
    }
    assert!(
        open > 0 || sent.iter().all(|s| shown(s) != Precision::Exact),
        "{when}: the search finds nothing at all"
    );
    assert!(closed > 100, "{when}: {closed}");
    let bytes: usize = all.iter().map(|(_, bytes)| bytes.len()).sum();
    println!(
        "{when}: {} reports, {} outputs, {bytes} bytes, {closed} secrets in none",
        sent.len(),
        all.len()
    );
}

#[test]
fn no_public_output_tells_what_a_report_must_not_whatever_changes_later() {
    let folder = tempfile::tempdir().unwrap();
    let address = store_url(folder.path());
    let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
    let server = Server::start_set(|config| address.clone_into(&mut config.store));
    // A server that reads another's categories later must find the same store.
    let mut writer = Writer { n: 0 };
    let mut sent = Vec::new();
    // `DIABAN_CANARIES=2000` sends so many.
    let wanted = std::env::var_os("DIABAN_CANARIES").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(150);
    while sent.len() < wanted {
        sent.extend(writer.send_all(&server, &city));
    }
    let as_sent = |s: &Sent| s.precision;
    search("as sent", &server, &sent, as_sent);
    drop(server);

    // Every category becomes exact: nothing opens, and what is new is exact.
    let open = folder.path().join("open");
    let laxer = pack(&open, |_, _| Precision::Exact);
    let server = start(&address, Some(&laxer));
    search("laxer", &server, &sent, as_sent);
    // Nor when areas are imported, which shows every true place anew.
    let boundaries = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/areas/2025-07-01/boundaries.geojson");
    let areas = [
        "import",
        "areas",
        &boundaries.display().to_string(),
        "--generation",
        "2025-07-01",
        "--force",
        "--store",
        &address,
        "--data",
        &laxer.display().to_string(),
    ]
    .map(str::to_owned);
    done(&areas.each_ref().map(String::as_str));
    search("laxer, with areas", &server, &sent, as_sent);
    drop(server);

    // Everything becomes stricter: what was exact is closed when the process starts.
    let shut = folder.path().join("shut");
    let stricter =
        pack(&shut, |_, was| if was == Precision::Exact { Precision::Grid150m } else { Precision::Hidden });
    let shown =
        |s: &Sent| if s.precision == Precision::Exact { Precision::Grid150m } else { Precision::Hidden };
    let server = start(&address, Some(&stricter));
    search("stricter", &server, &sent, shown);
    for s in &sent {
        let item = server.get(&format!("{ITEMS}/{}", s.id)).json();
        assert!(shown(s) != Precision::Hidden || item["geometry"].is_null(), "{item}");
    }
    drop(server);

    // And stays closed under the first categories, after a backup and its return, and after a copy.
    let server = start(&address, None);
    search("as at first", &server, &sent, shown);
    drop(server);
    if is_postgres() {
        return;
    }
    let [back, copied] = ["back.db", "copied.db"].map(|name| url(folder.path(), name));
    let file = folder.path().join("backup").display().to_string();
    done(&["backup", &file, "--store", &address]);
    done(&["restore", &file, "--store", &back]);
    search("restored", &start(&back, Some(&laxer)), &sent, shown);
    done(&["copy", "--from", &address, "--to", &copied]);
    search("copied", &start(&copied, Some(&laxer)), &sent, shown);
}
