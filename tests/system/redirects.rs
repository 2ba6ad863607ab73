//! Where answers lead, and what addresses hold: our own paths, and no token.

use reqwest::Method;

use crate::browser::id;
use crate::crawl::{Somebody, addresses};
use crate::raw::Wire;
use crate::world::World;

/// Open redirects (threats 30).
#[tokio::test]
async fn nothing_leads_to_another_site_whatever_is_asked_for() {
    let world = World::start().await;
    let somebody = Somebody::of(&world).await;
    let evil = [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "http://127.0.0.1@evil.example",
        "/@evil.example",
        "%2f%2fevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
    ];
    let names = ["next", "return_to", "redirect", "redirect_uri", "url", "continue", "to"];
    let all = addresses(&world, id(&somebody.approval)).await;
    for (method, path) in all.iter().filter(|(_, path)| !path.ends_with("/events") && !path.contains("sign-out")) {
        if path == "/api/session" && *method == Method::DELETE {
            continue;
        }
        for evil in evil {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(names.map(|name| (name, evil)))
                .finish();
            let request = somebody.request(&world, method, &format!("{path}?{query}")).header("origin", &world.url);
            let answer =
                request.header("referer", evil).header("x-forwarded-host", "evil.example").send().await.unwrap();
            let Some(location) = answer.headers().get("location") else { continue };
            assert!(is_ours(location.to_str().unwrap()), "{method} {path} leads to {location:?}");
        }
    }
    for evil in evil.iter().map(|evil| format!("/{}", evil.trim_start_matches('/'))) {
        for path in [format!("/{evil}"), format!("{evil}/account"), format!("{evil}/.."), format!("/sign-in{evil}")] {
            let bytes = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
            let answers = Wire::sending(&world.url, bytes).await.answers().await;
            assert!(answers.iter().all(|answer| answer.status >= 400), "{path}: {answers:?}");
        }
    }
}

/// One of our own paths: no host, no token, and no query but one fixed flag.
fn is_ours(location: &str) -> bool {
    let known = ["/", "/sign-in", "/sign-in?ended", "/sign-up", "/code", "/account", "/password", "/reset/done"];
    let approval = location.strip_prefix("/approvals/").map(|rest| rest.trim_end_matches("/code"));
    known.contains(&location) || approval.is_some_and(|id| id.parse::<approval::ApprovalId>().is_ok())
}

/// Bearer capabilities in addresses (threats 38): no address that we give out opens anything by itself.
#[tokio::test]
async fn no_address_holds_a_token_and_a_token_in_an_address_opens_nothing() {
    let world = World::start().await;
    let somebody = Somebody::of(&world).await;
    for browser in [&somebody.pending, &somebody.confirmed] {
        let token = browser.cookie.split_once('=').unwrap().1;
        for (_, path) in
            addresses(&world, id(&somebody.approval)).await.iter().filter(|(method, _)| *method == Method::GET)
        {
            if path.ends_with("/events") {
                continue;
            }
            let request = world.http.get(format!("{}{path}", world.url)).header("cookie", &browser.cookie);
            let answer = request.send().await.unwrap();
            let headers = format!("{:?}", answer.headers());
            assert!(!headers.contains(token) && !answer.text().await.unwrap().contains(token), "{path}");
        }
        let own = id(&somebody.approval);
        for path in [format!("/api/approvals/{own}/events"), format!("/api/approvals/{own}"), "/api/session".to_owned()]
        {
            for query in [format!("token={token}"), format!("ticket={token}"), browser.cookie.clone()] {
                let request = world.http.get(format!("{}{path}?{query}", world.url)).header("origin", &world.url);
                let status = request.header("authorization", format!("Bearer {token}")).send().await.unwrap().status();
                assert!([400, 401, 404].contains(&status.as_u16()), "{path} {status}");
            }
        }
    }
}
