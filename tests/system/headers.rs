//! What answers carry beside their content: cookies that scripts and other sites cannot have, and a strict policy.

use reqwest::{Method, Response};
use serde_json::json;

use crate::browser::{id, signing_in};
use crate::crawl::addresses;
use crate::world::World;

/// Signs up by the authenticator's code, without any callback; what was answered to the password and to the code.
async fn sign_up(world: &World) -> [Response; 2] {
    let person = json!({ "full_name": "Ada", "email": "ada@example.com", "country_code": "1", "phone": "2025550110",
        "password": "difference engine" });
    let begun = world.http.post(format!("{}/api/users", world.url)).json(&person).send().await.unwrap();
    let cookie = set_cookie(&begun).split(';').next().unwrap().to_owned();
    let code = json!({ "code": world.phone("+12025550110").await["authenticator"]["code"] });
    let typed = world.http.post(format!("{}/api/session/code", world.url)).header("cookie", cookie).json(&code);
    [begun, typed.send().await.unwrap()]
}

fn set_cookie(answer: &Response) -> String {
    answer.headers()["set-cookie"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_sessions_cookie_is_for_our_own_pages_over_tls_and_for_no_script() {
    let world = World::start_with(&[("PUBLIC_URL", "https://login.example.com")]).await;
    for answer in sign_up(&world).await {
        let cookie = set_cookie(&answer);
        let (token, attributes) = cookie.split_once("; ").unwrap();
        assert!(token.starts_with("__Host-countersign="), "{cookie}");
        for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(attributes.split("; ").any(|one| one == attribute), "{attribute} is not in {attributes}");
        }
        assert!(!attributes.contains("Domain"), "{attributes}");
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    }
}

#[tokio::test]
async fn on_loopback_without_tls_the_cookie_is_one_that_browsers_keep() {
    let world = World::start().await;
    for answer in sign_up(&world).await {
        let cookie = set_cookie(&answer);
        assert!(cookie.starts_with("countersign=") && !cookie.contains("Secure"), "{cookie}");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
        assert!(!answer.headers().contains_key("strict-transport-security"));
    }
}

#[tokio::test]
async fn every_answer_forbids_foreign_scripts_frames_and_caches() {
    for public_url in ["http://127.0.0.1:3000", "https://login.example.com"] {
        let world = World::start_with(&[("PUBLIC_URL", public_url)]).await;
        let (_, browser, approval) = signing_in(&world).await;
        let home = world.http.get(&world.url).send().await.unwrap().text().await.unwrap();
        let assets = home.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned);
        let mut all: Vec<_> = assets.map(|path| (Method::GET, path)).collect();
        assert!(!all.is_empty(), "{home}");
        all.extend(addresses(&world, id(&approval)).await);
        all.extend(
            ["/nothing", "/api/nothing", "/assets/x/y", "/approvals/x", "/%ff"]
                .map(|path| (Method::GET, path.to_owned())),
        );
        for (method, path) in all.iter().flat_map(|(method, path)| [(method, path), (&Method::PUT, path)]) {
            for (cookie, kind) in [("", "application/json"), (&*browser.cookie, "text/plain")] {
                let request =
                    world.http.request(method.clone(), format!("{}{path}", world.url)).header("cookie", cookie);
                let answer = request.header("content-type", kind).body("[").send().await.unwrap();
                is_guarded(&format!("{method} {path} {cookie}"), public_url, path, &answer);
            }
        }
    }
}

fn is_guarded(what: &str, public_url: &str, path: &str, answer: &Response) {
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default();
    let (policy, callback) = (header("content-security-policy"), path == "/authy/callback");
    for part in ["default-src 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    for part in ["script-src 'self'", "form-action 'self'", "base-uri 'none'"] {
        assert!(callback || policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{what}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("x-frame-options"), "DENY", "{what}");
    assert_eq!(header("referrer-policy"), if callback { "no-referrer" } else { "same-origin" }, "{what}");
    let for_ever = path.starts_with("/assets/") && answer.status() == 200;
    assert_eq!(
        header("cache-control"),
        if for_ever { "public, max-age=31536000, immutable" } else { "no-store" },
        "{what}"
    );
    let strict = if public_url.starts_with("https") && !callback { "max-age=31536000" } else { "" };
    assert_eq!(header("strict-transport-security"), strict, "{what}");
    assert_eq!(header("access-control-allow-origin"), "", "{what}");
    assert!(header("server").is_empty() && header("x-powered-by").is_empty(), "{what}");
}
