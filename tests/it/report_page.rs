//! The page of one report: what it says to everybody, in which language, and what it lets its reporter do.

use std::collections::BTreeSet;

use diaban::clock::Clock;
use diaban_core::domain::{Instant, Precision};
use serde_json::{Value, json};

use crate::feeds::{done, items, ward_of};
use crate::harness::{Answer, CENTRE, Server, agent, ask, feature};
use crate::keys::token;

const ITEMS: &str = "/collections/reports/items";
const FORM: &str = "application/x-www-form-urlencoded";
/// What a browser says of a form of the page itself.
pub(crate) const OWN: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// A report, and the token that opens it.
fn sent(server: &Server, body: &Value) -> (u64, String) {
    let made = server.post(ITEMS, body, &[]);
    assert_eq!(made.status, 201, "{}", made.text());
    (made.json()["id"].as_u64().unwrap(), made.header("report-token").to_owned())
}

/// The page, which must be one, with this status.
pub(crate) fn page(server: &Server, path: &str, status: u16, headers: &[(&str, &str)]) -> String {
    is_page(server.get_with(path, headers), status)
}

fn is_page(answer: Answer, status: u16) -> String {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, "text/html; charset=utf-8"),
        "{}",
        answer.text()
    );
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let text = answer.text();
    // The policy would stop it.
    for inline in ["<style", "style=\"", " onclick", "<script>"] {
        assert!(!text.contains(inline), "{inline}: {text}");
    }
    assert!(text.starts_with("<!DOCTYPE html><html lang=\""), "{text}");
    text
}

pub(crate) fn post(server: &Server, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
    server.post_bytes(path, form.as_bytes(), FORM, headers)
}

/// The cookie for which the token of a report is exchanged.
pub(crate) fn cookie(server: &Server, id: u64, token: &str) -> String {
    let opened = post(server, &format!("/r/{id}/session"), &format!("token={token}"), &[OWN]);
    assert_eq!((opened.status, opened.header("location")), (303, &*format!("/r/{id}")), "{}", opened.text());
    let set = opened.header("set-cookie");
    let rest = format!("; Path=/r/{id}; Max-Age=1800; HttpOnly; SameSite=Strict; Secure");
    assert!(set.ends_with(&rest) && !format!("{:?}", opened.headers).contains(token), "{set}");
    set.split(';').next().unwrap().to_owned()
}

/// An operator, to change reports at the moment of the server's clock.
fn bearer(server: &Server) -> String {
    let key = format!("Bearer {}", token(&done(server, &["keys", "add", "Trực", "--scope", "operate"])));
    server.until("the key is known", || {
        server.get_with("/areas/editions", &[("Authorization", &key)]).status == 200
    });
    key
}

fn change(server: &Server, bearer: &str, id: u64, body: &Value) {
    let path = format!("{ITEMS}/{id}/transitions");
    let headers = [("Authorization", bearer)];
    let set = server.post_bytes(&path, body.to_string().as_bytes(), "application/json", &headers);
    assert_eq!(set.status, 200, "{}", set.text());
}

