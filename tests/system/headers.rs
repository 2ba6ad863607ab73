//! What answers carry beside their content: cookies that scripts and other sites cannot have, and a strict policy.

use reqwest::Response;
use serde_json::json;

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
    let world = World::start().await;
    for path in ["/", "/sign-up", "/sign-in", "/nothing", "/code", "/api/session", "/api/approvals/x", "/approvals/x"] {
        let answer = world.http.get(format!("{}{path}", world.url)).send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
    }
}
