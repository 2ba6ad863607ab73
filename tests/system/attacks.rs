//! Attacks, each named by what is tried.

use reqwest::Method;
use serde_json::json;

use crate::browser::{Browser, id, signing_in, text};
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

#[tokio::test]
async fn a_callback_without_a_good_signature_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let forged = callback(&world, &person.cellphone, &approval).await;
    for signature in [None, Some(String::new()), Some("A".repeat(44)), Some(sign(&world, "another-key", &forged))] {
        assert_eq!(send_callback(&world, &forged, signature.as_deref()).await, 401, "{signature:?}");
    }
    let now = browser.look(&world, &approval).await;
    assert_eq!(now["status"], "pending");
}

#[tokio::test]
async fn a_well_signed_callback_with_another_amount_user_or_status_approves_nothing() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let good = callback(&world, &person.cellphone, &approval).await;
    let mut another_user = good.clone();
    another_user["authy_id"] = json!(1234);
    let mut another_status = good.clone();
    another_status["status"] = json!("Approved");
    let mut another_content = good.clone();
    another_content["approval_request"] = json!({ "transaction": { "details": { "Number": "11" } } });
    for forged in [&another_user, &another_status, &another_content] {
        assert_eq!(send_callback(&world, forged, Some(&sign(&world, KEY, forged))).await, 200);
    }
    let deadline = browser.get(&world, &format!("/api/approvals/{}?wait=1&since=99", id(&approval))).await.json();
    assert_eq!(deadline["status"], "pending");
    assert_eq!(send_callback(&world, &good, Some(&sign(&world, KEY, &good))).await, 200);
    browser.until(&world, &approval, "approved").await;
}

#[tokio::test]
async fn a_callback_that_contradicts_or_repeats_a_decision_is_answered_200_and_changes_nothing() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut denied = callback(&world, &person.cellphone, &approval).await;
    denied["status"] = json!("denied");
    let approved = callback(&world, &person.cellphone, &approval).await;
    for one in [&denied, &denied, &approved, &approved] {
        assert_eq!(send_callback(&world, one, Some(&sign(&world, KEY, one))).await, 200);
    }
    assert_eq!(browser.until(&world, &approval, "denied").await["status"], "denied");
    assert_eq!(browser.act(&world, &approval, "complete").await.problem(), "not-approved");
}

#[tokio::test]
async fn a_genuine_callback_that_was_caught_and_is_replayed_decides_once_and_is_written_down() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let caught = callback(&world, &person.cellphone, &approval).await;
    let signature = sign(&world, KEY, &caught);
    for _ in 0..4 {
        assert_eq!(send_callback(&world, &caught, Some(&signature)).await, 200);
    }
    let repeated = "callback_refused: is approved already; approved changes nothing";
    world.audited(&approval, repeated).await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    let mut other = Browser::default();
    let next = other.sign_in(&world, &person).await;
    world.restart().await;
    assert_eq!(send_callback(&world, &caught, Some(&signature)).await, 200);
    assert_eq!(other.look(&world, &next).await["status"], "pending", "and opens nothing later");
    let trail = world.audit(&approval).await;
    let count = |kind: &str| trail.iter().filter(|line| line.starts_with(kind)).count();
    assert_eq!((count("approval_decided"), count("callback_refused")), (1, 1), "{trail:?}");
}

#[tokio::test]
async fn the_right_signature_of_another_application_is_refused_and_leaves_a_line_in_the_log() {
    let mut world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let genuine = callback(&world, &person.cellphone, &approval).await;
    let of_another = sign(&world, "the-key-of-another-application", &genuine);
    assert_eq!(send_callback(&world, &genuine, Some(&of_another)).await, 401);
    while !world.serve.error_line().await.contains("refused a callback") {}
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
    let trail = world.audit(&approval).await;
    assert!(trail.iter().all(|line| !line.starts_with("callback_refused")), "strangers write nothing: {trail:?}");
}

