//! Where a request comes from: the browser, the address and the place, in words. Knows no session.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};

use crate::{
    answer::problem::Problem,
    hub::Hub,
    request::network::{Network, UNKNOWN},
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
        let browser = browser(&parts.headers);
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

/// Names the browser and the system; a rough word is enough for a person to know their own.
fn browser(headers: &HeaderMap) -> String {
    // Some browsers put the name of the device into it, in whatever letters.
    let agent =
        headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
    // In this order: most browsers also carry the names of those below them.
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let named =
        |words: &[(&str, &'static str)]| words.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name);
    match (named(&browsers), named(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => "A program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn browsers_are_named_as_people_know_them() {
        let name = |agent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            browser(&headers)
        };
        assert_eq!(name("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
        assert_eq!(
            name(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"
            ),
            "Edge on Windows"
        );
        assert_eq!(
            name(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1"
            ),
            "Safari on iPhone"
        );
        assert_eq!(name("curl/8.0"), "A program");
        assert_eq!(browser(&HeaderMap::new()), "A program");
        let named = HeaderValue::from_bytes("Mozilla/5.0 (Android 15; Téléphone de José) Firefox/140.0".as_bytes());
        assert_eq!(browser(&HeaderMap::from_iter([(header::USER_AGENT, named.unwrap())])), "Firefox on Android");
    }

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
