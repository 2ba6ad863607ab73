//! Keeps strangers away from the phones: no key is needed here, so only this machine may ask, and no browser on it may
//! be lent to another site's page.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses with 403 what comes from another machine, and what a browser sends on behalf of another origin. Programs send
/// neither header.
pub(crate) async fn this_machine(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let remote = peer.is_some_and(|peer| !peer.0.ip().to_canonical().is_loopback());
    if remote || is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "Cross-origin requests are refused.\n").into_response();
    }
    next.run(request).await
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).unwrap_or_default();
    let own = |origin: &str| origin.split_once("://").is_some_and(|(_, authority)| authority == host);
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    // A name that somebody else's name server points here is not this machine's (DNS rebinding).
    !is_loopback(host)
        || text(header::ORIGIN).is_some_and(|origin| !own(origin))
        || site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
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
        assert!(is_foreign(&headers(&[("host", "evil.example:3001"), ("origin", "http://evil.example:3001")])));
        assert!(!is_foreign(&headers(&[("host", "localhost")])));
        assert!(!is_foreign(&headers(&[("host", "[::1]:3001")])));
        assert!(is_foreign(&headers(&[host, ("origin", "null")])));
        assert!(is_foreign(&headers(&[host, ("sec-fetch-site", "cross-site")])));
    }
}
