//! A page that needs a session leads to the sign-in page with a reason. Without cookies no phone rings.

use reqwest::header;

use crate::browser::{Answer, Browser, Person, id, signing_in};
use crate::world::World;

/// The reason that the person reads.
const REASON: &str = "Your sign-in has ended, or this browser keeps no cookies for this site.";
/// The page with the reason.
const SIGN_IN: &str = "/sign-in?ended";

#[tokio::test]
async fn every_page_that_needs_a_session_leads_to_a_sign_in_page_that_says_why() {
    let world = World::start().await;
    let (_, _, approval) = signing_in(&world).await;
    let of = |rest: &str| format!("/approvals/{}{rest}", id(&approval));
    for path in ["/account", "/password", "/code", &of(""), &of("/code")] {
        let answer = Browser::default().get(&world, path).await;
        assert_eq!((answer.status, answer.header("location")), (303, SIGN_IN), "{path}");
    }
    let page = Browser::default().get(&world, SIGN_IN).await;
    assert!(page.status == 200 && page.text.contains(REASON), "{}", page.text);
    for query in ["", "?ended=1", "?ended&", "?Ended", "?reason=Your+bank"] {
        let page = Browser::default().get(&world, &format!("/sign-in{query}")).await;
        assert!(page.status == 200 && !page.text.contains("has ended"), "{query}");
    }
}

#[tokio::test]
async fn every_form_that_needs_a_session_says_why_it_went_no_further() {
    let world = World::start().await;
    let (_, _, approval) = signing_in(&world).await;
    let of = |rest: &str| format!("/approvals/{}{rest}", id(&approval));
    let empty: &[(&str, &str)] = &[];
    let old = [("old_password", "difference engine"), ("password", "analytical engine")];
    for (path, fields) in [
        (of("/complete"), empty),
        (of("/cancel"), empty),
        (of("/resend"), empty),
        (of("/code"), &[("code", "0123456")]),
        (of("/code/send"), &[("channel", "sms")]),
        ("/code".to_owned(), &[("code", "0123456")]),
        ("/code/send".to_owned(), &[("channel", "sms")]),
        ("/approvals".to_owned(), &[("message", "Send")]),
        ("/account/not-me".to_owned(), empty),
        ("/account/sessions/end".to_owned(), empty),
        ("/password".to_owned(), &old),
    ] {
        let page = Browser::default().submit(&world, &path, fields).await;
        assert_eq!(page.status, 401, "{path}");
        assert!(page.text.contains(REASON) && page.text.contains(r#"href="/sign-in?ended""#), "{path}: {}", page.text);
    }
}

#[tokio::test]
async fn a_reason_that_is_out_of_date_is_not_shown() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    assert!(!browser.get(&world, SIGN_IN).await.text.contains(REASON), "a pending session");
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    assert_eq!(browser.get(&world, SIGN_IN).await.header("location"), "/account");
}

/// Sends a form as a browser does.
async fn send(world: &World, path: &str, fields: &[(&str, &str)], cookie: &str) -> Answer {
    let request = world.http.post(format!("{}{path}", world.url)).form(fields).header(header::COOKIE, cookie);
    let request = request.header(header::ORIGIN, &world.url).header("sec-fetch-site", "same-origin");
    let answer = request.header("sec-fetch-mode", "navigate").send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.unwrap() }
}

/// The requests on a phone.
async fn requests(world: &World, person: &Person) -> usize {
    world.phone(&person.cellphone).await["requests"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_browser_that_keeps_no_cookies_is_told_before_the_phone_rings() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let rung = requests(&world, &person).await;
    let sign_in = [("email", &*person.email), ("password", "difference engine")];
    let sign_up = [
        ("full_name", "Ada"),
        ("email", "ada11@example.com"),
        ("country_code", "1"),
        ("phone", "2025550110"),
        ("password", "difference engine"),
    ];
    for (path, fields) in [("/sign-in", &sign_in[..]), ("/sign-up", &sign_up[..])] {
        let checked = send(&world, path, fields, "").await;
        assert_eq!((checked.status, checked.header("location")), (307, &*format!("{path}?cookies")));
        let page = send(&world, checked.header("location"), fields, "other=1").await;
        assert_eq!(page.status, 403);
        assert!(page.text.contains("This browser keeps no cookies for this site"), "{}", page.text);
        assert!(page.text.contains(&format!(r#"value="{}""#, fields.iter().find(|one| one.0 == "email").unwrap().1)));
        assert!(!page.text.contains("difference engine"), "a password comes back");
    }
    assert_eq!(requests(&world, &person).await, rung);
}

#[tokio::test]
async fn a_browser_that_lost_its_cookies_signs_in_all_the_same() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let fields = [("email", &*person.email), ("password", "difference engine")];
    let checked = send(&world, "/sign-in", &fields, "").await;
    let set = checked.header("set-cookie").to_owned();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
    let cookie = set.split(';').next().unwrap();
    let begun = send(&world, checked.header("location"), &fields, cookie).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    assert!(begun.header("location").starts_with("/approvals/"));
}

#[tokio::test]
async fn the_check_cookie_is_for_our_own_pages_over_tls_and_for_no_script() {
    let world = World::start_with(&[("PUBLIC_URL", "https://login.example.com")]).await;
    for path in ["/sign-in", "/sign-up", SIGN_IN] {
        let request = world.http.get(format!("{}{path}", world.url)).header("sec-fetch-mode", "navigate");
        let answer = request.send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        assert_eq!(cookie, "__Host-countersign-check=1; HttpOnly; SameSite=Lax; Secure; Path=/", "{path}");
    }
}
