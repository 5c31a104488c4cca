//! The table `[limits]` of the settings file.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use ipnet::IpNet;
use serde::Deserialize;

/// What limits do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitMode {
    /// Nothing is counted.
    Off,
    /// What would be refused is counted in the metrics and logged, and let through: the way to find
    /// the right numbers before they hurt anybody.
    #[default]
    Shadow,
    /// What is too much is answered 429.
    Enforce,
}

impl std::str::FromStr for LimitMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            "shadow" => Ok(Self::Shadow),
            "enforce" => Ok(Self::Enforce),
            _ => Err("must be off, shadow or enforce".to_owned()),
        }
    }
}

/// So many requests in so many seconds; unused ones are saved up to that many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Requests.
    pub count: NonZeroU32,
    /// Seconds in which all of them come back.
    pub seconds: NonZeroU32,
}

impl Allowance {
    pub(super) const fn of(count: u32, seconds: u32) -> Self {
        match (NonZeroU32::new(count), NonZeroU32::new(seconds)) {
            (Some(count), Some(seconds)) => Self { count, seconds },
            _ => panic!("an allowance of nothing"),
        }
    }

    pub(super) fn quota(self) -> Quota {
        // More than a thousand million a second would be less than a nanosecond each.
        let each = Duration::from_secs(self.seconds.get().into()) / self.count.get();
        let quota = Quota::with_period(each.max(Duration::from_nanos(1)));
        quota.expect("longer than nothing").allow_burst(self.count)
    }
}

/// The limits. Those by address are loose, because a carrier puts thousands of people behind one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// What they do.
    pub mode: LimitMode,
    /// Addresses that are never counted: the operator's own, a load test's.
    pub exempt: Vec<IpNet>,
    /// Reports by one address (an IPv6 /64 is one).
    pub create_by_address: Allowance,
    /// Reports by one device token, beside those of its address.
    pub create_by_device: Allowance,
    /// Reports by one API key, beside those of its address.
    pub create_by_key: Allowance,
    /// Device tokens issued to one address.
    pub device_by_address: Allowance,
    /// Everything else by one address.
    pub read_by_address: Allowance,
    /// Everything else by one API key.
    pub read_by_key: Allowance,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            mode: LimitMode::default(),
            exempt: Vec::new(),
            create_by_address: Allowance::of(60, 600),
            create_by_device: Allowance::of(10, 3_600),
            create_by_key: Allowance::of(600, 600),
            device_by_address: Allowance::of(600, 600),
            read_by_address: Allowance::of(12_000, 60),
            read_by_key: Allowance::of(60_000, 60),
        }
    }
}