/// Every address that an attribute of the page names.
fn addresses(page: &str) -> BTreeSet<String> {
    let of = |attribute: &str| {
        let begin = format!(" {attribute}=\"");
        let parts = page.split(&begin).skip(1);
        parts.map(|part| part.split('"').next().unwrap().replace("&amp;", "&")).collect::<Vec<_>>()
    };
    let sets = of("srcset").into_iter().flat_map(|set| {
        set.split(", ").map(|one| one.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    });
    of("href").into_iter().chain(of("src")).chain(sets).collect()
}

#[test]
fn the_page_says_where_a_report_stands_and_when_an_answer_is_due() {
    let server = Server::start();
    let made = server.report("pothole", Some(CENTRE));
    let (id, ward) = (made["id"].as_u64().unwrap(), ward_of(&made));
    let path = format!("/r/{id}");
    let answer = server.get(&path);
    assert_eq!(answer.header("cache-control"), "public, no-cache");
    for header in ["Accept-Language", "Cookie"] {
        assert!(answer.header("vary").contains(header), "{:?}", answer.headers);
    }
    let vi = page(&server, &path, 200, &[]);
    let name = made["properties"]["ward_name"].as_str().unwrap();
    let due = Instant::parse(made["properties"]["due_at"].as_str().unwrap()).unwrap();
    let due = diaban_core::domain::time_words::day(
        due,
        &jiff::tz::TimeZone::get("Asia/Ho_Chi_Minh").unwrap(),
        diaban_core::domain::Lang::Vi,
    );
    for part in [
        "<html lang=\"vi\">",
        "Nắp cống mất trước nhà 12</h1>",
        "Đã tiếp nhận</p>",
        "Nguy hiểm cho người đi xe máy",
        "12 Nguyễn Huệ",
        name,
        &format!("Sẽ có trả lời chậm nhất {due} (còn "),
        "08:30, thứ Tư, 25/11/2026",
        "Phản ánh được tiếp nhận.",
        "Asia/Ho_Chi_Minh",
        &format!("<meta property=\"og:url\" content=\"https://map.test/r/{id}\">"),
        "<meta property=\"og:image\" content=\"https://map.test/static/",
    ] {
        assert!(vi.contains(part), "{part}: {vi}");
    }
    // Every address is one of ours, and is answered.
    let all = addresses(&vi);
    for path in [format!("/feeds/wards/{ward}.atom"), format!("/r/{id}.atom"), format!("{ITEMS}/{id}")] {
        assert!(all.contains(&path), "{path}: {all:?}");
    }
    assert!(all.contains(&format!("/?report={id}&lang=vi")), "{all:?}");
    assert_eq!(all.iter().filter(|a| a.starts_with("/static/")).count(), 4, "{all:?}");
    for address in all {
        let asked = address.strip_prefix("https://map.test").unwrap_or(&address);
        assert!(asked.starts_with('/'), "{address}");
        assert_eq!(server.get_with(asked, &[("Accept", "*/*")]).status, 200, "{address}");
    }
    // English by the address, by what the browser says, and back.
    for (query, accepted, lang) in [
        ("?lang=en", "vi", "en"),
        ("", "en-GB,en;q=0.9,vi;q=0.5", "en"),
        ("?lang=vi", "en", "vi"),
        ("", "fr", "vi"),
        ("?utm_source=zalo&fbclid=x&lang=en", "vi", "en"),
    ] {
        let text = page(&server, &format!("{path}{query}"), 200, &[("Accept-Language", accepted)]);
        assert!(text.contains(&format!("<html lang=\"{lang}\">")), "{query} {accepted}");
        assert!(!text.contains("utm_source"));
        assert_eq!(text.contains("An answer is due by "), lang == "en");
    }
    // What is wrong is said; it is a page and nothing else.
    assert_eq!(server.get(&format!("{path}?lang=fr")).problem(400), ["lang"]);
    assert_eq!(server.get(&format!("{path}?token=x")).problem(400), ["token"]);
    server.get_with(&path, &[("Accept", "application/json")]).problem(406);
    let known = server.get_with(&path, &[("If-None-Match", answer.header("etag"))]);
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = ask(&agent(), "HEAD", &format!("{}{path}", server.base), &[]);
    assert_eq!((head.status, head.body.len(), head.header("etag")), (200, 0, answer.header("etag")));
}

#[test]
fn what_people_write_is_never_markup() {
    let server = Server::start();
    let mut body = feature("pothole", Some(CENTRE));
    for field in ["title", "description", "address"] {
        body["properties"][field] = format!("<script>alert('{field}')</script>\"'><b x=\"&amp;").into();
    }
    let (id, _) = sent(&server, &body);
    let bearer = bearer(&server);
    change(
        &server,
        &bearer,
        id,
        &json!({ "state": "rejected", "reason": "<i>why</i>", "note": "<img src=x>" }),
    );
    let text = page(&server, &format!("/r/{id}"), 200, &[]);
    for part in ["<b ", "<i>", "<img src=x", "\"'>"] {
        assert!(!text.contains(part), "{part}: {text}");
    }
    for part in
        ["title", "description", "address"].map(|f| format!("&lt;script&gt;alert('{f}')&lt;/script&gt;"))
    {
        assert!(text.contains(&part), "{part}: {text}");
    }
    assert!(text.contains("&lt;i&gt;why&lt;/i&gt;") && text.contains("&lt;img src=x&gt;"), "{text}");
    assert!(text.contains("Nơi phụ trách trả lời không xử lý."));
}

#[test]
fn a_late_answer_is_said_to_be_late_and_the_history_is_told() {
    let server = Server::start();
    let (id, _) = sent(&server, &feature("pothole", Some(CENTRE)));
    let (original, _) = sent(&server, &feature("pothole", Some(CENTRE)));
    let path = format!("/r/{id}");
    let before = server.get(&path);
    let due =
        server.get(&format!("{ITEMS}/{id}")).json()["properties"]["due_at"].as_str().map(Instant::parse);
    let due = due.unwrap().unwrap();
    server.clock.set(Instant::from_ms(due.ms() + 3 * 86_400_000));
    let late = server.get(&path);
    assert_ne!(before.header("etag"), late.header("etag"), "time alone changes it");
    assert!(late.text().contains("class=\"due late\"") && late.text().contains("Đến nay đã trễ 3 ngày."));
    let bearer = bearer(&server);
    change(&server, &bearer, id, &json!({ "state": "in_progress", "internal_note": "gọi chị Hoa" }));
    change(&server, &bearer, id, &json!({ "state": "resolved", "note": "Đã thay nắp cống" }));
    let text = page(&server, &format!("{path}?lang=en"), 200, &[]);
    assert!(text.contains(", 3 days after it was due"), "{text}");
    assert!(!text.contains("Hoa") && !text.contains("class=\"due late\""));
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(
        at("It was resolved.") < at("Đã thay nắp cống") && at("Đã thay nắp cống") < at("Work on it began.")
    );
    assert!(at("Work on it began.") < at("The report was received."));
    change(&server, &bearer, id, &json!({ "state": "reopened" }));
    change(&server, &bearer, id, &json!({ "state": "duplicate", "original": original }));
    assert!(
        page(&server, &path, 200, &[])
            .contains(&format!("<a href=\"/r/{original}\">Phản ánh {original}</a>"))
    );
}

#[test]
fn a_place_that_is_blurred_is_said_to_be_and_one_that_is_not_there_has_no_picture() {
    let server = Server::start();
    let minute = "08:30";
    for (precision, said) in [
        (Precision::Grid20m, "khoảng 20 m quanh đây"),
        (Precision::Grid150m, "khoảng 150 m quanh đây"),
        (Precision::Ward, "ở đâu đó trong địa bàn"),
        (Precision::Hidden, "không công khai"),
    ] {
        let (id, token) = sent(&server, &feature(crate::hour::category(precision), Some(CENTRE)));
        let text = page(&server, &format!("/r/{id}"), 200, &[]);
        assert!(text.contains(said) && text.contains("từ 8 đến 9 giờ, thứ Tư, 25/11/2026"), "{text}");
        assert!(!text.contains(minute) && !text.contains("12 Nguyễn Huệ"), "{text}");
        assert_eq!(text.contains("<img"), precision != Precision::Hidden);
        assert_eq!(text.contains("og:image"), precision != Precision::Hidden);
        assert_eq!(text.contains("marker="), precision.cell_m().is_some());
        // It is there for whoever knows the id, as the item is, and says that it waits; its events are not.
        assert!(text.contains("hiện ra khi hết giờ hiện tại") && !text.contains("Diễn biến"), "{text}");
        // Who sent it waits for nothing.
        let cookie = cookie(&server, id, &token);
        let mine = page(&server, &format!("/r/{id}"), 200, &[("Cookie", &cookie)]);
        assert!(mine.contains("Diễn biến") && mine.contains(minute), "{mine}");
    }
    let pack = diaban::city_files::embedded().unwrap();
    let placeless = pack.categories.iter().find(|c| c.place == diaban_core::domain::PlaceRule::None);
    let mut body = feature(&placeless.unwrap().code, None);
    body["properties"]["ward"] = "26743".into();
    for question in placeless.unwrap().questions.iter().filter(|q| q.required) {
        body["properties"]["answers"][&question.code] = "1".into();
    }
    let (id, _) = sent(&server, &body);
    let text = page(&server, &format!("/r/{id}"), 200, &[]);
    assert!(!text.contains("<img") && !text.contains("og:image") && !text.contains("NaN"), "{text}");
}

#[test]
fn what_is_not_there_any_more_is_a_page_too() {
    let server = Server::start();
    let (hidden, token) = sent(&server, &feature("pothole", Some(CENTRE)));
    let (erased, _) = sent(&server, &feature("pothole", Some(CENTRE)));
    done(&server, &["report", "hide", &hidden.to_string()]);
    done(&server, &["report", "erase", &erased.to_string()]);
    for id in [hidden.to_string(), "4242".to_owned(), "abc".to_owned(), "99999999999999999999".to_owned()] {
        let text = page(&server, &format!("/r/{id}"), 404, &[]);
        assert!(text.contains("Không có phản ánh này") && !text.contains("Nắp cống"), "{text}");
    }
    let gone = page(&server, &format!("/r/{erased}?lang=en"), 410, &[]);
    assert!(gone.contains("This report was erased") && !gone.contains("Nắp cống"), "{gone}");
    // What was said of them goes from readers, too.
    for id in [hidden, erased] {
        let feed = server.get(&format!("/r/{id}.atom"));
        assert_eq!(feed.status, 200, "{}", feed.text());
        assert!(
            feed.text().contains("<at:deleted-entry") && !feed.text().contains("Nắp cống"),
            "{}",
            feed.text()
        );
    }
    server.get("/r/4242.atom").problem(404);
    server.get("/r/4242.pdf").problem(404);
    // Its reporter still sees the hidden one.
    let cookie = cookie(&server, hidden, &token);
    let mine = page(&server, &format!("/r/{hidden}"), 200, &[("Cookie", &cookie)]);
    assert!(mine.contains("đang bị ẩn") && mine.contains("Nắp cống"), "{mine}");
    // One that was never public is told nowhere.
    let (waiting, _) = sent(&server, &feature(crate::hour::category(Precision::Ward), Some(CENTRE)));
    assert!(items(&server.get(&format!("/r/{waiting}.json"))).is_empty());
    done(&server, &["report", "hide", &waiting.to_string()]);
    server.get(&format!("/r/{waiting}.json")).problem(404);
}

#[test]
fn a_token_becomes_a_cookie_of_one_page_for_half_an_hour() {
    let server = Server::start();
    let (id, own) = sent(&server, &feature("pothole", Some(CENTRE)));
    let (other, others) = sent(&server, &feature("pothole", Some(CENTRE)));
    let (path, open) = (format!("/r/{id}"), format!("/r/{id}/session"));
    let wrong = is_page(post(&server, &open, &format!("token={others}"), &[OWN]), 403);
    assert!(wrong.contains("không phải của phản ánh này") && !wrong.contains(&others), "{wrong}");
    is_page(post(&server, &open, "", &[OWN]), 403);
    is_page(post(&server, "/r/4242/session", &format!("token={own}"), &[OWN]), 404);
    server.post_bytes(&open, b"{}", "application/json", &[OWN]).problem(415);
    // Only the page itself may send it.
    let right = format!("token={own}");
    for headers in [
        &[][..],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "https://evil.test")],
        &[("Origin", "null")],
    ] {
        let refused = post(&server, &open, &right, headers);
        refused.problem(403);
        assert!(!refused.headers.contains_key("set-cookie"));
        assert!(!refused.headers.contains_key("access-control-allow-origin"));
    }
    for headers in [[("Origin", "https://map.test")], [("Origin", &*server.base)]] {
        assert_eq!(post(&server, &open, &right, &headers).status, 303, "{headers:?}");
    }
    // The whole link may be pasted; the language stays.
    let link = format!("token=https%3A%2F%2Fmap.test%2Fr%2F{id}%3Flang%3Dvi%23{own}+");
    let opened = post(&server, &format!("{open}?lang=en"), &link, &[OWN]);
    assert_eq!((opened.status, opened.header("location")), (303, &*format!("{path}?lang=en")));
    let cookie = cookie(&server, id, &own);
    let mine = |id: u64| server.get_with(&format!("/r/{id}"), &[("Cookie", &cookie)]);
    assert_eq!(mine(id).header("cache-control"), "no-store");
    assert!(mine(id).text().contains("Phản ánh của bạn") && mine(id).text().contains("đến 09:00."));
    assert!(!mine(id).text().contains("id=\"session\""), "it is open already");
    assert!(!mine(other).text().contains("Phản ánh của bạn"));
    assert!(server.get(&path).text().contains("id=\"session\""));
    server.clock.set(Instant::from_ms(server.clock.now().ms() + 1_800_000));
    assert!(!mine(id).text().contains("Phản ánh của bạn"), "the half hour is over");
}

