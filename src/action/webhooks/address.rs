//! Which addresses messages may be sent to: what an operator names must not lead into the house itself.
//!
//! The text of an address is checked when a webhook is made. The addresses that its name stands for are checked each
//! time, by whoever connects to them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{Ipv4Net, Ipv6Net};

/// Bytes of an address.
const MOST: usize = 2_000;

/// What no receiver on the internet has: this host, private networks, those of one link, of documents, of many.
static NOT_V4: LazyLock<Vec<Ipv4Net>> = LazyLock::new(|| {
    nets([
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ])
});

/// Of the global addresses, those that stand for others (Teredo, 6to4) or for none.
static NOT_V6: LazyLock<Vec<Ipv6Net>> =
    LazyLock::new(|| nets(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]));

/// All that is routed; the rest of the world is local, mapped, or reserved.
static GLOBAL_V6: LazyLock<Vec<Ipv6Net>> = LazyLock::new(|| nets(["2000::/3"]));

fn nets<N: std::str::FromStr<Err: std::fmt::Debug>, const K: usize>(all: [&str; K]) -> Vec<N> {
    all.iter().map(|net| net.parse().expect("a network of the lists above")).collect()
}

/// Whether everybody on the internet reaches the same machine by this address.
pub fn is_public(address: IpAddr) -> bool {
    let v4 = |a: &Ipv4Addr| !NOT_V4.iter().any(|net| net.contains(a));
    let v6 = |a: &Ipv6Addr| {
        GLOBAL_V6.iter().any(|net| net.contains(a)) && !NOT_V6.iter().any(|net| net.contains(a))
    };
    match address.to_canonical() {
        IpAddr::V4(a) => v4(&a),
        IpAddr::V6(a) => v6(&a),
    }
}

/// Checks the text of an address. `private`: whether receivers inside are allowed.
///
/// # Errors
/// What is wrong with it.
pub fn receiver(url: &str, private: bool) -> Result<(), String> {
    if url.len() > MOST {
        return Err(format!("must have at most {MOST} bytes"));
    }
    if !url.bytes().all(|b| b.is_ascii_graphic()) || url.contains('#') {
        return Err("must be an address in ASCII, without spaces and without #".to_owned());
    }
    let rest = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => rest,
        (None, Some(rest)) if private => rest,
        (None, Some(_)) => {
            return Err(
                "must begin with https://; http:// is for receivers inside ([webhooks] allow_private)".into(),
            );
        }
        (None, None) => return Err("must begin with https://".to_owned()),
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("must not hold a user".to_owned());
    }
    let literal = authority.strip_prefix('[').and_then(|a| a.split_once(']'));
    let (host, after) = literal
        .unwrap_or_else(|| authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)));
    let port = after.strip_prefix(':').map(|port| port.parse().is_ok_and(|port: u16| port > 0));
    if host.is_empty() || !after.is_empty() && port != Some(true) {
        return Err("must name a host, and after it a port or nothing".to_owned());
    }
    match host.parse::<IpAddr>() {
        Ok(address) if !private && !is_public(address) => {
            Err("is an address inside; [webhooks] allow_private allows those".to_owned())
        }
        Err(_) if literal.is_some() => Err("must hold an IPv6 address in its brackets".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_internet_reaches_is_public() {
        for inside in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::a00:1",
            "fe80::1",
            "fd00:ec2::254",
            "fc00::1",
            "ff02::1",
            "2002:7f00:1::",
            "2001:0:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in
            ["1.1.1.1", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00::1"]
        {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn the_text_of_an_address_is_checked() {
        for (url, private) in [
            ("https://hooks.example.vn/a?b=c", false),
            ("https://example.vn:8443", false),
            ("https://[2606:4700::1111]:444/x", false),
            ("http://127.0.0.1:9/x", true),
            ("http://[::1]/", true),
        ] {
            assert_eq!(receiver(url, private), Ok(()), "{url}");
        }
        let long = format!("https://a.vn/{}", "x".repeat(2_000));
        for url in [
            "http://example.vn/",
            "ftp://example.vn/",
            "https://",
            "https:///path",
            "https://:443/",
            "https://user@example.vn/",
            "https://example.vn:0/",
            "https://example.vn:99999/",
            "https://example.vn:a/",
            "https://example.vn/#a",
            "https://exa mple.vn/",
            "https://127.0.0.1/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[x]/",
            "https://xn--/é",
            &long,
        ] {
            assert!(receiver(url, false).is_err(), "{url}");
        }
        assert!(receiver("https://a@127.0.0.1/", true).is_err());
    }
}