#[tokio::test]
async fn a_callback_nobody_can_read_or_place_is_answered_200() {
    let world = World::start().await;
    for odd in [json!({ "authy_id": 1234 }), json!({ "authy_id": 1234, "uuid": "nobodys", "status": "approved" })] {
        assert_eq!(send_callback(&world, &odd, Some(&sign(&world, KEY, &odd))).await, 200);
    }
    assert_eq!(Browser::default().get(&world, "/sign-in").await.status, 200);
}

#[tokio::test]
async fn a_password_alone_opens_no_page_and_no_address() {
    let world = World::start().await;
    let (_, mut browser, approval) = signing_in(&world).await;
    let account = browser.get(&world, "/account").await;
    assert_eq!((account.status, account.header("location")), (303, &*format!("/approvals/{}", id(&approval))));
    let session = browser.get(&world, "/api/session").await.json();
    assert_eq!((&session["state"], &session["user"]["phone"]), (&json!("pending"), &json!("•••• 10")));
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_are_answered_alike() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let sign_in = |email: &str| json!({ "email": email, "password": "not the password" });
    let wrong = Browser::default().post(&world, "/api/session", sign_in(&person.email)).await;
    let unknown = Browser::default().post(&world, "/api/session", sign_in("nobody@example.com")).await;
    assert_eq!((wrong.status, wrong.problem()), (403, "invalid-credentials".to_owned()));
    assert_eq!((wrong.status, &wrong.text), (unknown.status, &unknown.text));
}

#[tokio::test]
async fn guessing_codes_at_once_gets_five_tries_and_no_more() {
    let world = World::start().await;
    let (person, browser, _) = signing_in(&world).await;
    let guesses = (0..40).map(|guess| {
        let (mut browser, world) = (browser.clone(), &world);
        async move { browser.post(world, "/api/session/code", json!({ "code": format!("{guess:07}") })).await }
    });
    let answers = futures_util::future::join_all(guesses).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 5);
    let limited: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!(limited.len(), 35);
    assert!(
        limited
            .iter()
            .all(|answer| answer.problem() == "too-many-attempts" && !answer.header("retry-after").is_empty())
    );
    let mut other = Browser::default();
    other.sign_in(&world, &person).await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    let answer = other.type_code(&world, &code).await;
    assert_eq!(answer.status, 429, "the limit is the account's, not the session's");
}

#[tokio::test]
async fn a_code_counts_once() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let (mut one, mut other) = (Browser::default(), Browser::default());
    one.sign_in(&world, &person).await;
    other.sign_in(&world, &person).await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    assert_eq!(one.type_code(&world, &code).await.status, 200);
    assert_eq!(other.type_code(&world, &code).await.problem(), "invalid-code");
    assert_eq!(other.state(&world).await, "pending");
}

#[tokio::test]
async fn guesses_at_the_code_of_a_transaction_count_with_those_at_a_sign_in() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    let transaction = browser.post(&world, "/api/approvals", json!({ "message": "Send 7 Galleons" })).await.json();
    let path = format!("/api/approvals/{}/code", id(&transaction));
    for guess in 0..5 {
        let guessed = browser.post(&world, &path, json!({ "code": format!("{guess:07}") })).await;
        assert_eq!(guessed.problem(), "invalid-code");
    }
    assert_eq!(browser.post(&world, &path, json!({ "code": "0000005" })).await.problem(), "too-many-attempts");
    let mut other = Browser::default();
    other.sign_in(&world, &person).await;
    let right = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    assert_eq!(other.type_code(&world, &right).await.problem(), "too-many-attempts");
    assert_eq!(browser.look(&world, &transaction).await["status"], "pending");
}

