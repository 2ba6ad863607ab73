//! Keeps strangers away from the phones and from the provider's API. The phones need no key, so only this machine may
//! use them. The API's key may be public, so other machines may use the API only under a configured name. No page of
//! another origin may use either, even if its name resolves to this machine; it may link to a page.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::simulator::Simulator;

/// Refuses with 403 what comes from another machine, or under a name that is not this machine's.
pub(crate) async fn this_machine(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if is_away(peer, request.headers()) {
        return (StatusCode::FORBIDDEN, "The phones are shown on their own machine only.\n").into_response();
    }
    next.run(request).await
}

/// Refuses with 403 what a browser sends on behalf of another origin as well. Programs send neither header.
pub(crate) async fn own_origin(request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "Cross-origin requests are refused.\n").into_response();
    }
    this_machine(request, next).await
}

/// Refuses with 403 a call to the provider's API that a browser sends on behalf of another origin. Also refuses one
/// from another machine, or under a foreign name, unless that name is configured.
pub(crate) async fn known_host(State(simulator): State<Simulator>, request: Request, next: Next) -> Response {
    if is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "Cross-origin requests are refused.\n").into_response();
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if is_away(peer, request.headers()) && !is_named(&simulator.settings.hosts, request.headers()) {
        return (StatusCode::FORBIDDEN, "The simulator does not answer under this name; see SIMULATOR_HOSTS.\n")
            .into_response();
    }
    next.run(request).await
}

fn is_named(hosts: &[String], headers: &HeaderMap) -> bool {
    let name = without_port(host(headers));
    hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
}

fn is_away(peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    // A name that somebody else's name server points here is not this machine's (DNS rebinding).
    peer.is_some_and(|peer| !peer.to_canonical().is_loopback()) || !is_loopback(host(headers))
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let own = |origin: &str| origin.split_once("://").is_some_and(|(_, authority)| authority == host(headers));
    text(headers, header::ORIGIN).is_some_and(|origin| !own(origin))
        || text(headers, HeaderName::from_static("sec-fetch-site"))
            .is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// Empty for a request with no such header, or several.
fn host(headers: &HeaderMap) -> &str {
    let several = headers.get_all(header::HOST).iter().nth(1).is_some();
    if several { "" } else { text(headers, header::HOST).unwrap_or_default() }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn is_loopback(host: &str) -> bool {
    matches!(without_port(host), "localhost" | "127.0.0.1" | "[::1]")
}

fn without_port(host: &str) -> &str {
    let named = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|one| one.is_ascii_digit()));
    named.map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn programs_and_the_own_page_pass_and_others_do_not() {
        let host = ("host", "127.0.0.1:3001");
        assert!(!is_foreign(&headers(&[host])));
        assert!(!is_foreign(&headers(&[host, ("origin", "http://127.0.0.1:3001"), ("sec-fetch-site", "same-origin")])));
        assert!(is_foreign(&headers(&[host, ("origin", "http://127.0.0.1:3000")])));
        assert!(is_foreign(&headers(&[host, ("origin", "null")])));
        assert!(is_foreign(&headers(&[host, ("sec-fetch-site", "cross-site")])));
    }

    #[test]
    fn only_this_machine_asks_and_only_by_a_name_of_its_own() {
        let host = |name| headers(&[("host", name)]);
        let peer = |address: &str| Some(address.parse().unwrap());
        for name in ["localhost", "localhost:3001", "127.0.0.1:3001", "[::1]:3001"] {
            assert!(!is_away(peer("127.0.0.1"), &host(name)), "{name}");
            assert!(!is_away(peer("::ffff:127.0.0.1"), &host(name)), "{name}");
            assert!(is_away(peer("192.0.2.7"), &host(name)), "{name}");
        }
        for name in ["evil.example:3001", "192.0.2.7:3001", "localhost.evil.example", ""] {
            assert!(is_away(peer("::1"), &host(name)), "{name}");
        }
        assert!(is_away(peer("::1"), &headers(&[])));
        let mut twice = host("localhost");
        twice.append("host", "evil.example".parse().unwrap());
        assert!(is_away(peer("::1"), &twice));
    }

    #[test]
    fn a_configured_name_is_matched_whole_and_with_any_port() {
        let hosts = ["simulator".to_owned()];
        for name in ["simulator", "Simulator:3001", "simulator:80"] {
            assert!(is_named(&hosts, &headers(&[("host", name)])), "{name}");
        }
        for name in ["", "simulator.evil.example", "evil-simulator", "simulator:x"] {
            assert!(!is_named(&hosts, &headers(&[("host", name)])), "{name}");
        }
    }
}
