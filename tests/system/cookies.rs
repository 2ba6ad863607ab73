//! Our cookie among others: a page of a sibling domain may set any number of cookies, with any bytes.

use reqwest::header::{self, HeaderValue};

use crate::browser::Browser;
use crate::world::World;

/// The status of `GET /api/session` with these bytes as cookies.
async fn status(world: &World, cookies: &[&[u8]]) -> u16 {
    let mut request = world.http.get(format!("{}/api/session", world.url));
    for line in cookies {
        request = request.header(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn no_byte_in_another_cookie_signs_anybody_out() {
    let world = World::start().await;
    let mut browser = Browser::default();
    browser.sign_up(&world, 10).await;
    let own = browser.cookie.as_bytes();
    let others: [&[u8]; 8] =
        ["name=José".as_bytes(), b"name=\xff", "名=値".as_bytes(), b"\xa0", b"a=\"", b"=", b"", b"a=b; c"];
    for other in others {
        assert_eq!(status(&world, &[&[other, &b"; "[..], own].concat()]).await, 200, "{other:?}");
        assert_eq!(status(&world, &[&[own, &b"; "[..], other].concat()]).await, 200, "{other:?}");
        assert_eq!(status(&world, &[other, own]).await, 200, "{other:?}");
    }
}

#[tokio::test]
async fn a_cookie_that_only_looks_like_ours_opens_nothing_and_of_two_none_counts() {
    let world = World::start().await;
    let mut browser = Browser::default();
    browser.sign_up(&world, 10).await;
    let own = browser.cookie.clone();
    let token = own.strip_prefix("countersign=").unwrap();
    for odd in [
        format!("\u{a0}{own}"),
        format!("\u{2003}{own}"),
        format!("Countersign={token}"),
        format!("countersign =  {token}"),
        format!("c%6funtersign={token}"),
        format!("countersign=\"{token}\""),
        format!("{own}; countersign=planted"),
        format!("countersign=planted; {own}"),
    ] {
        assert_eq!(status(&world, &[odd.as_bytes()]).await, 404, "{odd:?}");
    }
    assert_eq!(status(&world, &[own.as_bytes(), own.as_bytes()]).await, 200, "the same twice is one");
}

#[tokio::test]
async fn no_byte_in_another_header_changes_an_answer() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    for name in ["user-agent", "accept", "accept-language", "referer", "x-forwarded-for", "if-none-match", "priority"] {
        for value in [&b"\xff\xfe"[..], "Téléphone".as_bytes(), &b""[..]] {
            let request = world.http.get(format!("{}/api/session", world.url));
            let request = request.header(name, HeaderValue::from_bytes(value).unwrap());
            let answer = request.header(header::COOKIE, &browser.cookie).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{name}");
        }
    }
    let fields = [("email", &*person.email), ("password", "difference engine")];
    let request = world.http.post(format!("{}/sign-in", world.url)).form(&fields).header(header::ORIGIN, &world.url);
    let agent = HeaderValue::from_bytes("Mozilla/5.0 (Android 15; Téléphone) Firefox/140.0".as_bytes()).unwrap();
    assert_eq!(request.header(header::USER_AGENT, agent).send().await.unwrap().status(), 303);
}
