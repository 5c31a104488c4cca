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

/// A caller with a device.
fn with(caller: Caller, id: u128, lives: bool) -> Caller {
    Caller { device: Some(Device { id, lives }), ..caller }
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
fn devices_that_live_count_alone_under_the_ceiling_of_their_address() {
    let (limits, clock) = limits(KEYS);
    let nat = at("100.64.0.1");
    let people = |range: std::ops::Range<u128>| range.map(|n| with(nat, n, true));
    // Their first reports pass at the pace of the ceiling, then by the quota of the address.
    assert_eq!(passing(&limits, Act::Create, people(0..5_000)), 60 + 60);
    assert_eq!(passing(&limits, Act::Create, std::iter::repeat_n(nat, 100)), 0);
    let mut passed = 0;
    for second in 0..600_u128 {
        clock.advance(Duration::from_secs(1));
        passed += passing(&limits, Act::Create, people(10_000 + second..10_001 + second));
    }
    assert_eq!(passed, 600);
    // A device with many reports uses its own ten, then the rest of the address's quota.
    let helper = with(at("100.64.0.2"), 99_999, true);
    assert_eq!(passing(&limits, Act::Create, std::iter::repeat_n(helper, 100)), 70);
}

#[test]
fn six_hundred_new_tokens_are_one_address() {
    let (limits, _) = limits(KEYS);
    let tokens = (0..3_000).map(|n| with(at("1.2.3.4"), n % 600, false));
    assert_eq!(passing(&limits, Act::Create, tokens), 60);
    assert_eq!(limits.keys(), 1);
}

#[test]
fn what_the_ceiling_refuses_costs_the_device_nothing() {
    let (limits, clock) = limits(KEYS);
    let nat = at("100.64.0.1");
    let flood = (0..1_000).map(|n| with(nat, n, true));
    passing(&limits, Act::Create, flood);
    let phone = with(nat, 5_000, true);
    assert_eq!(passing(&limits, Act::Create, std::iter::repeat_n(phone, 100)), 0);
    // At another place it has its first report and its ten.
    let home = Caller { network: at("5.5.5.5").network, ..phone };
    let first = limits.check(Act::Create, home).unwrap();
    assert_eq!((first.policy, first.allowed, first.remaining), ("create-device", true, 9));
    clock.advance(Duration::from_secs(1));
    assert_eq!(passing(&limits, Act::Create, [6_000, 6_001].map(|n| with(nat, n, true)).into_iter()), 1);
}

/// What a gateway of a carrier with 10,000 phones gets in an hour: (reports that phones wanted to send,
/// those that passed at once, those that passed within the hour, those of the attacker).
///
/// Every phone sends `each` reports in the hour, at moments drawn from a seed; a phone that is refused comes
/// again when it was told to. The attacker sends 100 requests a second with so many tokens of the same
/// gateway.
fn gateway(each: f64, young: bool, attackers: u128, attackers_live: bool) -> [usize; 4] {
    const PHONES: u128 = 10_000;
    let (limits, clock) = limits(KEYS);
    let nat = at("100.64.0.1");
    let mut random = Random(2026);
    let mut due: Vec<Vec<(u128, bool)>> = vec![Vec::new(); 3_600];
    let wanted = (PHONES as f64 * each) as usize;
    for _ in 0..wanted {
        let phone = u128::from(random.below(PHONES as u64));
        due[random.below(3_600) as usize].push((phone, true));
    }
    let [mut at_once, mut in_all, mut attacks] = [0; 3];
    for second in 0..due.len() {
        let mut attack = (0..if attackers > 0 { 100 } else { 0 }).map(|n| {
            let token = (second as u128 * 100 + n) % attackers;
            with(nat, 1_000_000 + token, attackers_live)
        });
        // The attacker comes before and after the phones of the second.
        attacks += passing(&limits, Act::Create, attack.by_ref().take(50));
        for (phone, is_first) in std::mem::take(&mut due[second]) {
            let verdict = limits.check(Act::Create, with(nat, phone, !young)).unwrap();
            if verdict.allowed {
                in_all += 1;
                at_once += usize::from(is_first);
            } else if let Some(later) = due.get_mut(second + ceil(verdict.wait).max(1) as usize) {
                later.push((phone, false));
            }
        }
        attacks += passing(&limits, Act::Create, attack);
        clock.advance(Duration::from_secs(1));
    }
    [wanted, at_once, in_all, attacks]
}

/// The figures of `docs/decisions/edge.md`.
#[test]
fn what_a_gateway_of_a_carrier_gets() {
    let quiet = gateway(0.05, false, 0, false);
    let storm = gateway(0.3, false, 0, false);
    let new = gateway(0.05, true, 0, false);
    let farmed = gateway(0.05, false, 600, false);
    let patient = gateway(0.05, false, 600, true);
    println!("{quiet:?} {storm:?} {new:?} {farmed:?} {patient:?}");
    // An ordinary day and a flood of the streets: everybody passes.
    assert_eq!(quiet, [500, 500, 500, 0]);
    assert!(storm[1] * 100 >= storm[0] * 99, "{storm:?}");
    // All phones are new: they have what an address has, 60 in ten minutes.
    assert!((300..=420).contains(&new[2]), "{new:?}");
    // New tokens take nothing from phones that live.
    assert!(farmed[1] * 100 >= farmed[0] * 99 && farmed[3] <= 420, "{farmed:?}");
    // Tokens kept for a week take their first reports and the other half of the ceiling, no more.
    assert!(patient[3] <= 2 * 3_660 + 420 && patient[2] * 100 >= patient[0] * 90, "{patient:?}");
}

/// A small generator (splitmix64), so that the figures are the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

#[test]
fn a_full_table_never_grows_and_falls_back_to_the_address() {
    let (limits, clock) = limits(1_000);
    let nat = at("100.64.0.1");
    assert_eq!(passing(&limits, Act::Create, std::iter::once(nat)), 1);
    // Each at an address of its own, with three keys; the address of the first ones is theirs.
    let devices = (0..100_000).map(|n| with(nat, n, true));
    let passed = passing(&limits, Act::Create, devices);
    assert!(passed <= 60 + 60, "the ceiling and the quota of the address: {passed}");
    let addresses = (0..100_000_u32).map(|n| at(&std::net::Ipv4Addr::from_bits(0x0a00_0000 + n).to_string()));
    passing(&limits, Act::Create, addresses);
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
