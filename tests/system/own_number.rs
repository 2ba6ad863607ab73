//! A person who signs up sees the stored number in full, and can change it; no other session shows it.

use serde_json::{Value, json};

use crate::browser::{Browser, id, signing_in};
use crate::world::World;

const FULL: &str = "+1 202-555-0110";

/// A pending sign-up in this browser; returns its approval.
async fn signing_up(world: &World, browser: &mut Browser) -> Value {
    let body = json!({ "full_name": "Ada <Lovelace>", "email": "ada@example.com", "country_code": "1",
        "phone": "2025550110", "password": "difference engine" });
    let answer = browser.post(world, "/api/users", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["approval"].clone()
}

#[tokio::test]
async fn a_sign_up_shows_its_number_in_full_and_its_form_again() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let approval = signing_up(&world, &mut browser).await;
    for path in [format!("/approvals/{}", id(&approval)), "/code".to_owned()] {
        let page = browser.get(&world, &path).await.text;
        assert!(page.contains(FULL) && page.contains("Not your number?"), "{path}: {page}");
        assert!(!page.contains("ending in") && !page.contains("sign-in"), "{path}: {page}");
    }
    let mut other = browser.clone();
    let form = browser.submit(&world, "/sign-up/change", &[]).await;
    assert_eq!(form.status, 200);
    for kept in ["Ada &#60;Lovelace&#62;", "ada@example.com", FULL, r#"value="US" selected"#] {
        assert!(form.text.contains(kept), "{kept}: {}", form.text);
    }
    assert!(!form.text.contains("difference engine"), "{}", form.text);
    assert!(form.header("set-cookie").contains("Max-Age=0"), "{}", form.header("set-cookie"));
    let ended = other.get(&world, &format!("/approvals/{}", id(&approval))).await;
    assert_eq!(ended.header("location"), "/sign-in?ended");
    assert!(world.audit(&approval).await.iter().any(|line| line == "approval_decided: cancelled, signed out"));
    assert_eq!(other.get(&world, "/sign-up/change").await.header("location"), "/sign-up");
    let again = other.submit(&world, "/sign-up/change", &[]).await;
    assert_eq!((again.status, again.header("location")), (303, "/sign-up"));
}

#[tokio::test]
async fn the_form_that_comes_again_signs_up_with_another_number() {
    let world = World::start().await;
    let mut browser = Browser::default();
    signing_up(&world, &mut browser).await;
    browser.submit(&world, "/sign-up/change", &[]).await;
    let fields = [
        ("full_name", "Ada"),
        ("email", "ada@example.com"),
        ("country_code", "1"),
        ("phone", "+1 202-555-0111"),
        ("password", "difference engine"),
    ];
    let begun = browser.submit(&world, "/sign-up", &fields).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let page = browser.get(&world, begun.header("location")).await.text;
    assert!(page.contains("+1 202-555-0111") && !page.contains(FULL), "{page}");
}

#[tokio::test]
async fn a_sign_up_that_was_denied_or_cancelled_leads_to_its_form() {
    let world = World::start_with(&[("PUSH_WAIT_SECONDS", "0")]).await;
    let mut browser = Browser::default();
    let denied = signing_up(&world, &mut browser).await;
    world.tap("+12025550110", &denied, "deny").await;
    browser.until(&world, &denied, "denied").await;
    let mut other = Browser::default();
    let cancelled = signing_up(&world, &mut other).await;
    assert_eq!(other.act(&world, &cancelled, "cancel").await.status, 200);
    for (browser, approval) in [(&mut browser, &denied), (&mut other, &cancelled)] {
        for path in [format!("/approvals/{}", id(approval)), "/code".to_owned()] {
            let page = browser.get(&world, &path).await.text;
            assert!(page.contains("Sign up again") && page.contains(FULL), "{page}");
            assert!(!page.contains("/sign-in") && !page.contains("this sign-in"), "{page}");
        }
        assert_eq!(browser.submit(&world, "/sign-up/change", &[]).await.status, 200);
    }
}

#[tokio::test]
async fn a_session_that_is_no_sign_up_shows_two_digits_and_stays() {
    let world = World::start().await;
    let (_, mut pending, approval) = signing_in(&world).await;
    for path in [format!("/approvals/{}", id(&approval)), "/code".to_owned()] {
        let page = pending.get(&world, &path).await.text;
        assert!(page.contains("ending in") && !page.contains("555"), "{path}: {page}");
        assert!(!page.contains("/sign-up/change"), "{path}: {page}");
    }
    let answer = pending.submit(&world, "/sign-up/change", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (303, "/account"));
    assert_eq!(pending.state(&world).await, "pending");
    assert_eq!(pending.look(&world, &approval).await["status"], "pending");
}

#[tokio::test]
async fn a_program_reads_the_number_of_its_own_sign_up_in_full() {
    let world = World::start().await;
    let mut browser = Browser::default();
    signing_up(&world, &mut browser).await;
    assert_eq!(browser.get(&world, "/api/session").await.json()["user"]["phone"], "+12025550110");
}
