//! Who asks too often is told so; who shares an address with others is not punished for them.

use std::net::{IpAddr, Ipv4Addr};

use diaban::http::{Allowance, LimitMode, LimitSettings, Proxies};
use serde_json::json;

use crate::harness::{CENTRE, Server, after, feature};

const ITEMS: &str = "/collections/reports/items";

fn allowance(count: u32) -> Allowance {
    Allowance { count: count.try_into().unwrap(), seconds: 86_400.try_into().unwrap() }
}

/// A server behind a proxy on this machine that enforces small quotas nothing of which comes back
/// while a test runs.
fn enforcing() -> Server {
    enforcing_with(|_| {})
}

fn enforcing_with(set: impl FnOnce(&mut LimitSettings)) -> Server {
    Server::start_set(|config| {
        let loopback = IpAddr::from(Ipv4Addr::LOCALHOST).into();
        config.trusted_proxies = Proxies::new(vec![loopback]).unwrap();
        config.limits.mode = LimitMode::Enforce;
        config.limits.create_by_address = allowance(3);
        config.limits.create_by_device = allowance(2);
        config.limits.create_by_gateway = allowance(40);
        config.limits.device_by_address = allowance(2);
        config.limits.read_by_address = allowance(4);
        config.limits.exempt = vec!["10.9.9.0/24".parse().unwrap(), "127.0.0.0/8".parse().unwrap()];
        set(&mut config.limits);
    })
}

fn create(server: &Server, headers: &[(&str, &str)]) -> u16 {
    server.post(ITEMS, &feature("pothole", Some(CENTRE)), headers).status
}

fn statuses(server: &Server, n: usize, headers: &[(&str, &str)]) -> Vec<u16> {
    (0..n).map(|_| create(server, headers)).collect()
}

#[test]
fn an_address_beyond_its_quota_is_told_when_to_come_again() {
    let server = enforcing();
    let from = [("X-Forwarded-For", "198.51.100.7")];
    let first = server.post(ITEMS, &feature("pothole", Some(CENTRE)), &from);
    assert_eq!(first.status, 201);
    assert_eq!(first.header("ratelimit-policy"), "\"create-address\";q=3;w=86400");
    assert_eq!(first.header("ratelimit"), "\"create-address\";r=2;t=28800");
    assert!(first.header("access-control-expose-headers").contains("RateLimit-Policy"));
    assert_eq!(statuses(&server, 3, &from), [201, 201, 429]);
    let refused = server.post(ITEMS, &feature("pothole", Some(CENTRE)), &from);
    refused.problem(429);
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((28_000..=28_800).contains(&wait), "{wait}");
    assert_eq!(refused.header("cache-control"), "no-store");
    assert!(refused.header("ratelimit").starts_with("\"create-address\";r=0;t="), "{refused:?}");
    // Another address, an exempt one, and reading are another matter.
    assert_eq!(create(&server, &[("X-Forwarded-For", "198.51.100.8")]), 201);
    assert_eq!(statuses(&server, 9, &[("X-Forwarded-For", "10.9.9.1")]), [201; 9]);
    let read = |path: &str| server.get_with(path, &from).status;
    assert_eq!([(); 5].map(|()| read("/conformance")), [200, 200, 200, 200, 429]);
    // The operator's doors are never limited.
    assert_eq!(read("/healthz"), 200);
    let metrics = server.get("/metrics").text();
    assert!(
        metrics.contains("diaban_limited_total{policy=\"create-address\",enforced=\"1\"} 2"),
        "{metrics}"
    );
}

#[test]
fn what_a_client_writes_into_the_header_gives_it_nothing() {
    let server = enforcing();
    let forged = |n: usize| format!("203.0.113.{n}, 198.51.100.7");
    let made: Vec<u16> = (0..5).map(|n| create(&server, &[("X-Forwarded-For", &forged(n))])).collect();
    assert_eq!(made, [201, 201, 201, 429, 429]);
    // The /64 of one subscriber is one, mapped IPv4 is IPv4.
    let of_64 = |n: usize| format!("2001:db8:1:2::{n}");
    let made: Vec<u16> = (0..5).map(|n| create(&server, &[("X-Forwarded-For", &of_64(n))])).collect();
    assert_eq!(made, [201, 201, 201, 429, 429]);
    assert_eq!(create(&server, &[("X-Forwarded-For", "::ffff:198.51.100.7")]), 429);
    // Without a trusted proxy the header is not even read.
    let direct = Server::start_set(|config| {
        config.limits.mode = LimitMode::Enforce;
        config.limits.create_by_address = allowance(3);
    });
    let made: Vec<u16> = (0..5).map(|n| create(&direct, &[("X-Forwarded-For", &forged(n))])).collect();
    assert_eq!(made, [201, 201, 201, 429, 429]);
}

