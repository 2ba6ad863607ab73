//! How often a phone is asked: what somebody with the password can do to its owner, and what not. Each test is named by
//! what is tried.

use serde_json::{Value, json};

use crate::browser::{Browser, Person, id, signing_in};
use crate::limits::{code, notices, signed_in};
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

/// So that a test need not wait until a phone had its rest.
const AT_ONCE: [(&str, &str); 1] = [("PUSH_WAIT_SECONDS", "0")];

/// Denies on the phone as often as push needs to be off.
async fn deny_three(world: &World, person: &Person) {
    for _ in 0..3 {
        let (mut browser, begun) = signed_in(world, person).await;
        world.tap(&person.cellphone, &begun["approval"], "deny").await;
        browser.until(world, &begun["approval"], "denied").await;
    }
}

#[tokio::test]
async fn a_third_sign_in_takes_no_waiting_request_away_and_is_offered_a_code() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut waiting = vec![signed_in(&world, &person).await, signed_in(&world, &person).await];
    let (mut third, begun) = signed_in(&world, &person).await;
    assert_eq!((&begun["next"], &begun["withheld"]["reason"]), (&json!("code"), &json!("pending")));
    assert_eq!(begun["withheld"]["until"], waiting[0].1["approval"]["expires_at"]);
    assert!(begun.get("approval").is_none());
    let to_code = third.get(&world, "/account").await;
    assert_eq!((to_code.status, to_code.header("location")), (303, "/code"));
    let page = third.get(&world, "/code").await;
    assert!(page.text.contains("Other requests are waiting on your phone"), "{}", page.text);
    for (browser, begun) in &mut waiting {
        world.request(&person.cellphone, &begun["approval"]).await;
        assert_eq!(browser.look(&world, &begun["approval"]).await["status"], "pending");
    }
    assert_eq!(world.phone(&person.cellphone).await["requests"].as_array().unwrap().len(), 3, "with the sign-up's");
    let right = code(&world, &person, &mut third).await;
    assert_eq!(third.type_code(&world, &right).await.status, 200);
    let (mut first, begun) = waiting.remove(0);
    world.tap(&person.cellphone, &begun["approval"], "approve").await;
    first.until(&world, &begun["approval"], "approved").await;
    assert_eq!(first.act(&world, &begun["approval"], "complete").await.status, 200);
}

#[tokio::test]
async fn a_denied_request_is_followed_by_a_rest_and_send_again_is_no_way_round_it() {
    let world = World::start_with(&[("PUSH_WAIT_SECONDS", "600")]).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.tap(&person.cellphone, &approval, "deny").await;
    browser.until(&world, &approval, "denied").await;
    let (_, begun) = signed_in(&world, &person).await;
    assert_eq!((&begun["next"], &begun["withheld"]["reason"]), (&json!("code"), &json!("refused")));
    assert!(begun["withheld"]["until"].is_string());
    let again = browser.act(&world, &approval, "resend").await;
    assert_eq!((again.status, again.problem()), (429, "too-many-attempts".into()));
    assert!((590..=600).contains(&again.header("retry-after").parse::<u32>().unwrap()));
    let page = browser.submit(&world, &format!("/approvals/{}/resend", id(&approval)), &[]).await;
    assert_eq!(page.status, 429);
    assert!(page.text.contains("asked again in 10 minutes. To sign in, you can use a code now"), "{}", page.text);
}

#[tokio::test]
async fn push_fatigue_ends_after_three_denied_requests_until_a_code_was_used() {
    let world = World::start_with(&AT_ONCE).await;
    let person = Browser::default().sign_up(&world, 10).await;
    deny_three(&world, &person).await;
    let rung = world.phone(&person.cellphone).await["requests"].as_array().unwrap().len();
    let (mut browser, begun) = signed_in(&world, &person).await;
    assert_eq!(begun, json!({ "next": "code", "withheld": { "reason": "off", "until": null } }));
    assert!(browser.get(&world, "/code").await.text.contains("so we send no more"));
    assert_eq!(world.phone(&person.cellphone).await["requests"].as_array().unwrap().len(), rung, "nothing was sent");
    let right = code(&world, &person, &mut browser).await;
    assert_eq!(browser.type_code(&world, &right).await.status, 200);
    assert_eq!(notices(&world, &mut browser).await[0], "push_off");
    let page = browser.get(&world, "/account").await.text;
    assert!(
        page.contains("Requests to your phone were switched off")
            && page.contains("They have been on again since you used a code"),
        "{page}"
    );
    assert!(page.contains(r#"action="/account/not-me""#));
    assert_eq!(signed_in(&world, &person).await.1["next"], "approval");
}

#[tokio::test]
async fn requests_that_ring_and_are_taken_back_end_after_three_as_well() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    for _ in 0..3 {
        let (mut browser, begun) = signed_in(&world, &person).await;
        world.request(&person.cellphone, &begun["approval"]).await;
        browser.until_is(&world, &begun["approval"], |now| now["delivery"] == "sent").await;
        assert_eq!(browser.act(&world, &begun["approval"], "cancel").await.status, 200);
    }
    assert_eq!(signed_in(&world, &person).await.1["withheld"]["reason"], "off");
}

#[tokio::test]
async fn a_fourth_sign_in_of_one_browser_is_offered_a_code_and_no_request_that_could_not_be_approved() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut browser = Browser::default();
    for _ in 0..3 {
        let approval = browser.sign_in(&world, &person).await;
        browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    }
    let asked = json!({ "email": person.email, "password": "difference engine" });
    let begun = browser.post(&world, "/api/session", asked).await.json();
    assert_eq!(begun, json!({ "next": "code", "withheld": { "reason": "off", "until": null } }));
    assert_eq!(world.phone(&person.cellphone).await["requests"].as_array().unwrap().len(), 4, "with the sign-up's");
}

