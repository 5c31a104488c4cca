//! A report is stored durably, routed to exactly one body, and refused with everything that is wrong.

use serde_json::{Value, json};

use crate::harness::{CENTRE, Server, feature};

const ITEMS: &str = "/collections/reports/items";

#[test]
fn a_report_comes_back_with_its_ward_body_and_due_date() {
    let server = Server::start();
    let answer = server.post(ITEMS, &feature("road_sign", Some(CENTRE)), &[]);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    let id = made["id"].as_u64().unwrap();
    assert_eq!(answer.header("location"), format!("https://map.test{ITEMS}/{id}"));
    let p = &made["properties"];
    assert_eq!(p["state"], "received");
    assert_eq!(p["status"], "open");
    assert_eq!(p["created_at"], "2026-11-25T01:30:00.000Z");
    assert!(p["ward"].as_str().is_some_and(|w| w.len() == 5), "{p}");
    assert_eq!(p["ward_generation"], "2025-07-01");
    assert_eq!(p["approximate"], true);
    assert!(p["due_at"].as_str().is_some_and(|d| d > "2026-11-26"), "{p}");
    assert_eq!(server.get(&format!("{ITEMS}/{id}")).json(), made);
    server.until("the list counts it", || server.matched("") == 1);
}

#[test]
fn everything_wrong_is_said_at_once_and_nothing_is_stored() {
    let server = Server::start();
    let body = json!({
        "type": "Feature",
        "geometry": { "type": "Point", "coordinates": [10.77, 106.69] },
        "properties": { "category": "drainagee", "title": "x".repeat(201), "observed_at": "yesterday", "colour": "red" },
    });
    let answer = server.post(ITEMS, &body, &[]);
    let mut fields = answer.problem(422);
    fields.sort();
    assert_eq!(
        fields,
        [
            "geometry.coordinates",
            "properties.category",
            "properties.colour",
            "properties.observed_at",
            "properties.title"
        ]
    );
    assert!(answer.text().contains("swapped"), "{}", answer.text());
    assert_eq!(server.matched(""), 0);
}

#[test]
fn a_place_outside_is_refused_with_reason_and_distance() {
    let server = Server::start();
    for (place, reason) in [((107.08, 10.07), "too_far_out_at_sea"), ((105.85, 21.02), "far_away")] {
        let answer = server.post(ITEMS, &feature("pothole", Some(place)), &[]);
        assert_eq!(answer.problem(422), ["geometry.coordinates"]);
        let body = answer.json();
        assert_eq!(body["reason"], reason, "{body}");
        assert!(body["distance_m"].as_f64().unwrap() > 500.0);
    }
    assert_eq!(server.matched(""), 0);
}

#[test]
fn a_placeless_category_has_no_geometry_and_may_name_a_ward() {
    let server = Server::start();
    let ward = server.report("pothole", Some(CENTRE))["properties"]["ward"].as_str().unwrap().to_owned();
    let mut body = feature("admin_procedure", None);
    body["properties"]["ward"] = json!(ward);
    let answer = server.post(ITEMS, &body, &[]);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let made = answer.json();
    assert_eq!(made["geometry"], Value::Null);
    assert_eq!(made["properties"]["ward"], json!(ward));
    let with_place = server.post(ITEMS, &feature("admin_procedure", Some(CENTRE)), &[]);
    assert_eq!(with_place.problem(422), ["geometry"]);
    let without = server.post(ITEMS, &feature("pothole", None), &[]);
    assert_eq!(without.problem(422), ["geometry"]);
    server.end_hour();
    server.until("both are counted", || server.matched(&format!("ward={ward}")) == 2);
}

#[test]
fn a_blurred_category_tells_neither_place_nor_address_nor_minute() {
    let server = Server::start();
    let categories = server.get("/categories").json();
    let coarse: Vec<String> = categories["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|g| g["categories"].as_array().unwrap().clone())
        .filter(|c| c["precision"] == "grid_150m" && c["place"] == "required")
        .filter(|c| c["questions"].as_array().unwrap().iter().all(|q| q["required"] == false))
        .map(|c| c["code"].as_str().unwrap().to_owned())
        .collect();
    let category = coarse.first().expect("the pack has a category that is shown on a grid of 150 m");
    let made = server.report(category, Some(CENTRE));
    let shown = made["geometry"]["coordinates"].as_array().unwrap();
    assert_ne!((shown[0].as_f64().unwrap(), shown[1].as_f64().unwrap()), CENTRE);
    let p = &made["properties"];
    assert_eq!(p["address"], Value::Null);
    assert_eq!(p["border_m"], Value::Null);
    assert_eq!(p["created_at"], "2026-11-25T01:00:00.000Z");
    // The same cell is always shown at the same place.
    let near = (CENTRE.0 + 0.000_02, CENTRE.1);
    let again = server.report(category, Some(near));
    if again["properties"]["ward"] == p["ward"] {
        assert_eq!(again["geometry"], made["geometry"]);
    }
}

#[test]
fn a_repeat_with_the_same_key_finds_the_first_report() {
    let server = Server::start();
    let key = [("Idempotency-Key", "5f3c1a52-6a0d-4c39-9a38-0f4f8d8f2f11")];
    let body = feature("pothole", Some(CENTRE));
    let first = server.post(ITEMS, &body, &key);
    assert_eq!(first.status, 201);
    let again = server.post(ITEMS, &body, &key);
    assert_eq!(again.status, 200);
    assert_eq!(again.json(), first.json());
    // The same content with other spaces and another order of members is the same body.
    let pretty = serde_json::to_vec_pretty(&body).unwrap();
    assert_eq!(server.post_bytes(ITEMS, &pretty, "application/geo+json", &key).status, 200);
    let other = server.post(ITEMS, &feature("road_sign", Some(CENTRE)), &key);
    other.problem(409);
    server.until("it is counted once", || server.matched("") == 1);
}

#[test]
fn fifty_at_once_with_one_key_make_one_report() {
    let server = Server::start();
    let made: Vec<(u16, u64)> = std::thread::scope(|scope| {
        let posts: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| {
                    let key = [("Idempotency-Key", "one")];
                    let answer = server.post(ITEMS, &feature("pothole", Some(CENTRE)), &key);
                    (answer.status, answer.json()["id"].as_u64().unwrap())
                })
            })
            .collect();
        posts.into_iter().map(|p| p.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|(status, _)| *status == 201).count(), 1);
    assert!(made.iter().all(|(_, id)| *id == made[0].1), "{made:?}");
    server.until("it is counted once", || server.matched("") == 1);
}

