//! Which pages may open sockets and send forms: four lines, `PUBLIC_URL`, `Origin`, `Sec-Fetch-Site`, `Content-Type`.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use site::Origins;
use url::Url;

const NAMES: [&str; 3] = ["origin", "sec-fetch-site", "content-type"];

pub(crate) fn check(input: &[u8]) {
    let mut lines = input.split(|byte| *byte == b'\n');
    let public = lines.next().and_then(|line| std::str::from_utf8(line).ok()).and_then(|line| Url::parse(line).ok());
    let Some(public) = public.filter(|url| matches!(url.scheme(), "http" | "https")) else { return };
    let mut headers = HeaderMap::new();
    for (name, value) in NAMES.into_iter().zip(lines) {
        // A line of nothing is no header; the header of nothing is spelled as a blank.
        if let Some(value) = HeaderValue::from_bytes(value).ok().filter(|value| !value.is_empty()) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let [origin, site, content] = NAMES.map(|name| headers.get(name).map(HeaderValue::as_bytes));
    let own = origin.map(|origin| own(&public).iter().any(|own| own.as_bytes() == origin));
    let same_site = site.is_none_or(|site| site == b"same-origin" || site == b"none");
    let json = content.is_none_or(|content| {
        let essence = content.iter().position(|byte| *byte == b';').map_or(content, |end| &content[..end]);
        essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
    });
    let origins = Origins::of(&public);
    assert_eq!(origins.has_own(&headers), own == Some(true));
    assert_eq!(origins.may_listen(&headers), same_site && own.unwrap_or(true));
    // Behind a proxy that removes the referrer.
    let kept_back = origin == Some(&b"null"[..]) && site == Some(&b"same-origin"[..]);
    assert_eq!(origins.may_change(&headers), same_site && (kept_back || own.unwrap_or(site.is_some() || json)));
}

/// What a browser says for a page of `public`.
fn own(public: &Url) -> Vec<String> {
    let loopback = ["localhost", "127.0.0.1", "[::1]"];
    let host = public.host_str().unwrap_or_default();
    let hosts = if loopback.contains(&host) { loopback.to_vec() } else { vec![host] };
    let port = public.port().map_or_else(String::new, |port| format!(":{port}"));
    hosts.into_iter().map(|host| format!("{}://{host}{port}", public.scheme())).collect()
}
