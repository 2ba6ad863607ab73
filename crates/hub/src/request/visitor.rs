//! Where a request comes from: the browser, the address and the place, in words. Knows no session.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};

use crate::{
    answer::problem::Problem,
    hub::Hub,
    request::{
        browser_name::browser_name,
        network::{Network, UNKNOWN},
    },
};

/// The browser and the place a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// As in `Firefox on Linux`.
    pub(crate) browser: String,
    /// As in `203.0.113.7`.
    pub(crate) place: String,
    /// What to count by: where the client is, or a trusted proxy which does not tell whose request it is.
    pub(crate) network: Option<Network>,
}

impl Visitor {
    /// The network's name in the database.
    pub(crate) fn network_name(&self) -> String {
        self.network.map_or_else(|| UNKNOWN.to_owned(), |network| network.to_string())
    }
}

impl FromRequestParts<Hub> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        let browser = browser_name(&parts.headers);
        let Some(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical())
        else {
            return Ok(Self { browser, place: place(None, false), network: None });
        };
        let client = hub.settings.proxies.client(peer, &parts.headers);
        let place = place(client.ok(), hub.origins.is_loopback());
        Ok(Self { browser, place, network: Some(Network::of(client.unwrap_or(peer))) })
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
