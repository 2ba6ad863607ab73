//! What of an address counts for limits. Knows no request.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Whoever has one address of IPv6 has a network of them (RFC 6177, 2), so all addresses in a /64 are taken for one; of
/// IPv4 each address counts for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of this address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(f, "{address}"),
            IpAddr::V6(first) => write!(f, "{first}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_client_counts_by_its_64_and_an_ipv4_one_by_itself() {
        let network = |address: &str| Network::of(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2:3:4:5:6").to_string(), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        assert_eq!(network("203.0.113.7").to_string(), "203.0.113.7");
        assert_ne!(network("203.0.113.7"), network("203.0.113.8"));
    }
}
