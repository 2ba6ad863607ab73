//! Whose address counts behind proxies: lines, which are the trusted proxies, the peer, which header is read, and its
//! values.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use site::{ForwardedHeader, Proxies, TrustedProxies, Untold};

/// What a stranger writes before whatever a proxy adds.
const STRANGERS: [&str; 4] = ["203.0.113.66", "for=203.0.113.66", "\"", ",,;=for"];

pub(crate) fn check(input: &[u8]) {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut text = || lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let (Some(trusted), Some(peer), Some(kind)) = (text(), text(), text()) else { return };
    let (Ok(trusted), Ok(peer)) = (trusted.parse::<TrustedProxies>(), peer.parse::<IpAddr>()) else { return };
    let (header, name, other) = match kind {
        "forwarded" => (ForwardedHeader::Forwarded, "forwarded", "x-forwarded-for"),
        _ => (ForwardedHeader::XForwardedFor, "x-forwarded-for", "forwarded"),
    };
    let proxies = Proxies { trusted, header };
    let values: Vec<_> = lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    let told = proxies.client(peer, &headers(name, &values));
    if !is_trusted(&proxies, peer) {
        assert_eq!(told, Ok(peer), "whoever is no proxy is believed in nothing");
        return;
    }
    let mut beside = headers(name, &values);
    beside.append(HeaderName::from_static(other), HeaderValue::from_static("203.0.113.66"));
    assert_eq!(proxies.client(peer, &beside), told, "the other header is read");
    // What stands before the word of the last proxy changes nothing, however it is written.
    if told.is_ok_and(|client| !is_trusted(&proxies, client)) {
        for stranger in STRANGERS {
            let before: Vec<_> = [HeaderValue::from_static(stranger)].into_iter().chain(values.clone()).collect();
            assert_eq!(proxies.client(peer, &headers(name, &before)), told, "{stranger}");
        }
    }
}

fn headers(name: &'static str, values: &[HeaderValue]) -> HeaderMap {
    values.iter().map(|value| (HeaderName::from_static(name), value.clone())).collect()
}

/// A trusted proxy that writes nothing tells nothing.
fn is_trusted(proxies: &Proxies, address: IpAddr) -> bool {
    proxies.client(address, &HeaderMap::new()) == Err(Untold)
}
