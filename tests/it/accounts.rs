//! Accounts of officers and operators: from the one-time link to the end of the session, and who is kept out.

use std::path::Path;
use std::sync::Arc;

use diaban::clock::{Clock, SystemClock, SystemIds};
use diaban_core::domain::Instant;
use serde_json::json;

use crate::feeds::{diaban, done, said};
use crate::harness::{Answer, CENTRE, Server, agent, ask, feature};
use crate::keys::token as key_token;
use crate::office::{ITEMS, NEIGHBOUR, made};
use crate::report_page::{OWN, page, post};
use crate::test_database::is_postgres;

const PASSWORD: &str = "ba con mèo trên mái";
const HOUR_MS: i64 = 3_600_000;

/// A server whose clock is that of the command line, until it is set.
fn started() -> Server {
    let server = Server::start();
    server.clock.set(SystemClock.now());
    server
}

fn wait(server: &Server, ms: i64) {
    server.clock.set(Instant::from_ms(server.clock.now().ms() + ms));
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// What stands behind the `#` of the link that a command shows.
fn link(said: &str) -> String {
    let token = said.rsplit("/account/welcome#").next().unwrap().trim().to_owned();
    assert_eq!(token.len(), 43, "{said}");
    token
}

fn invite(server: &Server, login: &str, words: &[&str]) -> String {
    link(&done(server, &[&["accounts", "invite", "Chị Hoa", "--login", login], words].concat()))
}

fn welcome(server: &Server, token: &str, password: &str, again: &str) -> Answer {
    let fields = form(&[("token", token), ("password", password), ("again", again)]);
    post(server, "/account/welcome", &fields, &[OWN])
}

fn log_in(server: &Server, login: &str, password: &str) -> Answer {
    post(server, "/account/login", &form(&[("login", login), ("password", password)]), &[OWN])
}

/// The cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.header("location")), (303, "/account"), "{}", answer.text());
    let set = answer.header("set-cookie");
    assert!(set.ends_with("; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure"), "{set}");
    let pair = set.split(';').next().unwrap().to_owned();
    assert!(pair.starts_with("__Host-session=") && pair.len() == "__Host-session=".len() + 43, "{pair}");
    pair
}

/// Somebody with an account and an open session.
pub(crate) fn session(server: &Server, login: &str, words: &[&str]) -> String {
    let chosen = welcome(server, &invite(server, login, words), PASSWORD, PASSWORD);
    assert_eq!(chosen.status, 200, "{}", chosen.text());
    again(server, login)
}

/// Another session of theirs.
pub(crate) fn again(server: &Server, login: &str) -> String {
    cookie(&log_in(server, login, PASSWORD))
}

fn look(server: &Server, id: u64, cookie: &str) -> u16 {
    server.get_with(&format!("{ITEMS}/{id}/standing"), &[("Cookie", cookie)]).status
}

fn set(server: &Server, id: u64, cookie: &str, more: &[(&str, &str)]) -> Answer {
    let body = json!({ "state": "in_progress", "internal_note": "đội 3" }).to_string();
    let headers = [&[("Cookie", cookie)], more].concat();
    server.post_bytes(&format!("{ITEMS}/{id}/transitions"), body.as_bytes(), "application/json", &headers)
}