#[tokio::test]
async fn no_step_is_taken_before_the_one_it_needs() {
    let world = World::start().await;
    let (person, mut pending, approval) = signing_in(&world).await;
    let asks = json!({ "message": "Send 7 Galleons" });
    let mut nobody = Browser::default();
    for browser in [&mut nobody, &mut pending] {
        assert_eq!(browser.post(&world, "/api/approvals", asks.clone()).await.problem(), "no-session");
    }
    assert_eq!(nobody.type_code(&world, "0123456").await.problem(), "no-session");
    assert_eq!(nobody.ask_for_code(&world, "sms").await.problem(), "no-session");
    for step in ["complete", "cancel", "resend"] {
        assert_eq!(nobody.act(&world, &approval, step).await.problem(), "no-session", "{step}");
    }
    assert_eq!(pending.act(&world, &approval, "complete").await.problem(), "not-approved");
    assert_eq!(
        pending
            .post(&world, &format!("/api/approvals/{}/code", id(&approval)), json!({ "code": "0123456" }))
            .await
            .status,
        404
    );
    let again = pending.act(&world, &approval, "resend").await.json();
    world.tap(&person.cellphone, &again, "approve").await;
    pending.until(&world, &again, "approved").await;
    assert_eq!(pending.act(&world, &approval, "complete").await.problem(), "not-approved", "of what was replaced");
    let mut left = pending.clone();
    left.send(&world, Method::DELETE, "/api/session", None).await;
    assert_eq!(pending.act(&world, &again, "complete").await.problem(), "no-session", "by who has signed out");
}

#[tokio::test]
async fn codes_that_are_no_codes_never_reach_the_provider() {
    let mut world = World::start().await;
    let (_, mut browser, _) = signing_in(&world).await;
    world.provider_goes_down().await;
    for code in ["../sms", "0000000/1#", "%2e%2e", "½½½½½½½", "", "12345", "12345678901", "1234567\0"] {
        let answer = browser.type_code(&world, code).await;
        assert_eq!(answer.problem(), "invalid-code", "{code:?}");
    }
}

#[tokio::test]
async fn forms_and_calls_of_other_sites_are_refused_on_every_changing_route() {
    let world = World::start().await;
    let (_, mut browser, approval) = signing_in(&world).await;
    let of = |what: &str| format!("/approvals/{}/{what}", id(&approval));
    let pages = ["/sign-up", "/sign-up/change", "/sign-in", "/code", "/code/send", "/sign-out"].map(str::to_owned);
    let transactions = ["/approvals", "/api/approvals"].map(str::to_owned);
    let buttons = ["complete", "cancel", "resend", "code", "code/send"].map(of);
    let calls = ["/api/users", "/api/session", "/api/session/code", "/api/session/code/send"].map(str::to_owned);
    let acts = ["complete", "cancel", "resend", "code", "code/send"].map(|what| format!("/api{}", of(what)));
    for path in pages.iter().chain(&transactions).chain(&buttons).chain(&calls).chain(&acts) {
        for origin in ["https://evil.example", "null"] {
            let request = world.http.post(format!("{}{path}", world.url)).header("origin", origin);
            let answer = request.header("cookie", &browser.cookie).json(&json!({})).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} {origin}");
        }
    }
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
}

#[tokio::test]
async fn bodies_that_are_not_what_an_address_takes_get_a_problem_and_the_process_goes_on() {
    let world = World::start().await;
    let mut browser = Browser::default();
    for body in [
        json!([]),
        json!(null),
        json!({ "email": ["a"], "password": {} }),
        json!({ "email": "a@b.c" }),
        json!({ "email": "a@b.c", "password": "x", "role": "admin" }),
    ] {
        let answer = browser.post(&world, "/api/session", body.clone()).await;
        assert_eq!((answer.status, answer.problem()), (400, "bad-request".to_owned()), "{body}");
    }
    let huge = json!({ "email": "a@b.c", "password": "x".repeat(20_000) });
    assert_eq!(browser.post(&world, "/api/session", huge).await.problem(), "too-large");
    let injected = browser.submit(&world, "/sign-in", &[("email[$ne]", ""), ("password[$ne]", "")]).await;
    assert_eq!(injected.status, 400);
    assert_eq!(browser.get(&world, "/api/approvals/not-an-id").await.problem(), "not-found");
    assert_eq!(browser.send(&world, Method::PUT, "/api/session", None).await.problem(), "method-not-allowed");
    assert_eq!(browser.get(&world, "/api/nothing").await.problem(), "not-found");
    assert!(browser.get(&world, "/nothing").await.text.contains("<h1"), "a page for a browser");
    assert_eq!(browser.get(&world, "/sign-in").await.status, 200);
}
