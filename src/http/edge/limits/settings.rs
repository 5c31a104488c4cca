//! The table `[limits]` of the settings file.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use ipnet::IpNet;
use serde::Deserialize;

/// The mode of the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitMode {
    /// Nothing is counted.
    Off,
    /// Requests beyond a limit are counted in the metrics and logged, but pass. This helps to find
    /// the right numbers before they affect anybody.
    #[default]
    Shadow,
    /// Requests beyond a limit are answered with 429.
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

/// A number of requests per period; unused requests are saved up to that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// Requests.
    pub count: NonZeroU32,
    /// The period in seconds.
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
        // More than 10^9 requests a second would be less than a nanosecond each.
        let each = Duration::from_secs(self.seconds.get().into()) / self.count.get();
        let quota = Quota::with_period(each.max(Duration::from_nanos(1)));
        quota.expect("longer than nothing").allow_burst(self.count)
    }
}

/// The rate limits. Those per address are generous, because a mobile carrier puts thousands of
/// people behind one address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// Their mode.
    pub mode: LimitMode,
    /// Addresses that are never limited: the operator's, or a load test's.
    pub exempt: Vec<IpNet>,
    /// Reports per address (an IPv6 /64 counts as one).
    pub create_by_address: Allowance,
    /// Reports per device token, before those of its address.
    pub create_by_device: Allowance,
    /// Reports of all devices of an address: the first of each device in an hour, and as many again of the
    /// others.
    pub create_by_gateway: Allowance,
    /// Reports per API key, before those of its address.
    pub create_by_key: Allowance,
    /// Device tokens issued per address.
    pub device_by_address: Allowance,
    /// All other requests per address.
    pub read_by_address: Allowance,
    /// All other requests per API key.
    pub read_by_key: Allowance,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            mode: LimitMode::default(),
            exempt: Vec::new(),
            create_by_address: Allowance::of(60, 600),
            create_by_device: Allowance::of(10, 3_600),
            create_by_gateway: Allowance::of(60, 60),
            create_by_key: Allowance::of(600, 600),
            device_by_address: Allowance::of(600, 600),
            read_by_address: Allowance::of(12_000, 60),
            read_by_key: Allowance::of(60_000, 60),
        }
    }
}
