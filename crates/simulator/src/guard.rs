//! Keeps strangers away from the phones: no key is needed here, so only this machine may ask, and no browser on it may
//! be lent to another site's page. A page may be linked to; whatever else there is answers no other origin.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, HeaderName, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

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

fn host(headers: &HeaderMap) -> &str {
    text(headers, header::HOST).unwrap_or_default()
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn is_loopback(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|one| one.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
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
    }
}