#[tokio::test]
async fn an_account_whose_push_is_off_is_sent_no_push_and_a_callback_approves_nothing_of_it() {
    let world = World::start_with(&AT_ONCE).await;
    let person = Browser::default().sign_up(&world, 10).await;
    let (mut before, begun) = signed_in(&world, &person).await;
    let approval = begun["approval"].clone();
    let approved = callback(&world, &person.cellphone, &approval).await;
    let mut inside = Browser::default();
    let own = inside.sign_in(&world, &person).await;
    world.tap(&person.cellphone, &own, "approve").await;
    inside.until(&world, &own, "approved").await;
    inside.act(&world, &own, "complete").await;
    deny_three(&world, &person).await;
    let again = before.act(&world, &approval, "resend").await;
    assert_eq!((again.status, again.problem()), (403, "push-off".into()));
    assert_eq!(send_callback(&world, &approved, Some(&sign(&world, KEY, &approved))).await, 200);
    before.until(&world, &approval, "cancelled").await;
    world.audited(&approval, "callback_refused: approves for an account whose push is off").await;

    let rung = world.phone(&person.cellphone).await["requests"].as_array().unwrap().len();
    let asked = inside.post(&world, "/api/approvals", json!({ "message": "Send money", "details": {} })).await;
    assert_eq!((asked.status, &asked.json()["delivery"]), (201, &json!("unavailable")), "{}", asked.text);
    let sent = |phone: &Value| phone["sms"].as_array().unwrap().last().cloned();
    let sent = world.phone_when(&person.cellphone, sent).await;
    assert_eq!(world.phone(&person.cellphone).await["requests"].as_array().unwrap().len(), rung, "no push");
    let path = format!("/api/approvals/{}/code", id(&asked.json()));
    assert_eq!(inside.post(&world, &path, json!({ "code": sent["code"] })).await.status, 200);
    assert_eq!(signed_in(&world, &person).await.1["next"], "approval", "the code has switched push on again");
    // And the tap from before is still none, whoever asks for it now.
    assert_eq!(send_callback(&world, &approved, Some(&sign(&world, KEY, &approved))).await, 200);
    world.audited(&approval, "callback_refused: is cancelled already; approved changes nothing").await;
    assert_eq!(before.act(&world, &approval, "complete").await.problem(), "not-approved");
}

#[tokio::test]
async fn the_page_of_a_denied_sign_in_can_end_nothing_but_itself() {
    let world = World::start_with(&AT_ONCE).await;
    let person = Browser::default().sign_up(&world, 10).await;
    let (mut owner, begun) = signed_in(&world, &person).await;
    world.tap(&person.cellphone, &begun["approval"], "approve").await;
    owner.until(&world, &begun["approval"], "approved").await;
    assert_eq!(owner.act(&world, &begun["approval"], "complete").await.status, 200);
    let (mut waiting, other) = signed_in(&world, &person).await;
    let (mut denied, begun) = signed_in(&world, &person).await;
    world.tap(&person.cellphone, &begun["approval"], "deny").await;
    denied.until(&world, &begun["approval"], "denied").await;
    let page = denied.get(&world, &format!("/approvals/{}", id(&begun["approval"]))).await.text;
    let [notice] = &owner.get(&world, "/api/session").await.json()["notices"].as_array().unwrap().clone()[..] else {
        panic!("one notice")
    };
    let dismiss = format!("/account/notices/{}/dismiss", notice["id"]);
    // Whatever the page offers, and what it does not.
    let forms = page.split("action=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    for path in forms.filter(|path| path != "/sign-out").chain(["/account/not-me".into(), dismiss.clone()]) {
        denied.submit(&world, &path, &[]).await;
    }
    denied.submit(&world, "/sign-out", &[]).await;
    assert_eq!(denied.state(&world).await, "404");
    assert_eq!(owner.state(&world).await, "confirmed");
    assert_eq!(waiting.look(&world, &other["approval"]).await["status"], "pending");
    assert_eq!(notices(&world, &mut owner).await, ["sign_in_denied"]);
    assert!(owner.get(&world, "/account").await.text.contains("A sign-in was denied on your phone"));
    assert_eq!(owner.submit(&world, &dismiss, &[]).await.status, 303);
    assert!(notices(&world, &mut owner).await.is_empty());
}

#[tokio::test]
async fn what_is_asked_for_again_and_not_sent_again_uses_up_no_request_of_the_owner() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let again = browser.act(&world, &approval, "resend").await.json();
    for _ in 0..11 {
        let same = browser.act(&world, &approval, "resend").await;
        assert_eq!((same.status, &same.json()["id"]), (201, &again["id"]), "{}", same.text);
    }
    world.tap(&person.cellphone, &again, "approve").await;
    browser.until(&world, &again, "approved").await;
    for _ in 0..11 {
        assert_eq!(browser.act(&world, &again, "resend").await.problem(), "already-decided");
    }
    assert_eq!(browser.act(&world, &again, "complete").await.status, 200);
    let form = [("id", "01935f6e-7c00-7000-8000-00000000002a"), ("message", "Send money")];
    for _ in 0..11 {
        assert_eq!(browser.submit(&world, "/approvals", &form).await.status, 303);
    }
    let asked = browser.post(&world, "/api/approvals", json!({ "message": "Send money", "details": {} })).await;
    assert_eq!(asked.status, 201, "{}", asked.text);
}