#[test]
fn an_officer_comes_by_a_link_and_works_own_reports_with_a_cookie() {
    let server = started();
    let (id, ward) = made(&server, "pothole");
    let of_ward = ["--scope", "work", "--ward", &ward];
    let token = invite(&server, "Hoa.Tran", &of_ward);
    let twice =
        diaban(&server, &[&["accounts", "invite", "Hoa", "--login", "hoa.tran"], &of_ward[..]].concat());
    assert!(!twice.status.success() && said(&twice).contains("already"), "{}", said(&twice));
    let form = page(&server, "/account/welcome", 200, &[]);
    assert!(form.contains("/assets/welcome.js") && form.contains("name=\"token\""), "{form}");
    assert_eq!(server.get("/assets/welcome.js").status, 200);
    // A link without a password opens nothing.
    assert_eq!(log_in(&server, "hoa.tran", "").status, 403);
    for (sent, password, again, status) in [
        (&*token, "ngắn quá", "ngắn quá", 422),
        (&token, PASSWORD, "ba con mèo dưới mái", 422),
        (&token, "hoa.tran!!!!!", "hoa.tran!!!!!", 422),
        (&token, "password1234", "password1234", 422),
        (&"A".repeat(43), PASSWORD, PASSWORD, 403),
        ("", PASSWORD, PASSWORD, 403),
        (&format!("https://map.test/account/welcome#{token}"), PASSWORD, PASSWORD, 200),
        (&token, PASSWORD, PASSWORD, 403),
    ] {
        let answer = welcome(&server, sent, password, again);
        assert_eq!(answer.status, status, "{password}: {}", answer.text());
        assert!(!answer.text().contains(password), "a password is never in a page");
    }
    assert_eq!(log_in(&server, "hoa.tran", "ba con mèo dưới mái").status, 403);
    // The same letters from another keyboard.
    let decomposed = PASSWORD.replace('è', "e\u{300}").replace("ê", "e\u{302}");
    let cookie = cookie(&log_in(&server, "HOA.TRAN", &decomposed));
    let own = page(&server, "/account?lang=en", 200, &[("Cookie", &cookie)]);
    assert!(own.contains("Chị Hoa") && own.contains("Log out everywhere"), "{own}");
    assert!(page(&server, "/account?lang=en", 200, &[]).contains("autocomplete=\"current-password\""));
    assert_eq!(server.get("/account?x=1").problem(400), ["x"]);
    // It is a key of the office.
    let standing = server.get_with(&format!("{ITEMS}/{id}/standing"), &[("Cookie", &cookie)]);
    assert_eq!((standing.status, standing.header("cache-control")), (200, "private, no-store"));
    let done_ = set(&server, id, &cookie, &[OWN]);
    assert_eq!(done_.status, 200, "{}", done_.text());
    let life = server.get_with(&format!("{ITEMS}/{id}/events"), &[("Cookie", &cookie)]);
    let event = &life.json()["events"][1]["office"];
    assert_eq!((&event["key"], &event["internal_note"]), (&json!("account:hoa.tran"), &json!("đội 3")));
    assert_eq!(life.header("cache-control"), "private, no-store");
    assert!(!server.get(&format!("{ITEMS}/{id}/events")).text().contains("hoa"));
    let elsewhere = session(&server, "lan", &["--scope", "work", "--ward", NEIGHBOUR]);
    set(&server, id, &elsewhere, &[OWN]).problem(403);
    assert_eq!(look(&server, id, &elsewhere), 403);
    // What it read is on record.
    let breach = done(&server, &["breach", "--since", "2020-01-01", "--key", "account:hoa.tran"]);
    assert!(breach.contains(&format!("account:hoa.tran\tChị Hoa\t{id}\ttexts\t")), "{breach}");
    assert!(breach.contains("life") && breach.contains("with 1 keys"), "{breach}");
    let out = post(&server, "/account/logout", "", &[OWN, ("Cookie", &cookie)]);
    assert!(out.header("set-cookie").starts_with("__Host-session=; Path=/; Max-Age=0;"), "{:?}", out.headers);
    assert_eq!((out.status, look(&server, id, &cookie)), (303, 401));
    let history = done(&server, &["accounts", "history", "hoa.tran"]);
    let what: Vec<&str> = history.lines().map(|line| line.split('\t').nth(2).unwrap()).collect();
    assert_eq!(what, ["invited", "failed", "welcomed", "failed", "logged in", "logged out"]);
    let list = done(&server, &["accounts", "list"]);
    assert!(list.contains("hoa.tran\tenabled\twork\t20"), "{list}");
    for secret in [&*token, PASSWORD, "argon2", &cookie[15..]] {
        assert!(!list.contains(secret) && !history.contains(secret), "{list}{history}");
    }
    if !is_postgres() {
        let file = server.store.trim_start_matches("sqlite:").to_owned();
        drop(server);
        let bytes = std::fs::read(file).unwrap_or_default();
        for secret in [&*token, PASSWORD, &cookie[15..]] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
        }
    }
}

