//! What an office reads of a report beyond what everybody may read is on record, and named when its key is lost.

use crate::feeds::{diaban, done, said};
use crate::harness::Server;
use crate::office::{Caller, ITEMS, NEIGHBOUR, made};

#[test]
fn whose_reports_a_key_has_read_is_known() {
    let server = Server::start();
    let (id, ward) = made(&server, "pothole");
    let (unread, _) = made(&server, "pothole");
    let own = Caller::of(&server, &ward);
    let other = Caller::of(&server, NEIGHBOUR);
    let operator = Caller::new(&server, &["--scope", "operate"]);
    for _ in 0..3 {
        assert_eq!(own.look(id).status, 200);
    }
    assert_eq!((operator.events(id).status, operator.look(id).status), (200, 200));
    // Nobody reads more than everybody may.
    assert_eq!((other.look(id).status, other.events(id).status), (403, 200));
    assert_eq!(server.get(&format!("{ITEMS}/{id}/events")).status, 200);
    let breach = |words: &[&str]| done(&server, &[&["breach", "--since"], words].concat());
    let rows = |text: &str| -> Vec<Vec<String>> {
        let rows = text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect());
        rows.filter(|row: &Vec<String>| row.len() > 1).collect()
    };
    let all = breach(&["2026-11-25"]);
    assert!(all.ends_with("1 reports were read with 2 keys since 2026-11-24T17:00:00.000Z\n"), "{all}");
    assert!(!all.contains(&unread.to_string()) && !all.contains(&other.id), "{all}");
    let of = |key: &Caller<'_>, what: &str| -> Vec<String> {
        let of_key = rows(&all).into_iter().filter(|r| r[0] == key.id && r[3] == what);
        of_key.map(|r| format!("{} {} {} {}", r[1], r[2], r[4], r[6])).collect()
    };
    let at = "2026-11-25T01:30:00.000Z";
    assert_eq!(of(&own, "texts"), [format!("Trực {id} {at} 3")]);
    assert_eq!(of(&operator, "texts"), [format!("Trực {id} {at} 1")]);
    assert!(!of(&operator, "life").is_empty());
    // Of one key, and since a moment.
    assert!(rows(&breach(&["2026-11-25", "--key", &own.id])).iter().all(|r| r[0] == own.id));
    assert_eq!(rows(&breach(&["2026-11-25T01:30:01Z"])).len(), 0);
    for (wrong, why) in
        [(&["soon"][..], "--since must be"), (&["2026-11-25", "--key", "nobody"], "no key has the id")]
    {
        let refused = diaban(&server, &[&["breach", "--since"], wrong].concat());
        assert!(!refused.status.success() && said(&refused).contains(why), "{}", said(&refused));
    }
}
