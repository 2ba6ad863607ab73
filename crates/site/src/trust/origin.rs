//! Which requests come from our own pages. By it forms and sockets of other sites are refused.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

/// The origins (RFC 6454) that browsers may send for our pages.
#[derive(Debug, Clone)]
pub struct Origins {
    own: Vec<String>,
    loopback: bool,
}

/// The names under which people reach their own machine.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Where browsers say whose page asks.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether `url` leads to the machine that follows it.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| LOOPBACK.contains(&host))
}

impl Origins {
    /// The origin of `public_url`; on loopback under each of its names, for people use them alike.
    #[must_use]
    pub fn of(public_url: &Url) -> Self {
        let own = public_url.origin().ascii_serialization();
        if !is_loopback(public_url) {
            return Self { own: vec![own], loopback: false };
        }
        let port = public_url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let own = LOOPBACK.iter().map(|name| format!("{}://{name}{port}", public_url.scheme())).collect();
        Self { own, loopback: true }
    }

    /// Whether browsers reach us on their own machine.
    pub(crate) const fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether the request carries our own `Origin`, once. A socket needs it: absence proves nothing.
    #[must_use]
    pub fn has_own(&self, headers: &HeaderMap) -> bool {
        self.own.iter().any(|own| has_only(headers, header::ORIGIN, own))
    }

    /// Whether news may be told, by a long poll: to our own pages, or to a program that is no browser, which sends
    /// neither `Origin` nor `Sec-Fetch-Site`. Browsers leave out `Origin` when they ask their own site.
    #[must_use]
    pub fn may_listen(&self, headers: &HeaderMap) -> bool {
        is_same_site(headers) && (!headers.contains_key(header::ORIGIN) || self.has_own(headers))
    }

    /// Whether a request that changes something may come in: from our own pages, or from a program that is no
    /// browser, which sends neither `Origin` nor `Sec-Fetch-Site`, and JSON or nothing.
    ///
    /// Behind a proxy that adds `Referrer-Policy: no-referrer` browsers send `Origin: null` with our own forms (Fetch,
    /// 3.2). Then `Sec-Fetch-Site: same-origin` proves that a form is ours: no page can set that header.
    #[must_use]
    pub fn may_change(&self, headers: &HeaderMap) -> bool {
        if !is_same_site(headers) {
            return false;
        }
        if headers.contains_key(header::ORIGIN) {
            let hidden = has_only(headers, header::ORIGIN, "null") && has_only(headers, SITE, "same-origin");
            return self.has_own(headers) || (hidden && self.may_have_host(headers));
        }
        headers.contains_key(SITE) || headers.get(header::CONTENT_TYPE).is_none_or(is_json)
    }

    /// False on loopback for a request to another host name. Another site can point its own name at this machine (DNS
    /// rebinding), so that its requests have the same origin. Elsewhere TLS proves the host, and proxies may change the
    /// header.
    fn may_have_host(&self, headers: &HeaderMap) -> bool {
        let authority = |own: &String| own.split_once("://").map(|(_, authority)| authority.to_owned());
        let names = |authority: &String| has_only(headers, header::HOST, authority);
        !self.loopback || self.own.iter().filter_map(authority).any(|authority| names(&authority))
    }
}