#[test]
fn a_page_of_others_can_send_the_cookie_and_change_nothing() {
    let server = started();
    let (id, ward) = made(&server, "pothole");
    let cookie = session(&server, "hoa", &["--scope", "work", "--ward", &ward]);
    let operator = session(&server, "truc", &["--scope", "operate"]);
    for from in [
        &[][..],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Origin", "https://evil.test")],
        &[("Origin", "null")],
    ] {
        set(&server, id, &cookie, from).problem(403);
        for path in ["login", "logout", "logout-all", "welcome", "password"] {
            let headers = [from, &[("Cookie", &*cookie)]].concat();
            post(&server, &format!("/account/{path}"), "", &headers).problem(403);
        }
    }
    assert_eq!(look(&server, id, &cookie), 200, "nothing was ended");
    assert_eq!(set(&server, id, &cookie, &[("Origin", "https://map.test")]).status, 200);
    // A key that comes with it counts.
    let reader = key_token(&done(&server, &["keys", "add", "Đọc", "--scope", "read"]));
    let reader = format!("Bearer {reader}");
    server.until("the key is known", || {
        server.get_with("/categories", &[("Authorization", &reader)]).status == 200
    });
    set(&server, id, &cookie, &[OWN, ("Authorization", &reader)]).problem(403);
    set(&server, id, &cookie, &[OWN, ("Authorization", "Bearer x")]).problem(401);
    // Where no key is needed a cookie is no matter: who reports is anonymous.
    let report = feature("pothole", Some(CENTRE));
    assert_eq!(server.post(ITEMS, &report, &[("Cookie", &cookie)]).status, 201);
    // Of operators the same.
    let at = format!("{}{ITEMS}/{id}", server.base);
    let delete = |headers: &[(&str, &str)]| ask(&agent(), "DELETE", &at, headers).status;
    assert_eq!(server.get_with("/areas/editions", &[("Cookie", &operator)]).status, 200);
    assert_eq!(server.get_with("/areas/editions", &[("Cookie", &cookie)]).status, 403);
    assert_eq!(delete(&[("Cookie", &operator)]), 401);
    assert_eq!(delete(&[("Cookie", &cookie), OWN]), 403);
    assert_eq!(delete(&[("Cookie", &operator), OWN]), 204);
    // Made-up cookies open nothing.
    for made_up in ["__Host-session=", "__Host-session=x", &format!("__Host-session={}", "A".repeat(43))] {
        assert_eq!(look(&server, id, made_up), 401, "{made_up}");
    }
    assert_eq!(look(&server, id, &cookie.replace("__Host-", "")), 401);
}

#[test]
fn links_and_sessions_end_by_the_clock_and_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let start = |at: Instant| {
        let server = Server::start_in(folder.path(), Arc::new(SystemIds));
        server.clock.set(at);
        server
    };
    let begun = SystemClock.now();
    let server = start(begun);
    let (id, ward) = made(&server, "pothole");
    let of_ward = ["--scope", "work", "--ward", &*ward];
    let late = invite(&server, "muon", &of_ward);
    let cookie = session(&server, "hoa", &of_ward);
    wait(&server, 8 * HOUR_MS - 60_000);
    assert_eq!(look(&server, id, &cookie), 200);
    let now = server.clock.now();
    // What was seen is stored within moments.
    let seen = || done(&server, &["accounts", "list"]).contains(&format!("\t{now}\t"));
    server.until("it is stored when they were seen", seen);
    drop(server);
    let server = start(now);
    wait(&server, 8 * HOUR_MS - 60_000);
    assert_eq!(look(&server, id, &cookie), 200, "it was used since");
    wait(&server, 8 * HOUR_MS);
    assert_eq!(look(&server, id, &cookie), 401, "nothing came for eight hours");
    wait(&server, 72 * HOUR_MS);
    assert_eq!(welcome(&server, &late, PASSWORD, PASSWORD).status, 403, "the link is too old");
    // Seven days at most, however often it is used.
    let cookie = self::cookie(&log_in(&server, "hoa", PASSWORD));
    for _ in 0..23 {
        wait(&server, 7 * HOUR_MS);
        assert_eq!(look(&server, id, &cookie), 200);
    }
    wait(&server, 7 * HOUR_MS);
    assert_eq!(look(&server, id, &cookie), 401);
}

/// The part of a page that people read.
fn told(answer: &Answer) -> String {
    let text = answer.text();
    text[text.find("<main>").unwrap()..].to_owned()
}