#[test]
fn people_behind_one_address_pass_by_their_devices_and_forged_tokens_do_not() {
    let server = enforcing();
    let nat = ("X-Forwarded-For", "100.64.0.1");
    let issue = |address: &str| {
        let made = server.post("/devices", &json!({}), &[("X-Forwarded-For", address)]);
        assert_eq!((made.status, made.header("cache-control")), (201, "no-store"), "{}", made.text());
        made.json()["token"].as_str().unwrap().to_owned()
    };
    // Taken at home, before everybody shares one address.
    let tokens: Vec<String> = (0..20).map(|n| issue(&format!("192.0.2.{n}"))).collect();
    assert_eq!(statuses(&server, 4, &[nat]), [201, 201, 201, 429]);
    // A new token is nobody yet: twenty of them are one address.
    for token in &tokens {
        assert_eq!(statuses(&server, 1, &[nat, ("Device-Token", token)]), [429]);
    }
    // They are used at home, in different hours.
    for hours in [3, 5, 7] {
        server.clock.set(after(hours * 3_600_000));
        for (n, token) in tokens.iter().enumerate() {
            let home = format!("192.0.2.{n}");
            let headers = [("X-Forwarded-For", home.as_str()), ("Device-Token", token)];
            assert_eq!(server.get_with("/conformance", &headers).status, 200);
        }
    }
    for token in &tokens {
        assert_eq!(statuses(&server, 3, &[nat, ("Device-Token", token)]), [201, 201, 429]);
    }
    // One that was only kept.
    let idle = issue("192.0.2.100");
    server.clock.set(after(20 * 3_600_000));
    assert_eq!(statuses(&server, 1, &[nat, ("Device-Token", &idle)]), [429]);
    server.clock.set(after(8 * 24 * 3_600_000));
    assert_eq!(statuses(&server, 3, &[nat, ("Device-Token", &idle)]), [201, 201, 429]);
    let forged = "A".repeat(43);
    let (mut other, last) = (tokens[0].clone(), tokens[1].chars().next().unwrap());
    other.replace_range(0..1, if last == 'A' { "B" } else { "A" });
    for token in ["", "x", &forged, &other] {
        assert_eq!(create(&server, &[nat, ("Device-Token", token)]), 429, "{token}");
    }
    // An address cannot collect tokens instead.
    issue("192.0.2.200");
    issue("192.0.2.200");
    server.post("/devices", &json!({}), &[("X-Forwarded-For", "192.0.2.200")]).problem(429);
}

/// The attack of 600 tokens, each with five reports.
#[test]
fn many_tokens_do_not_multiply_the_quota_of_an_address() {
    let server = enforcing_with(|limits| limits.create_by_gateway = allowance(12));
    let tokens: Vec<String> = (0..30)
        .map(|n| {
            let from = format!("192.0.2.{n}");
            let made = server.post("/devices", &json!({}), &[("X-Forwarded-For", &from)]);
            made.json()["token"].as_str().unwrap().to_owned()
        })
        .collect();
    let from = ("X-Forwarded-For", "198.51.100.7");
    let flood =
        || tokens.iter().flat_map(|t| statuses(&server, 2, &[from, ("Device-Token", t)])).collect::<Vec<_>>();
    assert_eq!(flood().iter().filter(|s| **s == 201).count(), 3);
    // A week later they are as old as any, and the address has its ceiling.
    server.clock.set(after(8 * 24 * 3_600_000));
    let passed = flood().iter().filter(|s| **s == 201).count();
    assert_eq!(passed, 12 + 12, "the first reports, and as many others");
    let refused =
        server.post(ITEMS, &feature("pothole", Some(CENTRE)), &[from, ("Device-Token", &tokens[29])]);
    refused.problem(429);
}

#[test]
fn a_shadow_counts_and_lets_pass() {
    let server = Server::start_set(|config| {
        config.limits.mode = LimitMode::Shadow;
        config.limits.create_by_address = allowance(1);
    });
    assert_eq!(statuses(&server, 3, &[]), [201; 3]);
    let answer = server.post(ITEMS, &feature("pothole", Some(CENTRE)), &[]);
    assert_eq!(
        (answer.status, answer.header("ratelimit")),
        (201, ""),
        "what is not enforced is not announced"
    );
    let metrics = server.get("/metrics").text();
    assert!(
        metrics.contains("diaban_limited_total{policy=\"create-address\",enforced=\"0\"} 3"),
        "{metrics}"
    );
    assert!(metrics.contains("diaban_limit_keys 1"), "{metrics}");
}

#[test]
fn a_token_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let start = || Server::start_in(folder.path(), std::sync::Arc::new(diaban::clock::SystemIds));
    let first = start();
    let token = first.post("/devices", &json!({}), &[]).json()["token"].clone();
    drop(first);
    let again = start();
    // In shadow mode, too, a device that lives is counted by its own bucket, its hour and the ceiling of its
    // address.
    again.clock.set(after(8 * 24 * 3_600_000));
    let made =
        again.post(ITEMS, &feature("pothole", Some(CENTRE)), &[("Device-Token", token.as_str().unwrap())]);
    assert_eq!(made.status, 201);
    let keys = |server: &Server| {
        server.get("/metrics").text().lines().find(|l| l.starts_with("diaban_limit_keys")).unwrap().to_owned()
    };
    assert_eq!(keys(&again), "diaban_limit_keys 3");
    // The same device again has the other half of the ceiling; its address is one more.
    again.post(ITEMS, &feature("pothole", Some(CENTRE)), &[("Device-Token", token.as_str().unwrap())]);
    assert_eq!(keys(&again), "diaban_limit_keys 4");
    again.post(ITEMS, &feature("pothole", Some(CENTRE)), &[]);
    assert_eq!(keys(&again), "diaban_limit_keys 5");
}