/// Whether this is a type that no form of another site can send.
fn is_json(content_type: &HeaderValue) -> bool {
    let essence = content_type.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// Whether the request carries this header once, with this value.
fn has_only(headers: &HeaderMap, name: HeaderName, value: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    values.next().is_some_and(|one| one == value) && values.next().is_none()
}

/// Whether the browser, if it is one, says that no other site asks (Fetch Metadata, 2.4).
fn is_same_site(headers: &HeaderMap) -> bool {
    headers.get_all(SITE).iter().all(|site| site == "same-origin" || site == "none")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_socket_needs_our_own_origin_and_no_look_alike_will_do() {
        let origins = Origins::of(&"https://sign.example.com/".parse().unwrap());
        assert!(origins.has_own(&headers(&[("origin", "https://sign.example.com")])));
        for foreign in [
            "null",
            "",
            "http://sign.example.com",
            "https://sign.example.com:8443",
            "https://sign.example.com.evil.example",
            "https://evil.example/sign.example.com",
            "https://sign.example.com/",
            "https://sign.example.com evil",
            "HTTPS://SIGN.EXAMPLE.COM",
            "https://user@sign.example.com",
        ] {
            assert!(!origins.has_own(&headers(&[("origin", foreign)])), "{foreign}");
        }
        assert!(!origins.has_own(&HeaderMap::new()));
        let mut twice = headers(&[("origin", "https://sign.example.com")]);
        twice.append("origin", HeaderValue::from_static("https://evil.example"));
        assert!(!origins.has_own(&twice));
    }

    proptest! {
        /// threats 27: odd characters that a looser reader would pass over.
        #[test]
        fn nothing_but_our_own_origin_letter_by_letter_is_ours(
            before in "[ -~]{0,8}", after in "[ -~\u{80}-\u{ff}\t]{0,8}", at in 0..24usize, odd in 1..=255u8
        ) {
            const OWN: &str = "https://sign.example.com";
            let origins = Origins::of(&OWN.parse().unwrap());
            let mut changed = OWN.as_bytes().to_vec();
            changed[at] ^= odd;
            let around = [before.as_bytes(), OWN.as_bytes(), after.as_bytes()].concat();
            for origin in [changed, around, before.into_bytes(), after.into_bytes()] {
                let Ok(value) = HeaderValue::from_bytes(&origin) else { continue };
                let given = HeaderMap::from_iter([(header::ORIGIN, value)]);
                let own = origin == OWN.as_bytes();
                prop_assert_eq!((origins.has_own(&given), origins.may_listen(&given), origins.may_change(&given)), (own, own, own));
            }
        }
    }

    #[test]
    fn a_stream_is_for_our_pages_and_for_programs() {
        let origins = Origins::of(&"https://sign.example.com".parse().unwrap());
        let may = |pairs| origins.may_listen(&headers(pairs));
        assert!(may(&[]));
        assert!(may(&[("sec-fetch-site", "same-origin")]));
        assert!(may(&[("origin", "https://sign.example.com"), ("sec-fetch-site", "same-origin")]));
        assert!(!may(&[("origin", "null")]));
        assert!(!may(&[("origin", "https://evil.example")]));
        assert!(!may(&[("sec-fetch-site", "cross-site")]));
        assert!(!may(&[("sec-fetch-site", "same-site"), ("origin", "https://sign.example.com")]));
    }

    #[test]
    fn on_loopback_a_hidden_origin_needs_one_of_its_names_as_host() {
        let origins = Origins::of(&"http://127.0.0.1:3000".parse().unwrap());
        let may = |host| {
            origins.may_change(&headers(&[("origin", "null"), ("sec-fetch-site", "same-origin"), ("host", host)]))
        };
        assert!(may("127.0.0.1:3000") && may("localhost:3000") && may("[::1]:3000"));
        for rebound in
            ["evil.example:3000", "evil.example", "127.0.0.1", "localhost:3001", "127.0.0.1.evil.example:3000"]
        {
            assert!(!may(rebound), "{rebound}");
        }
        assert!(!origins.may_change(&headers(&[("origin", "null"), ("sec-fetch-site", "same-origin")])));
    }

    #[test]
    fn loopback_is_one_place_with_three_names() {
        let origins = Origins::of(&"http://127.0.0.1:3000".parse().unwrap());
        assert!(origins.has_own(&headers(&[("origin", "http://localhost:3000")])));
        assert!(!origins.has_own(&headers(&[("origin", "http://localhost:3001")])));
        assert!(!origins.has_own(&headers(&[("origin", "https://localhost:3000")])));
    }

    #[test]
    fn a_change_comes_from_our_pages_or_from_a_program_with_json() {
        let origins = Origins::of(&"https://sign.example.com".parse().unwrap());
        let may = |pairs: &[_]| origins.may_change(&headers(pairs));
        assert!(may(&[("origin", "https://sign.example.com"), ("sec-fetch-site", "same-origin")]));
        assert!(may(&[("sec-fetch-site", "same-origin")]));
        assert!(may(&[("content-type", "application/json")]));
        assert!(may(&[]));
        assert!(may(&[("content-type", "Application/JSON ; charset=utf-8")]));
        for other in ["application/x-www-form-urlencoded", "text/plain;application/json", "application/jsonp", ""] {
            assert!(!may(&[("content-type", other)]), "{other}");
        }
        assert!(!may(&[("origin", "https://evil.example"), ("content-type", "application/json")]));
        assert!(!may(&[("origin", "null"), ("content-type", "application/json")]));
        assert!(may(&[("origin", "null"), ("sec-fetch-site", "same-origin")]), "behind a proxy with no-referrer");
        for site in ["none", "same-site", "cross-site", "", "Same-Origin", "same-origin, same-origin"] {
            assert!(!may(&[("origin", "null"), ("sec-fetch-site", site)]), "{site}");
        }
        let mut twice = headers(&[("origin", "null"), ("sec-fetch-site", "same-origin")]);
        assert!(!origins.has_own(&twice) && !origins.may_listen(&twice), "a socket and a long poll need our own");
        twice.append("origin", HeaderValue::from_static("null"));
        assert!(!origins.may_change(&twice));
        assert!(!may(&[("sec-fetch-site", "cross-site"), ("content-type", "application/json")]));
        assert!(!may(&[("sec-fetch-site", "same-site"), ("origin", "https://sign.example.com")]));
    }
}
