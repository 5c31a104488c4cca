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
            "there are geometry, id, overdue, late, category, status, state, level, body, ward, votes, observed_at, created_at, updated_at, due_at",
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

#[test]
fn what_is_missing_is_in_no_list_of_a_test_or_its_opposite() {
    let server = Server::start();
    server.report("pothole", Some(CENTRE));
    let placeless = server.report("admin_procedure", None);
    assert!(placeless["properties"]["ward"].is_null(), "{placeless}");
    server.end_hour();
    server.until("both are public", || server.matched("") == 2);
    for (text, matched) in [
        ("ward LIKE '%'", 1),
        ("ward NOT LIKE '%'", 0),
        ("NOT (ward LIKE '%')", 0),
        ("ward IS NULL", 1),
        ("S_DISJOINT(geometry,BBOX(0,0,1,1))", 1),
        ("NOT S_INTERSECTS(geometry,BBOX(0,0,1,1))", 1),
        ("NOT T_DURING(due_at,INTERVAL('..','..')) OR T_DISJOINT(due_at,INTERVAL('..','..'))", 0),
    ] {
        assert_eq!(server.matched(&filter(text)), matched, "{text}");
        assert_eq!(
            counted(&server, 10, &filter(text)).min(matched),
            counted(&server, 10, &filter(text)),
            "{text}"
        );
    }
    // What GDAL sends.
    let before = |text: &str| server.matched(&format!("{}&filter-lang=cql-text", filter(text)));
    assert_eq!(before("due_at > '2020/12/01 00:00:00'"), server.matched(&filter("due_at IS NOT NULL")));
    assert_eq!(before("category ILIKE 'POT%' AND votes != 7"), 1);
    for (text, matched) in [
        ("address IS NULL", 1),
        ("NOT (address IS NULL)", 1),
        ("title IS NOT NULL", 2),
        ("title IS NOT NULL AND ward_name IS NULL", 1),
        ("source IS NULL OR approximate IS NULL", 0),
    ] {
        assert_eq!(before(text), matched, "{text}");
        // The link to the next page says the language, too.
        let page = server.get(&format!("{ITEMS}?limit=1&{}&filter-lang=cql-text", filter(text))).json();
        let links = page["links"].as_array().unwrap();
        let next = links.iter().find(|l| l["rel"] == "next").map(|l| l["href"].as_str().unwrap().to_owned());
        assert_eq!(next.is_some(), matched > 1, "{text}");
        if let Some(next) = next {
            let next = server.get(&next[next.find("/collections").unwrap()..]).json();
            assert_eq!(next["features"].as_array().unwrap().len(), 1, "{text}");
        }
    }
    let compared = format!("{ITEMS}?{}&filter-lang=cql-text", filter("address = 'x'"));
    assert_eq!(server.get(&compared).problem(400), ["filter"]);
    // A fault names its place in the document that was sent.
    let json = encoded(r#"{"op":"and","args":[true,{"op":"=","args":[{"property":"vote"},1]}]}"#);
    let answer = server.get(&format!("{ITEMS}?filter-lang=cql2-json&filter={json}"));
    assert!(answer.text().contains("at /args/1/args/0: “vote” is no property"), "{}", answer.text());
    // A plus sign that was typed as it is, and marks of networks.
    for query in ["datetime=2020-03-01T00:00:00+07:00/..", "fbclid=x&zarsrc=1", "status=open&gclid=a&gclid=b"]
    {
        assert_eq!(server.matched(query), 2, "{query}");
    }
}

#[test]
fn lists_stand_in_the_order_asked_for_with_what_was_asked_for() {
    let server = Server::start();
    let near = (CENTRE.0 + 0.001, CENTRE.1);
    let first = server.report("pothole", Some(CENTRE));
    server.clock.set(diaban_core::domain::Instant::from_ms(
        diaban_core::domain::Instant::parse(crate::harness::NOW).unwrap().ms() + 5 * MINUTE,
    ));
    let second = server.report("pothole", Some(near));
    let third = server.report("admin_procedure", None);
    let id = |r: &Value| r["id"].as_u64().unwrap();
    let (a, b, c) = (id(&first), id(&second), id(&third));
    let list = |query: &str| -> Vec<u64> {
        let mut path = format!("{ITEMS}?limit=1&{query}");
        let mut ids = Vec::new();
        loop {
            let page = server.get(&path).json();
            ids.extend(page["features"].as_array().unwrap().iter().map(id));
            let links = page["links"].as_array().unwrap();
            let Some(next) = links.iter().find(|l| l["rel"] == "next") else { return ids };
            let href = next["href"].as_str().unwrap();
            path = href[href.find("/collections").unwrap()..].to_owned();
        }
    };
    server.end_hour();
    server.until("all are on the map", || server.matched("") == 3);
    assert_eq!(list(""), [b, a, c], "newest first, as the public is told");
    assert_eq!(list("sortby=created"), [c, a, b], "a category without a place is told by the hour");
    assert_eq!(list(&format!("sortby=distance&near={},{}", CENTRE.0, CENTRE.1)), [a, b, c]);
    assert_eq!(
        list(&format!("sortby=-distance&near={},{}", CENTRE.0, CENTRE.1)),
        [b, a, c],
        "no place: last"
    );
    assert_eq!(server.get(&format!("{ITEMS}?sortby=distance")).problem(400), ["sortby"]);
    assert_eq!(server.get(&format!("{ITEMS}?sortby=title")).problem(400), ["sortby"]);
    let one = server.get(&format!("{ITEMS}?limit=1&properties=title,status&id=x"));
    assert_eq!(one.problem(400), ["id"]);
    let one = server.get(&format!("{ITEMS}?limit=1&properties=status,votes")).json();
    assert_eq!(one["features"][0]["properties"], json!({ "status": "open", "votes": 0 }));
    assert_eq!(server.get(&format!("{ITEMS}?properties=titel")).problem(400), ["properties"]);
    let table = server.get(&format!("{ITEMS}?f=csv&properties=category")).text();
    assert!(table.starts_with("id,lon,lat,category\r\n"), "{table}");
    // Latitude first, of the answer and of the box.
    let epsg = encoded("http://www.opengis.net/def/crs/EPSG/0/4326");
    let turned = server.get(&format!("{ITEMS}?crs={epsg}&bbox-crs={epsg}&bbox=10,106,11,107&sortby=created"));
    assert_eq!(turned.header("content-crs"), "<http://www.opengis.net/def/crs/EPSG/0/4326>");
    assert_eq!(turned.json()["numberMatched"], 2);
    let place = &turned.json()["features"][0]["geometry"]["coordinates"];
    assert_eq!((place[0].as_f64(), place[1].as_f64()), (Some(CENTRE.1), Some(CENTRE.0)));
    let alone = server.get(&format!("{ITEMS}/{a}?crs={epsg}")).json();
    assert_eq!(alone["geometry"]["coordinates"], *place);
    let plain = server.get(&format!("{ITEMS}/{a}"));
    assert_eq!(plain.header("content-crs"), "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>");
    assert_eq!(server.get(&format!("{ITEMS}?crs=EPSG:9210")).problem(400), ["crs"]);
    assert_eq!(server.get(&format!("{ITEMS}?bbox=10,106,11,107&bbox-crs=x")).problem(400), ["bbox-crs"]);
}

#[test]
fn long_questions_come_in_a_body() {
    let server = Server::start();
    let reports: Vec<u64> =
        (0..3).map(|_| server.report("pothole", Some(CENTRE))["id"].as_u64().unwrap()).collect();
    server.until("all are on the map", || server.matched("") == 3);
    let ask = |body: &Value| {
        server.post_bytes("/search", &serde_json::to_vec(body).unwrap(), "application/json", &[])
    };
    // A circle of 9,000 corners, and a list of values that no address holds.
    let ring: Vec<[f64; 2]> = (0..=9_000)
        .map(|i| {
            let turn = f64::from(i % 9_000) / 9_000.0 * std::f64::consts::TAU;
            [CENTRE.0 + turn.cos() / 50.0, CENTRE.1 + turn.sin() / 50.0]
        })
        .collect();
    let inside = json!({ "op": "s_within", "args": [{ "property": "geometry" }, { "type": "Polygon", "coordinates": [ring] }] });
    let ids: Vec<u64> = (1..3_000).chain(reports.iter().copied()).collect();
    let among = json!({ "op": "in", "args": [{ "property": "id" }, ids] });
    let body =
        json!({ "collections": ["reports"], "limit": 2, "filter": { "op": "and", "args": [inside, among] } });
    let page = ask(&body);
    assert_eq!(page.status, 200, "{}", page.text());
    let page = page.json();
    assert_eq!((&page["numberMatched"], &page["numberReturned"]), (&json!(3), &json!(2)));
    let next = page["links"].as_array().unwrap().iter().find(|l| l["rel"] == "next").unwrap().clone();
    assert_eq!(next["method"], "POST");
    let rest = ask(&next["body"]).json();
    assert_eq!(rest["features"].as_array().unwrap().len(), 1);
    assert!(rest["links"].as_array().unwrap().iter().all(|l| l["rel"] != "next"));
    // As text, of other collections, and what is wrong.
    let text = format!("id IN ({})", ids.iter().map(u64::to_string).collect::<Vec<_>>().join(","));
    assert_eq!(ask(&json!({ "collection": "reports", "filter": text })).json()["numberMatched"], 3);
    assert!(
        ask(&json!({ "collections": ["wards"], "limit": 1 })).json()["numberMatched"].as_u64() > Some(100)
    );
    assert_eq!(ask(&json!({ "collections": ["facilities"] })).json()["numberMatched"], 0);
    assert_eq!(ask(&json!({ "collections": ["none"] })).status, 404);
    assert_eq!(ask(&json!({ "filter": "TRUE" })).problem(400), ["collections"]);
    assert_eq!(ask(&json!({ "collection": "reports", "limt": 3 })).problem(400), ["limt"]);
    let long = format!("category = '{}'", "a".repeat(70_000));
    assert_eq!(ask(&json!({ "collection": "reports", "filter": long })).problem(400), ["filter"]);
    let address = server.get(&format!("{ITEMS}?filter={}", "a".repeat(5_000)));
    assert!(address.text().contains("POST to /search"), "{}", address.text());
}