#[test]
fn bodies_that_are_no_report_are_refused_by_kind() {
    let server = Server::start();
    let send = |body: &[u8], media: &str| server.post_bytes(ITEMS, body, media, &[]);
    send(b"{\"type\": ", "application/geo+json").problem(400);
    send(b"{\"type\": NaN}", "application/geo+json").problem(400);
    send(b"{\"type\": 1e999}", "application/geo+json").problem(400);
    send("[".repeat(10_000).as_bytes(), "application/geo+json").problem(400);
    send(b"[]", "application/geo+json").problem(422);
    send(b"{}", "application/geo+json").problem(422);
    send(b"x", "application/x-no-such-type").problem(415);
    let large = format!("{{\"type\":\"{}\"}}", "x".repeat(70_000));
    send(large.as_bytes(), "application/geo+json").problem(413);
    server.post(&format!("{ITEMS}?limit=1"), &feature("pothole", Some(CENTRE)), &[]).problem(400);
    for geometry in [
        json!({ "type": "Polygon", "coordinates": [] }),
        json!({ "type": "Point", "coordinates": [] }),
        json!({ "type": "Point", "coordinates": [106.7] }),
        json!({ "type": "Point", "coordinates": ["a", 106.7, 10.7] }),
        json!({ "type": "Point", "coordinates": [1e300, 10.7] }),
        json!({ "type": "Point", "coordinates": [null, 10.7] }),
        json!("here"),
    ] {
        let mut body = feature("pothole", None);
        body["geometry"] = geometry.clone();
        let answer = server.post(ITEMS, &body, &[]);
        assert!(
            answer.problem(422).iter().all(|f| f.starts_with("geometry")),
            "{geometry}: {}",
            answer.text()
        );
    }
    assert_eq!(server.matched(""), 0);
}

#[test]
fn decomposed_letters_are_stored_composed() {
    let server = Server::start();
    let mut body = feature("pothole", Some(CENTRE));
    body["properties"]["title"] = json!("Hoa\u{0300} Bi\u{0300}nh");
    let made = server.post(ITEMS, &body, &[]).json();
    assert_eq!(made["properties"]["title"], "Hoà Bình");
    body["properties"]["title"] = json!("safe\u{202e}gpj.exe");
    assert_eq!(server.post(ITEMS, &body, &[]).problem(422), ["properties.title"]);
}

#[test]
fn a_question_that_needs_an_answer_gets_one_of_its_choices() {
    let server = Server::start();
    let mut body = feature("manhole", Some(CENTRE));
    assert_eq!(server.post(ITEMS, &body, &[]).problem(422), ["properties.answers.open"]);
    body["properties"]["answers"] = json!({ "open": "perhaps", "colour": "red" });
    let mut fields = server.post(ITEMS, &body, &[]).problem(422);
    fields.sort();
    assert_eq!(fields, ["properties.answers.colour", "properties.answers.open"]);
    let categories = server.get("/categories").json();
    let manhole = categories["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|g| g["categories"].as_array().unwrap())
        .find(|c| c["code"] == "manhole")
        .unwrap();
    body["properties"]["answers"] = json!({ "open": manhole["questions"][0]["choices"][0]["code"] });
    let made = server.post(ITEMS, &body, &[]);
    assert_eq!(made.status, 201, "{}", made.text());
    // An answer may tell who somebody is: it stays inside.
    assert!(!made.text().contains("answers"));
}

/// What a phone says of itself, or of an approximate place, decides nothing.
#[test]
fn no_accuracy_costs_a_report() {
    let server = Server::start();
    for accuracy in
        [json!(14142.1), json!(-1), json!(1e9), json!(0), json!("35"), json!("?"), json!(null), json!([])]
    {
        let mut body = feature("pothole", Some(CENTRE));
        body["properties"]["accuracy_m"] = accuracy.clone();
        let answer = server.post(ITEMS, &body, &[]);
        assert_eq!(answer.status, 201, "{accuracy}: {}", answer.text());
    }
}

/// Joined emoji come back the same; what pasting brings is taken off.
#[test]
fn pasted_text_and_emoji_are_taken_as_they_were_meant() {
    let server = Server::start();
    let mut body = feature("pothole", Some(CENTRE));
    body["properties"]["title"] = json!("Ổ gà to quá 🤦\u{200d}♂\u{fe0f}");
    body["properties"]["description"] = json!("\u{feff}Gọi \u{202a}0900 000 000\u{202c}\u{200b} xin");
    let made = server.post(ITEMS, &body, &[]);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(made.json()["properties"]["title"], "Ổ gà to quá 🤦\u{200d}♂\u{fe0f}");
    assert_eq!(made.json()["properties"]["description"], "Gọi [SĐT/phone] xin");
}