#[test]
fn failures_make_wait_and_nobody_learns_who_has_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_in(folder.path(), Arc::new(SystemIds));
    server.clock.set(SystemClock.now());
    session(&server, "hoa", &["--scope", "operate"]);
    let tried = |server: &Server, login: &str, password: &str| {
        let answer = log_in(server, login, password);
        (answer.status, answer.header("retry-after").to_owned(), told(&answer))
    };
    let known: Vec<_> = (0..6).map(|_| tried(&server, "hoa", "ba con mèo dưới mái")).collect();
    let unknown: Vec<_> = (0..6).map(|_| tried(&server, "nobody", "ba con mèo dưới mái")).collect();
    assert_eq!(known, unknown);
    let statuses: Vec<u16> = known.iter().map(|k| k.0).collect();
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429]);
    assert!(known[5].1 == "60" && known.iter().all(|k| k.2 == known[0].2), "{known:?}");
    // Nor the right password, nor after a restart.
    assert_eq!(tried(&server, "hoa", PASSWORD).0, 429);
    let now = server.clock.now();
    drop(server);
    let server = Server::start_in(folder.path(), Arc::new(SystemIds));
    server.clock.set(now);
    assert_eq!(tried(&server, "hoa", PASSWORD).0, 429);
    // It grows, and ends.
    wait(&server, 60_000);
    assert_eq!(tried(&server, "hoa", "ba con mèo dưới mái").0, 403);
    assert_eq!(tried(&server, "hoa", PASSWORD), (429, "120".to_owned(), known[0].2.clone()));
    wait(&server, 120_000);
    let opened = log_in(&server, "hoa", PASSWORD);
    cookie(&opened);
    for _ in 0..4 {
        assert_eq!(tried(&server, "hoa", "sai").0, 403, "failures are forgotten");
    }
    let history = done(&server, &["accounts", "history", "hoa"]);
    assert_eq!((history.matches("failed").count(), history.matches("locked").count()), (8, 2), "{history}");
    // From one address 20 in a quarter of an hour, whatever logins.
    wait(&server, 16 * 60_000);
    for n in 0..20 {
        assert_eq!(tried(&server, &format!("nobody{n}"), PASSWORD).0, 403, "{n}");
    }
    assert_eq!(tried(&server, "hoa", PASSWORD).0, 429);
    wait(&server, 60_000);
    // The address is that of the connection: nobody may say another.
    let forged = [OWN, ("X-Forwarded-For", "9.9.9.9")];
    let fields = form(&[("login", "nobody99"), ("password", PASSWORD)]);
    assert_eq!(post(&server, "/account/login", &fields, &forged).status, 403);
    assert_eq!(post(&server, "/account/login", &fields, &forged).status, 429);
    wait(&server, 120_000);
    cookie(&log_in(&server, "hoa", PASSWORD));
}

/// More at once than may fail are no more than one after the other.
#[test]
fn many_tries_at_once_are_counted_one_by_one() {
    let server = started();
    session(&server, "hoa", &["--scope", "operate"]);
    let fields = form(&[("login", "hoa"), ("password", "ba con mèo dưới mái")]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let (fields, base) = (&fields, &server.base);
        let sent: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(move || {
                    let media = "application/x-www-form-urlencoded";
                    crate::harness::post(&agent(), base, "/account/login", fields.as_bytes(), media, &[OWN])
                        .status
                })
            })
            .collect();
        sent.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let checked = statuses.iter().filter(|s| **s == 403).count();
    assert!(checked == 5 && statuses.iter().all(|s| [403, 429].contains(s)), "{statuses:?}");
}

#[test]
fn operators_disable_enable_and_reset() {
    let server = started();
    let (id, ward) = made(&server, "pothole");
    let cookie = session(&server, "hoa", &["--scope", "work", "--ward", &ward]);
    assert_eq!(look(&server, id, &cookie), 200);
    let run = |what: &str, login: &str| done(&server, &["accounts", what, login]);
    run("disable", "hoa");
    server.until("the session has ended", || look(&server, id, &cookie) == 401);
    let refused = log_in(&server, "hoa", PASSWORD);
    assert_eq!(refused.status, 403);
    assert_eq!(told(&refused), told(&log_in(&server, "nobody", PASSWORD)));
    assert!(done(&server, &["accounts", "list"]).contains("hoa\tdisabled"));
    for (what, login) in [("disable", "hoa"), ("reset", "hoa"), ("enable", "nobody"), ("disable", "a b")] {
        let refused = diaban(&server, &["accounts", what, login]);
        assert!(!refused.status.success(), "{what} {login}: {}", said(&refused));
    }
    run("enable", "hoa");
    let cookie = self::cookie(&log_in(&server, "hoa", PASSWORD));
    assert_eq!(look(&server, id, &cookie), 200);
    let former = link(&run("reset", "hoa"));
    let token = link(&run("reset", "hoa"));
    server.until("the session has ended", || look(&server, id, &cookie) == 401);
    assert_eq!(log_in(&server, "hoa", PASSWORD).status, 403);
    assert_eq!(welcome(&server, &former, PASSWORD, PASSWORD).status, 403);
    assert_eq!(welcome(&server, &token, PASSWORD, PASSWORD).status, 200);
    self::cookie(&log_in(&server, "hoa", PASSWORD));
    // Whom it is for is said, or there is none.
    for words in [
        &["--login", "x", "--scope", "operate"][..],
        &["--login", "lan", "--scope", "work"],
        &["--login", "lan", "--scope", "read"],
        &["--login", "lan", "--scope", "operate", "--ward", &ward],
        &["--login", "lan", "--scope", "work", "--ward", "1"],
        &["--login", "lan", "--scope", "work", "--body", "nobody"],
    ] {
        let refused = diaban(&server, &[&["accounts", "invite", "Lan"], words].concat());
        assert!(!refused.status.success(), "{words:?}: {}", said(&refused));
    }
}

