//! One query, every representation: lists, counts, tiles and feeds choose the same rows, and equal
//! questions have one link.

use serde_json::{Value, json};

use crate::harness::{CENTRE, Server};
use crate::tiles::counted;

const ITEMS: &str = "/collections/reports/items";
const MINUTE: i64 = 60_000;

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn filter(text: &str) -> String {
    format!("filter={}", encoded(text))
}

/// The TileJSON's link to its tiles, from the query on.
fn link(server: &Server, layers: &str, query: &str) -> String {
    let answer = server.get(&format!("/tiles/{layers}.json?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let template = answer.json()["tiles"][0].as_str().unwrap().to_owned();
    template.split_once('?').map_or(String::new(), |(_, q)| q.to_owned())
}

#[test]
fn lists_counts_and_tiles_choose_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_filled(folder.path(), 3_000);
    let triangle = "POLYGON((106.55 10.65,106.85 10.65,106.7 10.95,106.55 10.65))";
    for query in [
        "body=infrastructure,urban_traffic".to_owned(),
        "overdue=true".to_owned(),
        "overdue=false&status=open".to_owned(),
        filter("category IN ('pothole','drainage') AND created_at >= DATE('2026-01-01')"),
        filter(
            "NOT (status = 'closed' OR category LIKE '%e%') OR due_at < TIMESTAMP('2025-06-01T00:00:00Z')",
        ),
        filter(&format!(
            "S_WITHIN(geometry,{triangle}) AND NOT S_INTERSECTS(geometry,BBOX(106.68,10.7,106.72,10.8))"
        )),
        filter(&format!("overdue = TRUE AND S_INTERSECTS({triangle},geometry) AND body LIKE 'ward:%'")),
        filter("votes > 0"),
        format!(
            "category=noise&{}",
            filter("ward IS NOT NULL AND T_DURING(updated_at,INTERVAL('2026-03-01','..'))")
        ),
    ] {
        let placed = format!("bbox=106,8,108,12&{query}");
        let matched = server.matched(&placed);
        assert!(matched < 3_000, "{query}");
        assert_eq!(matched == 0, query.contains("votes"), "{query}: {matched}");
        for z in [0, 8, 11] {
            assert_eq!(counted(&server, z, &query), matched, "zoom {z}, {query}");
        }
        let all = server.matched(&query);
        let rows = server.get(&format!("{ITEMS}?f=geojsonseq&{query}"));
        assert_eq!(rows.text().matches('\u{1e}').count() as u64, all, "{query}");
        let page = server.get(&format!("{ITEMS}?limit=10000&{query}")).json();
        assert_eq!(page["features"].as_array().unwrap().len() as u64, all, "{query}");
        // By its normal form as by what was asked.
        let own = link(&server, "incidents", &query);
        assert_eq!((server.matched(&own), link(&server, "incidents", &own)), (all, own.clone()), "{query}");
        let feed = server.get(&format!("/feeds/reports.json?limit=1000&{query}")).json();
        assert_eq!(feed["items"].as_array().unwrap().len() as u64, all.min(1_000), "{query}");
    }
}

#[test]
fn what_is_overdue_moves_with_the_clock_by_five_minutes_and_nothing_is_written() {
    let server = Server::start();
    let report = server.report("pothole", Some(CENTRE));
    server.until("it is on the map", || counted(&server, 12, "") == 1);
    let due = diaban_core::domain::Instant::parse(report["properties"]["due_at"].as_str().unwrap()).unwrap();
    let late = || (server.matched("overdue=true"), counted(&server, 12, &filter("overdue = TRUE")));
    let on_time = || (server.matched(&filter("NOT overdue = TRUE")), counted(&server, 12, "overdue=false"));
    assert_eq!((late(), on_time()), ((0, 0), (1, 1)));
    // Due on the stroke of five minutes: late from the next stroke on.
    server.clock.set(diaban_core::domain::Instant::from_ms(due.ms() + 5 * MINUTE - 1));
    assert_eq!((late(), on_time()), ((0, 0), (1, 1)));
    server.clock.set(diaban_core::domain::Instant::from_ms(due.ms() + 5 * MINUTE));
    assert_eq!((late(), on_time()), ((1, 1), (0, 0)));
}

#[test]
fn equal_questions_have_one_link() {
    let server = Server::start();
    let same = |layers: &str, queries: &[String]| {
        let links: Vec<String> = queries.iter().map(|q| link(&server, layers, q)).collect();
        assert!(links.windows(2).all(|w| w[0] == w[1]), "{links:#?}");
        links[0].clone()
    };
    let own = same(
        "incidents",
        &[
            "category=drainage,pothole&status=open&min_votes=5".to_owned(),
            filter("votes > 4 AND (category = 'pothole' OR category = 'drainage') AND status = 'open'"),
            format!(
                "category=drainage,pothole,noise&{}",
                filter("NOT (votes < 5 OR category NOT IN ('pothole','drainage') OR status <> 'open')")
            ),
            format!(
                "filter-lang=cql2-json&filter={}",
                encoded(
                    &json!({ "op": "and", "args": [
            { "op": ">=", "args": [{ "property": "votes" }, 5] },
            { "op": "=", "args": [{ "property": "status" }, "open"] },
            { "op": "in", "args": [{ "property": "category" }, ["drainage", "pothole"]] },
        ] })
                    .to_string()
                )
            ),
        ],
    );
    assert_eq!(own, "category=pothole%2Cdrainage&status=open&min_votes=5");
    let own = same(
        "incidents",
        &[
            format!("ward=26740&{}", filter("due_at IS NULL OR votes = 0")),
            filter("(votes IN (0) OR NOT due_at IS NOT NULL) AND ward IN ('2025-07-01.26740')"),
        ],
    );
    assert_eq!(own, "ward=2025-07-01.26740&filter=due_at+IS+NULL+OR+votes+%3D+0");
    same("traffic", &["kind=crash".to_owned(), filter("kind = 'crash'"), filter("'crash' = \"kind\"")]);
    // Shared by several layers, whose parameters mean different things, it stays an expression.
    let own = same(
        "incidents,traffic",
        &[filter("created_at > DATE('2026-01-01')"), filter("NOT created_at <= DATE('2026-01-01')")],
    );
    assert_eq!(own, encoded("filter").clone() + "=" + &encoded("created_at >= DATE('2026-01-02')"));
}

#[test]
fn faults_of_an_expression_are_named_at_every_door() {
    let server = Server::start();
    let doors = [ITEMS, "/tiles/incidents/10/0/0.mvt", "/tiles/incidents.json", "/feeds/reports.atom"];
    let json = "filter-lang=cql2-json&";
    for (query, field, said) in [
        (
            filter("categry = 'pothole'"),
            "filter",
            "at character 1: “categry” is no property that can be asked for; did you mean category?",
        ),
        (
            filter("title LIKE '%cống%'"),
            "filter",
            "there are geometry, id, overdue, category, status, state, level, body, ward, votes, created_at, updated_at, due_at",
        ),
        (filter("category = 'pothol'"), "filter", "“category” has no value “pothol”; did you mean pothole?"),
        (filter("ward = '99999'"), "filter", "“ward” has no value “99999”"),
        (filter("votes > "), "filter", "at character 9: a property or a value is missing at the end"),
        (filter(&"(".repeat(40)), "filter", "must not be nested deeper than 16"),
        (filter("votes = 1; DROP TABLE report_public"), "filter", "has no meaning here"),
        (format!("filter-lang=sql&{}", filter("votes = 1")), "filter-lang", "must be cql2-text or cql2-json"),
        (format!("filter-crs=EPSG:3405&{}", filter("votes = 1")), "filter-crs", "longitude before latitude"),
        (format!("{json}{}", filter("{\"op\":\"and\"}")), "filter", "an expression is an object"),
        (format!("{json}{}", filter("votes = 1")), "filter", "is not JSON"),
        ("body=infrastructur".to_owned(), "body", "did you mean infrastructure?"),
        ("min_votes=-1".to_owned(), "min_votes", "must be a whole number from 0"),
        ("overdue=maybe".to_owned(), "overdue", "must be true or false"),
    ] {
        for door in doors {
            let answer = server.get(&format!("{door}?{query}"));
            assert_eq!(answer.problem(400), [field], "{door} {query}");
            assert!(answer.text().contains(said), "{door} {query}: {}", answer.text());
        }
    }
}

#[test]
fn features_are_asked_for_by_all_that_they_declare() {
    let server = Server::start();
    let place = |id: &str, name: &str, kind: &str, capacity: i64| {
        let point = json!({ "type": "Point", "coordinates": [CENTRE.0, CENTRE.1] });
        let properties = json!({ "kind": kind, "name_vi": name, "capacity": capacity });
        json!({ "source_id": id, "geometry": point, "properties": properties })
    };
    let places = [
        place("a", "Chợ Bến Thành", "market", 900),
        place("b", "Bệnh viện Chợ Rẫy", "hospital", 1800),
        place("c", "Chợ Bà Chiểu", "market", 300),
    ];
    server.features("facilities", "list", &places, &[]);
    let line = json!({ "type": "LineString", "coordinates": [[106.69, 10.77], [106.71, 10.78]] });
    let works = json!({ "source_id": "w", "geometry": line, "properties": { "kind": "closure", "severity": "severe" } });
    server.features("traffic", "works", &[works], &[]);
    let count = |collection: &str, text: &str| -> Value {
        let answer = server.get(&format!("/collections/{collection}/items?{}", filter(text)));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["numberMatched"].clone()
    };
    for (text, want) in [
        ("name_vi LIKE 'Chợ%'", 2),
        ("name_vi LIKE 'chợ%'", 0),
        ("CASEI(ACCENTI(name_vi)) LIKE casei(accenti('%CHO%'))", 3),
        ("capacity BETWEEN 300 AND 900 AND kind = 'market'", 2),
        ("capacity > 299.5 AND NOT capacity >= 900", 1),
        ("name_en IS NULL AND source = 'list' AND source_id IN ('a','b')", 2),
        ("S_WITHIN(geometry,BBOX(106.6,10.7,106.8,10.8))", 3),
        ("S_INTERSECTS(geometry,POINT(0 0))", 0),
    ] {
        assert_eq!(count("facilities", text), want, "{text}");
        // The tile of the place shows what the list holds; three places on one spot are three points.
        let z16 = crate::tiles::at(&server, "facilities", 16, &filter(text));
        assert_eq!(z16, want, "{text}");
    }
    assert_eq!(count("traffic", "S_CROSSES(geometry,LINESTRING(106.7 10.7,106.7 10.8))"), 1);
    assert_eq!(count("traffic", "severity <> 'severe'"), 0);
    assert_eq!(count("wards", "area_km2 > 0 AND name LIKE 'Phường %'"), 113);
    let both = "/tiles/facilities,traffic/10/815/481.mvt";
    assert_eq!(server.get(&format!("{both}?{}", filter("kind = 'market'"))).problem(400), ["filter"]);
    let said = server.get(&format!("{both}?{}", filter("capacity > 5"))).text();
    assert!(said.contains("for traffic, at character 1: “capacity” is no property"), "{said}");
    assert!(server.get(&format!("{both}?{}", filter("revision = 1 AND source <> 'x'"))).status < 300);
    assert_eq!(
        server.get(&format!("/tiles/wards/10/815/481.mvt?{}", filter("code = '1'"))).problem(400),
        ["filter"]
    );
}
