//! What was erased stays so, whatever backup or copy comes back.

use diaban::action::{self, Actor, City, Withdrawal};
use diaban::clock::{Clock as _, FixedClock};
use diaban::store::{self, Store};
use diaban_core::domain::Instant;

use super::ITEMS;
use crate::harness::{CENTRE, NOW, Server, feature};
use crate::moving::{block, done, url};
use crate::test_database::{is_postgres, store_url};

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

#[test]
fn an_erased_report_does_not_come_back_with_an_older_backup() {
    const SECRET: &str = "Bí mật 4711";
    if is_postgres() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let [a, b, c, d] = ["a.db", "b.db", "c.db", "d.db"].map(|name| url(folder.path(), name));
    let server = Server::start_set(|config| a.clone_into(&mut config.store));
    let sent = |secret: &str, key: &str| {
        let mut body = feature("pothole", Some(CENTRE));
        body["properties"]["description"] = format!("{secret} {}", "dài ".repeat(400)).into();
        server.post(ITEMS, &body, &[("Idempotency-Key", key)]).json()["id"].to_string()
    };
    let (gone, kept) = (sent(SECRET, "one"), sent("Còn đây", "two"));
    let backup = |name: &str| done(&["backup", &path(name).display().to_string(), "--store", &a]);
    backup("older");
    done(&["report", "erase", &gone, "--store", &a]);
    backup("later");
    drop(server);
    let tells = |name: &str| holds(&std::fs::read(path(name)).unwrap(), SECRET);
    assert!(tells("older") && !tells("later") && !tells("a.db"));
    let list = std::fs::read_to_string(path("a.db.erased")).unwrap();
    assert!(list.contains(&format!("\n{gone} ")) && !list.contains(SECRET), "{list}");

    // Over the store it came from: the list beside it is there, even when the store itself is not.
    let older = path("older").display().to_string();
    let said = done(&["restore", &older, "--store", &a, "--force"]);
    assert!(said.contains("1 reports that had been erased since the backup were erased again"), "{said}");
    assert!(!tells("a.db"));
    std::fs::remove_file(path("a.db")).unwrap();
    assert!(done(&["restore", &older, "--store", &a]).contains("1 reports"));
    assert!(!tells("a.db"));
    // Elsewhere: a list, or a later backup.
    let later = path("later").display().to_string();
    done(&["restore", &older, "--store", &b, "--erased", &later]);
    let saved = path("saved.erased").display().to_string();
    done(&["erased", "save", &saved, "--store", &a]);
    done(&["restore", &older, "--store", &c, "--erased", &saved]);
    assert!(!tells("b.db") && !tells("c.db"));
    // Past the program, by `cp`: when it is opened next.
    std::fs::copy(path("older"), path("a.db")).unwrap();
    let server = Server::start_set(|config| a.clone_into(&mut config.store));
    server.until("the other one is there", || server.matched("") == 1);
    server.get(&format!("{ITEMS}/{gone}")).problem(410);
    assert_eq!(server.get(&format!("{ITEMS}/{kept}")).status, 200);
    // Its key is known, and no body with it any more: whatever is sent is a repeat.
    server.post(ITEMS, &feature("pothole", Some(CENTRE)), &[("Idempotency-Key", "one")]).problem(410);
    server.post(ITEMS, &feature("pothole", Some(CENTRE)), &[("Idempotency-Key", "two")]).problem(409);
    drop(server);
    assert!(!tells("a.db"));
    // A copy of the older backup.
    let said = done(&["copy", "--from", &older, "--to", &d, "--erased", &saved]);
    assert!(said.contains("1 reports that had been erased were erased again"), "{said}");
    assert!(!tells("d.db"));
    for name in ["b.db", "c.db", "d.db"] {
        let server = Server::start_set(|config| url(folder.path(), name).clone_into(&mut config.store));
        server.until("the other one is there", || server.matched("") == 1);
        server.get(&format!("{ITEMS}/{gone}")).problem(410);
    }
}

#[test]
fn what_was_erased_is_known_where_it_never_was() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    for folder in [&one, &other] {
        std::fs::create_dir(folder).unwrap();
    }
    let city = City::of_pack(diaban::city_files::embedded().unwrap()).unwrap();
    let now = Instant::parse(NOW).unwrap();
    let clock = FixedClock::at(now);
    let mut made = diaban::demo::Generator::new(&city, 7, now, 1).next().unwrap();
    made.id = 4_711;
    let key = store::IdempotencyKey { key: [3; 32], body: [4; 32] };
    block(async {
        // The second store is of a time before the report.
        let (a, b) =
            (Store::open(&store_url(&one)).await.unwrap(), Store::open(&store_url(&other)).await.unwrap());
        a.create_report(made.clone(), Some(key.clone())).await.unwrap();
        action::withdraw(&city, &a, &clock, 4_711, Withdrawal::Erase, &Actor::OPERATOR).await.unwrap();
        let list = a.erased().await.unwrap();
        assert_eq!((list.len(), list[0].id), (1, 4_711));
        assert_eq!(b.erase_again(list).await.unwrap(), 0, "it is not there");
        // An import that brings it again finds its key used.
        let loaded = b.load_keyed(std::sync::Arc::new(vec![(made, key)]), clock.now()).await.unwrap();
        assert_eq!((loaded.stored, loaded.there), (0, 1));
        a.close().await;
        b.close().await;
    });
}
