//! The client's address behind trusted proxies, and the network by which it is counted.
//!
//! Only `X-Forwarded-For` is read. A proxy that writes that header passes `Forwarded` (RFC 7239)
//! through as the client sent it, so trusting both would mean trusting the client.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The shortest prefix length that a trusted proxy's network may have. `fc00::/7` is the widest
/// private network; 0.0.0.0/0 would let every client choose its own address.
const NARROWEST: u8 = 7;

/// The peer address of a connection, put into the request's extensions by the accept loop.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Peer(pub(in crate::http) IpAddr);

/// The proxies whose `X-Forwarded-For` is trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

/// A network that is too wide to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is wider than /{NARROWEST}: every host inside it could forge the address by which it is counted"
)]
pub struct TooWide(IpNet);

impl Proxies {
    /// Trusts these networks.
    ///
    /// # Errors
    /// When one of them is wider than any private network.
    pub fn new(networks: Vec<IpNet>) -> Result<Self, TooWide> {
        match networks.iter().find(|n| n.prefix_len() < NARROWEST) {
            Some(wide) => Err(TooWide(*wide)),
            None => Ok(Self(networks)),
        }
    }

    /// Whether an address belongs to one of them.
    pub(in crate::http) fn hold(&self, address: IpAddr) -> bool {
        self.0.iter().any(|n| n.contains(&address))
    }

    /// The right-most hop that is not a trusted proxy. Everything left of it can be forged by the
    /// client.
    pub(in crate::http) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        // `get_all` returns the lines in order; they form one list (RFC 9110 section 5.3).
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let mut hops = lines.flat_map(|line| line.as_bytes().rsplit(|b| *b == b',')).map(hop);
        while self.hold(client) {
            let Some(Some(hop)) = hops.next() else { break };
            client = hop;
        }
        client
    }
}

/// Parses one hop: an address with or without a port and brackets. IPv4-mapped IPv6 addresses
/// become IPv4.
fn hop(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let address = text.parse().ok().or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()));
    let address = address.or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    address.map(|a: IpAddr| a.to_canonical())
}

/// The key by which an address is counted: an IPv4 address, or the /64 that one IPv6 subscriber
/// has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::http) enum Network {
    V4(u32),
    V6(u64),
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(a) => Self::V4(a.to_bits()),
            IpAddr::V6(a) => Self::V6((a.to_bits() >> 64) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, lines: &[&str]) -> String {
        let proxies = Proxies::new(trusted.iter().map(|t| t.parse().unwrap()).collect()).unwrap();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        headers.append("forwarded", "for=6.6.6.6".parse().unwrap());
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_right_most_hop_that_is_not_trusted() {
        // No proxy is trusted, so the header is ignored.
        assert_eq!(client(&[], "9.9.9.9", &["1.2.3.4"]), "9.9.9.9");
        let inner = &["10.0.0.0/8", "fd00::/8"][..];
        assert_eq!(client(inner, "9.9.9.9", &["1.2.3.4"]), "9.9.9.9");
        assert_eq!(client(inner, "10.0.0.1", &["6.6.6.6, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(inner, "10.0.0.1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]), "1.2.3.4");
        assert_eq!(client(inner, "10.0.0.1", &["6.6.6.6", "1.2.3.4,10.0.0.2"]), "1.2.3.4");
        assert_eq!(client(inner, "::ffff:10.0.0.1", &["::ffff:1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(inner, "fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client(inner, "10.0.0.1", &["1.2.3.4:5678"]), "1.2.3.4");
        // An invalid address ends the search at the last known hop.
        assert_eq!(client(inner, "10.0.0.1", &["1.2.3.4, unknown"]), "10.0.0.1");
        assert_eq!(client(inner, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(inner, "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    #[test]
    fn nobody_can_trust_everybody() {
        for wide in ["0.0.0.0/0", "::/0", "128.0.0.0/1"] {
            let refused = Proxies::new(vec![wide.parse().unwrap()]).unwrap_err().to_string();
            assert!(refused.contains(wide) && refused.contains("forge"), "{refused}");
        }
    }

    #[test]
    fn a_subscriber_is_one_network_however_many_addresses_it_has() {
        let of = |a: &str| Network::from(a.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:1.2.3.4"), of("1.2.3.4"));
        assert_ne!(of("1.2.3.4"), of("1.2.3.5"));
    }
}