#[test]
fn a_holder_changes_the_password_and_ends_sessions() {
    let server = started();
    let (id, ward) = made(&server, "pothole");
    let here = session(&server, "hoa", &["--scope", "work", "--ward", &ward]);
    let there = cookie(&log_in(&server, "hoa", PASSWORD));
    let change = |cookie: &str, former: &str, password: &str, again: &str| {
        let fields = form(&[("former", former), ("password", password), ("again", again)]);
        post(&server, "/account/password", &fields, &[OWN, ("Cookie", cookie)]).status
    };
    let other = "bốn con chó dưới sân";
    assert_eq!(change("a=b", PASSWORD, other, other), 403, "nobody is logged in");
    assert_eq!(change(&here, "ba con mèo dưới mái", other, other), 403);
    assert_eq!(change(&here, PASSWORD, other, PASSWORD), 422);
    assert_eq!(change(&here, PASSWORD, "ngắn", "ngắn"), 422);
    assert_eq!(change(&here, PASSWORD, other, other), 200);
    assert_eq!((look(&server, id, &here), look(&server, id, &there)), (200, 401));
    assert_eq!(log_in(&server, "hoa", PASSWORD).status, 403);
    let there = cookie(&log_in(&server, "hoa", other));
    let ended = post(&server, "/account/logout-all", "", &[OWN, ("Cookie", &there)]);
    assert_eq!(ended.status, 303);
    assert_eq!((look(&server, id, &here), look(&server, id, &there)), (401, 401));
    // Twenty at once; a further one ends the oldest.
    let open: Vec<String> = (0..21)
        .map(|_| {
            wait(&server, 1);
            cookie(&log_in(&server, "hoa", other))
        })
        .collect();
    server.until("the oldest has ended", || look(&server, id, &open[0]) == 401);
    assert!(open[1..].iter().all(|cookie| look(&server, id, cookie) == 200));
}

/// On one file one process serves.
#[test]
fn a_session_is_known_in_every_process_at_once() {
    if !is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let start = |folder: &Path| {
        let server = Server::start_in(folder, Arc::new(SystemIds));
        server.clock.set(SystemClock.now());
        server
    };
    let (a, b) = (start(folder.path()), start(folder.path()));
    let (id, ward) = made(&a, "pothole");
    let cookie = session(&a, "hoa", &["--scope", "work", "--ward", &ward]);
    assert_eq!((look(&b, id, &cookie), look(&a, id, &cookie)), (200, 200));
    // Used in one only, it goes on in the other.
    for server in [&a, &b] {
        wait(server, 7 * HOUR_MS);
    }
    assert_eq!(look(&a, id, &cookie), 200);
    let now = a.clock.now();
    a.until("it is stored when they were seen", || {
        done(&a, &["accounts", "list"]).contains(&format!("\t{now}\t"))
    });
    wait(&b, 7 * HOUR_MS);
    assert_eq!(look(&b, id, &cookie), 200);
    // Failures count in all.
    for server in [&a, &b, &a, &b, &a] {
        server.clock.set(b.clock.now());
        assert_eq!(log_in(server, "hoa", "ba con mèo dưới mái").status, 403);
    }
    assert_eq!(log_in(&b, "hoa", PASSWORD).status, 429);
    let out = post(&a, "/account/logout", "", &[OWN, ("Cookie", &cookie)]);
    assert_eq!(out.status, 303);
    b.until("it has ended in the other", || look(&b, id, &cookie) == 401);
}