#[test]
fn a_reporter_erases_a_report_on_its_page_and_nobody_else_does() {
    let server = Server::start();
    let (id, own) = sent(&server, &feature("pothole", Some(CENTRE)));
    let (other, others) = sent(&server, &feature("pothole", Some(CENTRE)));
    let (path, erase) = (format!("/r/{id}"), format!("/r/{id}/erase"));
    let [mine, theirs] = [(id, &own), (other, &others)].map(|(id, token)| cookie(&server, id, token));
    let over = is_page(post(&server, &erase, "sure=yes", &[OWN]), 403);
    assert!(over.contains("Đã hết thời gian của người gửi"), "{over}");
    is_page(post(&server, &erase, "sure=yes", &[OWN, ("Cookie", &theirs)]), 403);
    post(&server, &erase, "sure=yes", &[("Cookie", &mine), ("Sec-Fetch-Site", "cross-site")]).problem(403);
    let unsure = is_page(post(&server, &erase, "", &[OWN, ("Cookie", &mine)]), 422);
    assert!(unsure.contains("Chưa xóa"), "{unsure}");
    server.get(&erase).problem(405);
    assert_eq!(server.get(&path).status, 200, "nothing was done");
    let done = post(&server, &erase, "sure=yes", &[OWN, ("Cookie", &mine)]);
    assert!(done.header("set-cookie").starts_with(&format!("report=; Path=/r/{id}; Max-Age=0;")));
    let done = is_page(done, 200);
    assert!(done.contains("Phản ánh đã được xóa") && !done.contains("Nắp cống"), "{done}");
    page(&server, &path, 410, &[("Cookie", &mine)]);
    server.get(&format!("{ITEMS}/{id}")).problem(410);
    is_page(post(&server, &erase, "sure=yes", &[OWN, ("Cookie", &mine)]), 410);
    assert_eq!(server.get(&format!("/r/{other}")).status, 200);
}

