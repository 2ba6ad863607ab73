//! The network of an address, by which limits count, and the wider blocks around it. Knows no request and no limit.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use storage::{Guesser, NetworkBlock};

/// Whoever has one address of IPv6 has a network of them (RFC 6177, 2), so all addresses in a /64 are taken for one; of
/// IPv4 each address counts for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(Block);

/// All addresses with a common prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Block(IpNet);

/// The prefix lengths of IPv6 blocks with their own limits, each as a multiple of a /64's limit. Providers give a
/// customer a /56 or a /48, which contain 256 and 65,536 networks.
const WIDER: [(u8, u32); 3] = [(64, 1), (56, 4), (48, 16)];
/// The addresses in a /24 of IPv4.
const ADDRESSES_IN_24: u32 = 256;

impl Network {
    /// The network of this address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { 32 } else { 64 };
        Self(Block::of(address, prefix))
    }

    /// The network of this name, as [`Network`] writes it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let address = name.strip_suffix("/64").unwrap_or(name);
        address.parse().ok().map(Self::of)
    }

    /// The network, then the wider blocks around it that have limits, each with its limit as a multiple of one
    /// network's.
    pub(crate) fn limited(self) -> Vec<(Block, u32)> {
        match self.0.0 {
            IpNet::V4(_) => vec![(self.0, 1)],
            IpNet::V6(own) => WIDER.map(|(prefix, times)| (Block::of(own.addr().into(), prefix), times)).to_vec(),
        }
    }

    /// The block that counts as one client in fair queues: a /24 of IPv4, a /48 of IPv6.
    pub(crate) fn fair(self) -> Block {
        let address = self.0.0.addr();
        Block::of(address, if address.is_ipv4() { 24 } else { 48 })
    }
}

impl Block {
    /// The block around `address`; the address alone if the prefix is too long for its family.
    fn of(address: IpAddr, prefix: u8) -> Self {
        Self(IpNet::new(address, prefix).unwrap_or_else(|_| address.into()).trunc())
    }
}

/// The blocks that limit a client, its network first; `unknown` for clients without an address.
pub(crate) fn limited_blocks(network: Option<Network>) -> Vec<NetworkBlock> {
    let named = |(block, times): (Block, u32)| NetworkBlock { name: block.to_string(), times };
    network.map_or_else(
        || vec![NetworkBlock { name: UNKNOWN.to_owned(), times: 1 }],
        |network| network.limited().into_iter().map(named).collect(),
    )
}

/// The network and blocks from which a password is guessed.
pub(crate) fn guesser(network: Option<Network>) -> Guesser {
    let (limited, fair) = (limited_blocks(network), fair_name(network));
    let times = limited.iter().find(|block| block.name == fair).map_or(ADDRESSES_IN_24, |block| block.times);
    Guesser { limited, fair: NetworkBlock { name: fair, times } }
}

/// The name of the block that counts as one client in fair queues.
pub(crate) fn fair_name(network: Option<Network>) -> String {
    network.map_or_else(|| UNKNOWN.to_owned(), |network| network.fair().to_string())
}

/// The network name for clients without an address.
pub(crate) const UNKNOWN: &str = "unknown";

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpNet::V4(one) if one.prefix_len() == 32 => one.addr().fmt(f),
            block => block.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_client_counts_by_its_64_and_an_ipv4_one_by_itself() {
        assert_eq!(network("2001:db8:1:2:3:4:5:6").to_string(), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        assert_eq!(network("203.0.113.7").to_string(), "203.0.113.7");
        assert_ne!(network("203.0.113.7"), network("203.0.113.8"));
    }

    #[test]
    fn wider_blocks_of_ipv6_have_4_and_16_times_the_limit_of_a_64() {
        let named = |address: &str| -> Vec<_> {
            limited_blocks(Some(network(address))).into_iter().map(|block| (block.name, block.times)).collect()
        };
        let blocks = [("2001:db8:1:2ff::/64", 1), ("2001:db8:1:200::/56", 4), ("2001:db8:1::/48", 16)];
        assert_eq!(named("2001:db8:1:2ff::1"), blocks.map(|(name, times)| (name.to_owned(), times)));
        assert_eq!(named("203.0.113.7"), [("203.0.113.7".to_owned(), 1)]);
    }

    #[test]
    fn a_24_and_a_48_take_turns_as_one() {
        assert_eq!(network("203.0.113.7").fair(), network("203.0.113.200").fair());
        assert_eq!(network("203.0.113.7").fair().to_string(), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2::1").fair(), network("2001:db8:1:ffff::1").fair());
        assert_ne!(network("2001:db8:1:2::1").fair(), network("2001:db8:2:2::1").fair());
        assert_eq!(guesser(Some(network("2001:db8:1:2::1"))).fair.times, 16);
        assert_eq!(guesser(Some(network("203.0.113.7"))).fair.times, 256);
    }

    #[test]
    fn a_name_leads_back_to_its_network() {
        for address in ["203.0.113.7", "2001:db8:1:2:3:4:5:6", "::1"] {
            assert_eq!(Network::named(&network(address).to_string()), Some(network(address)));
        }
        assert_eq!(Network::named("unknown"), None);
    }
}
