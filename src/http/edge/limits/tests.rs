//! Tests of the limits with a clock that stands still until it is moved.

use governor::clock::FakeRelativeClock;

use super::*;

fn limits(keys: usize) -> (Limits<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limits::with(LimitSettings::default(), keys, clock.clone()), clock)
}

fn at(address: &str) -> Caller {
    let address: IpAddr = address.parse().unwrap();
    Caller { network: address.into(), device: None, key: None }
}

/// How many of these requests pass.
fn passing(limits: &Limits<FakeRelativeClock>, act: Act, callers: impl Iterator<Item = Caller>) -> usize {
    callers.filter(|c| limits.check(act, *c).is_none_or(|v| v.allowed)).count()
}

#[test]
fn an_address_gets_its_quota_and_as_much_again_as_time_passes() {
    let (limits, clock) = limits(KEYS);
    let many = |n| std::iter::repeat_n(at("1.2.3.4"), n);
    assert_eq!(passing(&limits, Act::Create, many(100)), 60);
    let refused = limits.check(Act::Create, at("1.2.3.4")).unwrap();
    assert_eq!((refused.allowed, refused.remaining, ceil(refused.wait)), (false, 0, 10));
    clock.advance(Duration::from_secs(10));
    assert_eq!(passing(&limits, Act::Create, many(5)), 1);
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(passing(&limits, Act::Create, many(100)), 60, "no more is saved up than the quota");
    assert_eq!(passing(&limits, Act::Create, std::iter::once(at("1.2.3.5"))), 1);
}

#[test]
fn a_million_addresses_of_one_subscriber_are_one_key() {
    let (limits, _) = limits(KEYS);
    let all = (0..1_000_000_u64).map(|i| at(&format!("2001:db8:1:2::{:x}:{:x}", i >> 16, i & 0xffff)));
    assert_eq!(passing(&limits, Act::Create, all), 60);
    assert_eq!(limits.keys(), 1);
}

#[test]
fn five_thousand_people_behind_one_address_pass_by_their_devices() {
    let (limits, _) = limits(KEYS);
    let nat = at("100.64.0.1");
    let people = (0..5_000).map(|n| Caller { device: Some(n), ..nat });
    assert_eq!(passing(&limits, Act::Create, people), 5_000);
    // Without a token only the address counts, and its quota is unused.
    assert_eq!(passing(&limits, Act::Create, std::iter::repeat_n(nat, 100)), 60);
    // A device with many reports first uses its own ten, then the rest of the address's quota.
    let helper = Caller { device: Some(9_999), ..at("100.64.0.2") };
    assert_eq!(passing(&limits, Act::Create, std::iter::repeat_n(helper, 100)), 70);
}

#[test]
fn a_full_table_never_grows_and_falls_back_to_the_address() {
    let (limits, clock) = limits(1_000);
    let nat = at("100.64.0.1");
    assert_eq!(passing(&limits, Act::Create, std::iter::once(nat)), 1);
    let devices = (0..100_000).map(|n| Caller { device: Some(n), ..nat });
    // 999 devices fit in the table; the others share the quota of the address.
    assert_eq!(passing(&limits, Act::Create, devices), 999 + 59);
    assert_eq!(limits.keys(), 1_000);
    // The table is full, so a new address passes uncounted.
    assert_eq!(limits.check(Act::Create, at("5.5.5.5")), None);
    // When quotas are fully restored, their keys are removed.
    clock.advance(Duration::from_secs(2 * 3_600));
    assert!(limits.check(Act::Create, at("5.5.5.5")).is_some());
    assert_eq!(limits.keys(), 1);
}

#[test]
fn the_headers_say_quota_rest_and_time() {
    let (limits, _) = limits(KEYS);
    let verdict = limits.check(Act::Create, at("1.2.3.4")).unwrap();
    let mut headers = HeaderMap::new();
    verdict.headers(&mut headers);
    assert_eq!(headers["ratelimit-policy"], "\"create-address\";q=60;w=600");
    assert_eq!(headers["ratelimit"], "\"create-address\";r=59;t=10");
}

#[test]
fn an_allowance_of_nothing_is_refused_with_its_line() {
    let read = |text: &str| toml::from_str::<LimitSettings>(text).map_err(|e| e.to_string());
    let error = read("mode = \"enforce\"\ncreate_by_device = { count = 0, seconds = 60 }").unwrap_err();
    assert!(error.contains("line 2") && error.contains("zero"), "{error}");
    assert!(read("mode = \"loud\"").unwrap_err().contains("shadow"));
    let given = read("read_by_key = { count = 5, seconds = 1 }\nexempt = [\"127.0.0.0/8\"]").unwrap();
    assert_eq!((given.read_by_key, given.create_by_device), (Allowance::of(5, 1), Allowance::of(10, 3_600)));
}
