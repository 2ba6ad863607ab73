//! Where a request comes from: the browser, the address and the place, in words. Knows no session and no header.

use std::net::IpAddr;

use crate::network::{Network, UNKNOWN};

/// The browser and the place a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// As in `Firefox on Linux`.
    pub browser: String,
    /// As in `203.0.113.7`.
    pub place: String,
    /// What to count by: where the client is, or a trusted proxy which does not tell whose request it is.
    pub network: Option<Network>,
}

impl Visitor {
    /// A visitor with this browser at the address `client`. It counts by `peer`, the address of the connection, if a
    /// trusted proxy does not tell whose request it is. `local`: people reach us on their own machine alone.
    #[must_use]
    pub fn new(browser: String, client: Option<IpAddr>, peer: Option<IpAddr>, local: bool) -> Self {
        Self { browser, place: place(client, local), network: client.or(peer).map(Network::of) }
    }

    /// The network's name in the database.
    pub(crate) fn network_name(&self) -> String {
        self.network.map_or_else(|| UNKNOWN.to_owned(), |network| network.to_string())
    }
}

/// `local`: people reach us on their own machine alone. Where they come from elsewhere, a loopback address is that of a
/// proxy beside us, and says nothing about them.
fn place(address: Option<IpAddr>, local: bool) -> String {
    match address {
        Some(address) if !address.is_loopback() => address.to_string(),
        Some(_) if local => "This computer".to_owned(),
        _ => "an unknown place".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_and_this_computer_only_where_everybody_is_on_it() {
        let place = |address: &str, local| place(address.parse().ok(), local);
        for local in [true, false] {
            assert_eq!(place("203.0.113.7", local), "203.0.113.7");
            assert_eq!(place("", local), "an unknown place");
        }
        for loopback in ["127.0.0.1", "::1"] {
            assert_eq!(place(loopback, true), "This computer");
            assert_eq!(place(loopback, false), "an unknown place");
        }
    }
}
