//! Forwarded headers (threats 24): from strangers they change nothing, from a trusted proxy they name the browser.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;

use crate::browser::{Browser, Person, signing_in, text};
use crate::signed::{callback, sign};
use crate::world::{KEY, World};

/// What a stranger may write to be somebody else, somewhere else, or at another address of ours.
const SPOOFED: [(&str, &str); 12] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("forwarded", "for=203.0.113.7;host=evil.example;proto=https"),
    ("x-real-ip", "203.0.113.7"),
    ("x-client-ip", "203.0.113.7"),
    ("true-client-ip", "203.0.113.7"),
    ("cf-connecting-ip", "203.0.113.7"),
    ("x-forwarded-host", "evil.example"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-port", "443"),
    ("x-original-url", "/authy/callback?x=y"),
    ("x-original-host", "evil.example"),
    ("x-rewrite-url", "/evil"),
];

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// Gives the password with these headers; where the phone then says that the request comes from.
async fn place(world: &World, person: &Person, headers: &[(&str, &str)]) -> String {
    let body = json!({ "email": person.email, "password": "difference engine" });
    let request = world.http.post(format!("{}/api/session", world.url)).json(&body);
    let approval = with(request, headers).send().await.unwrap().json::<Value>().await.unwrap()["approval"].clone();
    text(&world.request(&person.cellphone, &approval).await["details"], "Where").to_owned()
}

#[tokio::test]
async fn a_stranger_who_writes_forwarded_headers_is_shown_and_counted_as_before() {
    let world = World::start_with(&[("SOCKETS_PER_ADDRESS", "1"), ("TRUSTED_PROXIES", "203.0.113.0/24")]).await;
    let (person, browser, approval) = signing_in(&world).await;
    assert_eq!(place(&world, &person, &SPOOFED).await, "This computer");
    let _one = browser.listen(&world, &approval).await;
    let poll = format!("{}/api/approvals/{}?wait=1&since=99", world.url, text(&approval, "id"));
    let request = world.http.get(poll).header("cookie", &browser.cookie);
    assert_eq!(with(request, &SPOOFED).send().await.unwrap().status(), 429);
}

#[tokio::test]
async fn forwarded_headers_change_nothing_about_the_address_that_a_signature_covers() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let good = callback(&world, &person.cellphone, &approval).await;
    let send = |key: &str, url: String| {
        let signature = sign(&world, key, &good);
        let request = with(world.http.post(url), &SPOOFED).body(good.to_string());
        request.header("x-authy-signature", signature).header("x-authy-signature-nonce", "1795000000").send()
    };
    assert_eq!(send("another-key", world.callback_url()).await.unwrap().status(), 401);
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
    assert_eq!(send(KEY, world.callback_url()).await.unwrap().status(), 200);
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test]
async fn forwarded_headers_lead_no_page_and_no_cookie_elsewhere() {
    let world = World::start().await;
    for path in ["/", "/account", "/sign-in", "/nothing", "/api/openapi.json"] {
        let plain = world.http.get(format!("{}{path}", world.url)).send().await.unwrap();
        let spoofed = with(world.http.get(format!("{}{path}", world.url)), &SPOOFED).send().await.unwrap();
        assert_eq!(plain.status(), spoofed.status(), "{path}");
        assert_eq!(plain.headers().get("location"), spoofed.headers().get("location"), "{path}");
        assert_eq!(plain.text().await.unwrap(), spoofed.text().await.unwrap(), "{path}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_names_the_browser_and_no_browser_behind_it_names_itself() {
    let world = World::start_with(&[("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"), ("PENDING_PUSHES", "10")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    for (headers, shown) in [
        (vec![("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        (vec![("x-forwarded-for", "198.51.100.1, 203.0.113.7, 10.1.2.3")], "203.0.113.7"),
        (vec![("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.7")], "203.0.113.7"),
        (vec![("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=198.51.100.1")], "203.0.113.7"),
        (vec![("forwarded", "for=198.51.100.1"), ("x-real-ip", "198.51.100.1")], "an unknown place"),
        (vec![], "an unknown place"),
        (vec![("x-forwarded-for", "203.0.113.7, whatever")], "an unknown place"),
    ] {
        assert_eq!(place(&world, &person, &headers).await, shown, "{headers:?}");
    }
}

#[tokio::test]
async fn nobody_is_told_to_be_on_this_computer_because_a_proxy_is() {
    let world = World::start_with(&[("PUBLIC_URL", "https://login.example.com")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    assert_eq!(place(&world, &person, &[]).await, "an unknown place");
}

#[tokio::test]
async fn a_proxy_that_writes_the_other_header_is_read_by_that_alone() {
    let world = World::start_with(&[("TRUSTED_PROXIES", "127.0.0.1"), ("FORWARDED_HEADER", "Forwarded")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    let headers = [("forwarded", "for=198.51.100.1, for=\"[2001:db8::7]:4711\""), ("x-forwarded-for", "203.0.113.7")];
    assert_eq!(place(&world, &person, &headers).await, "2001:db8::7");
}

#[tokio::test]
async fn browsers_behind_a_trusted_proxy_are_counted_one_by_one() {
    let world = World::start_with(&[("SOCKETS_PER_ADDRESS", "1"), ("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let (_, browser, approval) = signing_in(&world).await;
    let mut request = browser.handshake(&world, &approval, Some(&world.url));
    request.headers_mut().insert("x-forwarded-for", "203.0.113.7".parse().unwrap());
    let _one = connect_async(request).await.unwrap();
    let poll = async |address| {
        let url = format!("{}/api/approvals/{}?wait=1&since=99", world.url, text(&approval, "id"));
        let request = world.http.get(url).header("cookie", &browser.cookie).header("x-forwarded-for", address);
        request.send().await.unwrap().status()
    };
    assert_eq!(poll("203.0.113.7").await, 429);
    assert_eq!(poll("203.0.113.8").await, 200);
}

/// Sends the password in our own form, with these headers.
async fn form(world: &World, person: &Person, headers: &[(&str, &str)]) -> u16 {
    let fields = [("email", &*person.email), ("password", "difference engine")];
    let request = world.http.post(format!("{}/sign-in", world.url)).form(&fields);
    with(request, headers).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn behind_a_proxy_that_keeps_the_referrer_back_our_own_forms_are_taken() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    // As Chromium sends it, and as Firefox does, with the cookie that the page of the form has set.
    let chromium = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("sec-fetch-user", "?1")];
    let firefox = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("priority", "u=0, i")];
    for more in [chromium, firefox] {
        for (site, status) in [("same-origin", 303), ("same-site", 403), ("cross-site", 403), ("none", 403)] {
            let cookie = ("cookie", "countersign-check=1");
            let headers = [&[("origin", "null"), ("sec-fetch-site", site), cookie][..], &more[..]].concat();
            assert_eq!(form(&world, &person, &headers).await, status, "{site}");
        }
        assert_eq!(form(&world, &person, &[&[("origin", "null")][..], &more[..]].concat()).await, 403);
    }
}

#[tokio::test]
async fn a_socket_with_an_origin_of_null_is_refused_behind_any_proxy() {
    let world = World::start().await;
    let (_, browser, approval) = signing_in(&world).await;
    assert_eq!(browser.listen_from(&world, &approval, Some("null")).await.err(), Some(403));
    let poll = format!("{}/api/approvals/{}?wait=1&since=99", world.url, text(&approval, "id"));
    let request = world.http.get(poll).header("cookie", &browser.cookie);
    let headers = [("origin", "null"), ("sec-fetch-site", "same-origin")];
    assert_eq!(with(request, &headers).send().await.unwrap().status(), 403);
}