#[test]
fn the_feed_of_a_report_tells_what_happened_to_it_alone() {
    let server = Server::start();
    let (id, _) = sent(&server, &feature("pothole", Some(CENTRE)));
    let (other, _) = sent(&server, &feature("pothole", Some(CENTRE)));
    let bearer = bearer(&server);
    for note in ["một", "hai", "ba"] {
        change(&server, &bearer, id, &json!({ "note": note }));
    }
    change(&server, &bearer, other, &json!({ "note": "của người khác" }));
    let atom = server.get(&format!("/r/{id}.atom"));
    assert_eq!(atom.header("content-type"), "application/atom+xml");
    assert_eq!(atom.text().matches("<entry>").count(), 4, "{}", atom.text());
    assert!(
        !atom.text().contains("của người khác")
            && atom.text().contains(&format!("Phản ánh {id} / Report {id}"))
    );
    assert_eq!(
        server.get_with(&format!("/r/{id}.atom"), &[("If-None-Match", atom.header("etag"))]).status,
        304
    );
    // Page by page it is the same, newest first.
    let (mut told, mut next) = (Vec::new(), Some(format!("/r/{id}.json?limit=3")));
    while let Some(path) = next {
        let answer = server.get(&path);
        told.extend(items(&answer).iter().map(|i| i["_diaban"]["note"].as_str().unwrap_or("-").to_owned()));
        next = answer.json()["next_url"]
            .as_str()
            .map(|url| url.trim_start_matches("https://map.test").to_owned());
    }
    assert_eq!(told, ["ba", "hai", "một", "-"]);
    assert_eq!(server.get(&format!("/r/{id}.json?cursor={other}.2")).problem(400), ["cursor"]);
}
