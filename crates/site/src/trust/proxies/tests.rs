//! Whom the headers of proxies name, and whom nobody can make them name.

use axum::http::HeaderValue;
use proptest::prelude::*;

use super::*;

const PROXY: &str = "10.0.0.1";
const CLIENT: &str = "203.0.113.7";
const HEADERS: [(ForwardedHeader, &str, &str); 2] = [
    (ForwardedHeader::XForwardedFor, "x-forwarded-for", CLIENT),
    (ForwardedHeader::Forwarded, "forwarded", "for=203.0.113.7;proto=https"),
];

fn proxies(header: ForwardedHeader) -> Proxies {
    Proxies { trusted: "10.0.0.0/8, 2001:db8::/32,192.0.2.1".parse().unwrap(), header }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

/// Whom the proxy's `X-Forwarded-For` names.
fn told(values: &[&str]) -> Result<IpAddr, Untold> {
    let pairs: Vec<_> = values.iter().map(|value| ("x-forwarded-for", *value)).collect();
    proxies(ForwardedHeader::XForwardedFor).client(ip(PROXY), &headers(&pairs))
}

#[test]
fn nobody_is_believed_who_is_not_trusted() {
    let spoofed = headers(&[("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")]);
    assert_eq!(proxies(ForwardedHeader::XForwardedFor).client(ip(CLIENT), &spoofed), Ok(ip(CLIENT)));
    assert_eq!(Proxies::default().client(ip(PROXY), &spoofed), Ok(ip(PROXY)));
}

#[test]
fn a_row_of_proxies_that_nobody_has_is_not_believed() {
    let row = |proxies: usize| format!("{CLIENT}{}", ", 10.0.0.9".repeat(proxies));
    assert_eq!(told(&[&row(MOST_HOPS - 1)]), Ok(ip(CLIENT)));
    assert_eq!(told(&[&row(MOST_HOPS)]), Err(Untold));
    assert_eq!(told(&[&row(5_000)]), Err(Untold));
    assert_eq!(told(&[&format!("{}{CLIENT}", "10.0.0.9, ".repeat(5_000))]), Ok(ip(CLIENT)));
}

#[test]
fn the_last_that_is_no_proxy_of_ours_is_the_client() {
    for (values, client) in [
        (vec![CLIENT], CLIENT),
        (vec!["198.51.100.1, 203.0.113.7"], CLIENT),
        (vec!["203.0.113.7, 10.0.0.9,192.0.2.1"], CLIENT),
        (vec!["198.51.100.1", "203.0.113.7", "10.0.0.9"], CLIENT),
        (vec!["not an address, 203.0.113.7:4711"], CLIENT),
        (vec!["::ffff:203.0.113.7"], CLIENT),
        (vec!["[2001:db9::7]:4711"], "2001:db9::7"),
        (vec!["2001:db9::7"], "2001:db9::7"),
        (vec!["10.0.0.5, 10.0.0.9"], "10.0.0.5"),
        (vec!["203.0.113.7, "], CLIENT),
        (vec![",203.0.113.7,\t, 10.0.0.9 ,"], CLIENT),
        (vec!["203.0.113.7", "", " , "], CLIENT),
        (vec!["\"203.0.113.7\""], CLIENT),
        (vec!["\"[2001:db9::7]:4711\""], "2001:db9::7"),
        (vec!["[2001:db9::7]"], "2001:db9::7"),
        (vec!["[::ffff:203.0.113.7]:4711"], CLIENT),
        (vec!["fe80::1%eth0"], "fe80::1"),
        (vec!["[fe80::1%25eth0]:4711, ::ffff:10.0.0.9"], "fe80::1"),
    ] {
        assert_eq!(told(&values), Ok(ip(client)), "{values:?}");
    }
}

#[test]
fn what_a_trusted_proxy_says_and_nobody_can_read_names_nobody() {
    for odd in [
        "",
        "unknown",
        ",",
        " , ,",
        "203.0.113.7, 10.0.0.9, x",
        "203.0.113.7%eth0",
        "\"203.0.113.7",
        "203.0.113.7:http",
        "203.0.113.300",
        "[203.0.113.7",
        "é",
    ] {
        assert_eq!(told(&[odd]), Err(Untold), "{odd}");
    }
    assert_eq!(told(&[]), Err(Untold), "nothing");
}

#[test]
fn only_the_header_that_the_proxies_write_is_read() {
    let both = headers(&[("x-forwarded-for", CLIENT), ("forwarded", r#"for="[2001:db9::7]:1";proto=https"#)]);
    assert_eq!(proxies(ForwardedHeader::XForwardedFor).client(ip(PROXY), &both), Ok(ip(CLIENT)));
    assert_eq!(proxies(ForwardedHeader::Forwarded).client(ip(PROXY), &both), Ok(ip("2001:db9::7")));
}

#[test]
fn a_row_of_empty_elements_that_nobody_has_is_not_believed() {
    assert_eq!(told(&[&format!("{CLIENT}{}", ",".repeat(MOST_HOPS - 1))]), Ok(ip(CLIENT)));
    assert_eq!(told(&[&format!("{CLIENT}{}", ",".repeat(MOST_HOPS))]), Err(Untold));
}

#[test]
fn empty_elements_of_forwarded_are_ignored_as_well() {
    let headers = headers(&[("forwarded", r#"for="[2001:db9::7]:1";proto=https, ,"#)]);
    assert_eq!(proxies(ForwardedHeader::Forwarded).client(ip(PROXY), &headers), Ok(ip("2001:db9::7")));
}

#[test]
fn a_proxy_of_ipv4_is_trusted_however_its_address_is_written() {
    for (list, trusted, other) in [
        ("::ffff:127.0.0.1", "127.0.0.1", "127.0.0.2"),
        ("::ffff:127.0.0.0/104", "127.9.9.9", "128.0.0.1"),
        ("::ffff:127.1.2.3/104", "127.9.9.9", "128.0.0.1"),
        ("::ffff:0:0/96", "203.0.113.7", "2001:db8::1"),
        ("10.0.0.1", "10.0.0.1", "10.0.0.2"),
        ("[2001:db8::1]", "2001:db8::1", "2001:db8::2"),
    ] {
        let proxies: TrustedProxies = list.parse().unwrap();
        assert!(proxies.contains(ip(trusted)), "{list}");
        assert!(!proxies.contains(ip(other)), "{list}");
        if let IpAddr::V4(trusted) = ip(trusted) {
            assert!(proxies.contains(trusted.to_ipv6_mapped().into()), "{list}");
        }
    }
}

#[test]
fn a_list_of_proxies_is_addresses_and_networks() {
    assert!("10.0.0.1, ::1/128,fd00::/8".parse::<TrustedProxies>().is_ok());
    for odd in ["", "10.0.0.1,", "10.0.0.0/33", "proxy.example", "*"] {
        assert!(odd.parse::<TrustedProxies>().is_err(), "{odd}");
    }
}

proptest! {
    #[test]
    fn whatever_a_client_writes_the_proxy_behind_it_has_the_last_word(written in r"[ -~\u{80}-\u{ff}]{0,60}") {
        for (header, name, node) in HEADERS {
            for values in [vec![written.clone(), node.to_owned()], vec![format!("{written}, {node}")]] {
                let pairs: Vec<_> = values.iter().map(|value| (name, &**value)).collect();
                prop_assert_eq!(proxies(header).client(ip(PROXY), &headers(&pairs)), Ok(ip(CLIENT)));
            }
        }
    }
}
