//! Limits: what somebody without the phone can try, how often, and that the owner is not kept out by it. Each test is
//! named by what is tried.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::SqlitePool;
use tokio::time::{sleep, timeout};

use crate::browser::{Answer, Browser, Person, id, signing_in, text};
use crate::process::PATIENCE;
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

async fn give_password(world: &World, person: &Person, password: &str) -> (Browser, Answer) {
    let mut browser = Browser::default();
    let body = json!({ "email": person.email, "password": password });
    let answer = browser.post(world, "/api/session", body).await;
    (browser, answer)
}

/// Forty wrong passwords.
async fn guess_at_once(world: &World, person: &Person) -> Vec<Answer> {
    let guesses = (0..40).map(|guess| async move { give_password(world, person, &format!("guess {guess}")).await.1 });
    futures_util::future::join_all(guesses).await
}

/// A sign-in of which it is not said what comes of it.
async fn signed_in(world: &World, person: &Person) -> (Browser, Value) {
    let (browser, answer) = give_password(world, person, "difference engine").await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    (browser, answer.json())
}

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

/// The newest code by text message, asked for in this browser.
async fn code(world: &World, person: &Person, browser: &mut Browser) -> String {
    assert_eq!(browser.ask_for_code(world, "sms").await.status, 202);
    world.phone_when(&person.cellphone, |phone| Some(text(phone["sms"].as_array()?.last()?, "code").to_owned())).await
}

async fn notices(world: &World, browser: &mut Browser) -> Vec<String> {
    let session = browser.get(world, "/api/session").await.json();
    session["notices"].as_array().unwrap().iter().map(|notice| text(notice, "kind").to_owned()).collect()
}

#[tokio::test]
async fn passwords_guessed_at_once_are_checked_three_times_and_then_ever_later() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let begun = Instant::now();
    let answers = guess_at_once(&world, &person).await;
    let checked = answers.iter().filter(|answer| answer.status == 403).count();
    // A fourth when a second has passed, a fifth after two more, and so on: a slow machine leaves time for some.
    let later = (begun.elapsed().as_secs() + 1).ilog2();
    assert!((3..=3 + later as usize).contains(&checked), "{checked} in {:?}", begun.elapsed());
    for limited in answers.iter().filter(|answer| answer.status != 403) {
        assert_eq!((limited.status, &*limited.problem()), (429, "too-many-attempts"));
        let wait: u32 = limited.header("retry-after").parse().unwrap();
        assert!((1..=1 << later).contains(&wait), "{}", limited.text);
    }
    let owner = async {
        while give_password(&world, &person, "difference engine").await.1.status != 201 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, owner).await.expect("the owner waits no longer than the guesser");
}

#[tokio::test]
async fn an_unknown_address_is_limited_like_a_known_one() {
    let world = World::start().await;
    let known = Browser::default().sign_up(&world, 10).await;
    let unknown = Person { email: "nobody@example.com".into(), cellphone: String::new() };
    let mut shapes = Vec::new();
    for person in [known, unknown] {
        let answers = guess_at_once(&world, &person).await;
        // All but for how long.
        let shape = |answer: &Answer| (answer.status, answer.text.split(" in ").next().map(str::to_owned));
        shapes.push(answers.iter().map(shape).collect::<BTreeSet<_>>());
    }
    assert_eq!(shapes[0].iter().map(|(status, _)| *status).collect::<Vec<_>>(), [403, 429]);
    assert_eq!(shapes[0], shapes[1]);
}

#[tokio::test]
async fn codes_guessed_over_new_sessions_every_channel_and_a_restart_share_five_tries() {
    let mut world = World::start().await;
    let (person, mut first, _) = signing_in(&world).await;
    let mut inside = Browser::default();
    let sign_in = inside.sign_in(&world, &person).await;
    world.tap(&person.cellphone, &sign_in, "approve").await;
    inside.until(&world, &sign_in, "approved").await;
    assert_eq!(inside.act(&world, &sign_in, "complete").await.status, 200);
    let asked = inside.post(&world, "/api/approvals", json!({ "message": "Send money", "details": {} })).await.json();
    let transaction = format!("/api/approvals/{}/code", id(&asked));

    let (mut second, _) = signed_in(&world, &person).await;
    for browser in [&mut first, &mut second] {
        assert_eq!(browser.type_code(&world, "0000000").await.problem(), "invalid-code");
        assert_eq!(browser.type_code(&world, "111111").await.problem(), "invalid-code");
    }
    let fifth = inside.post(&world, &transaction, json!({ "code": "222222" })).await;
    assert_eq!(fifth.problem(), "invalid-code");
    world.restart().await;
    assert_eq!(inside.post(&world, &transaction, json!({ "code": "333333" })).await.problem(), "too-many-attempts");
    // To have codes sent again changes nothing.
    let right = code(&world, &person, &mut first).await;
    let refused = first.type_code(&world, &right).await;
    assert_eq!((refused.status, refused.problem()), (429, "too-many-attempts".into()));
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((500..=600).contains(&wait), "{wait}");
    assert_eq!(notices(&world, &mut inside).await, ["codes_guessed"], "and the owner is told");
    let page = first.submit(&world, "/code", &[("code", &right)]).await;
    assert_eq!(page.status, 429);
    assert!(page.text.contains("Too many wrong codes. Please try again in 10 minutes."), "{}", page.text);
    assert_eq!(first.state(&world).await, "pending");
}

#[tokio::test]
async fn codes_under_way_when_the_process_dies_stay_counted() {
    let mut world = World::start().await;
    let (_, mut browser, _) = signing_in(&world).await;
    world.provider_hangs().await;
    let guesses: Vec<_> = (0..5)
        .map(|guess| {
            let request = world.http.post(format!("{}/api/session/code", world.url));
            let request = request.header("cookie", &browser.cookie).json(&json!({ "code": format!("{guess:07}") }));
            tokio::spawn(request.send())
        })
        .collect();
    let database = format!("sqlite:{}", world.folder.path().join("data/countersign.db").display());
    let pool = SqlitePool::connect(&database).await.unwrap();
    let counted = "SELECT count(*) FROM attempts WHERE kind = 'code' AND subject LIKE 'account:%'";
    let all = async {
        while sqlx::query_scalar::<_, i64>(counted).fetch_one(&pool).await.unwrap() < 5 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, all).await.expect("each is counted before the provider has answered");
    world.restart().await;
    assert!(futures_util::future::join_all(guesses).await.into_iter().all(|answer| answer.unwrap().is_err()));
    world.provider_comes_back().await;
    assert_eq!(browser.type_code(&world, "0000000").await.problem(), "too-many-attempts");
}

#[tokio::test]
async fn codes_for_two_accounts_on_one_phone_share_five_tries() {
    let world = World::start().await;
    let one = Browser::default().sign_up(&world, 10).await;
    let body = json!({ "full_name": "Ada", "email": "other@example.com", "country_code": "1",
        "phone": &one.cellphone[2..], "password": "difference engine" });
    let mut signing_up = Browser::default();
    let approval = signing_up.post(&world, "/api/users", body).await.json()["approval"].clone();
    world.tap(&one.cellphone, &approval, "approve").await;
    signing_up.until(&world, &approval, "approved").await;
    assert_eq!(signing_up.act(&world, &approval, "complete").await.status, 200);
    let other = Person { email: "other@example.com".into(), cellphone: one.cellphone.clone() };
    let (mut first, _) = signed_in(&world, &one).await;
    let (mut second, _) = signed_in(&world, &other).await;
    for guess in 0..5 {
        assert_eq!(first.type_code(&world, &format!("{guess:07}")).await.problem(), "invalid-code");
    }
    assert_eq!(second.type_code(&world, "0000009").await.problem(), "too-many-attempts");
}

#[tokio::test]
async fn codes_sent_over_and_over_stop_after_five_whatever_the_channel_and_the_session() {
    let world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    let (mut other, _) = signed_in(&world, &person).await;
    for channel in ["sms", "call", "sms"] {
        assert_eq!(browser.ask_for_code(&world, channel).await.status, 202);
    }
    for channel in ["call", "sms"] {
        assert_eq!(other.ask_for_code(&world, channel).await.status, 202);
    }
    let refused = other.ask_for_code(&world, "call").await;
    assert_eq!((refused.status, refused.problem()), (429, "too-many-attempts".into()));
    assert!(!refused.header("retry-after").is_empty());
    let phone = world.phone(&person.cellphone).await;
    assert_eq!(phone["sms"].as_array().unwrap().len() + phone["calls"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn codes_to_the_phones_of_one_country_stop_at_what_the_operator_has_set() {
    let world = World::start_with(&[("CODES_PER_COUNTRY", "2")]).await;
    let (one, two) = (Browser::default().sign_up(&world, 10).await, Browser::default().sign_up(&world, 11).await);
    let (mut first, mut second) = (signed_in(&world, &one).await.0, signed_in(&world, &two).await.0);
    assert_eq!(first.ask_for_code(&world, "sms").await.status, 202);
    assert_eq!(second.ask_for_code(&world, "sms").await.status, 202);
    assert_eq!(first.ask_for_code(&world, "sms").await.problem(), "too-many-attempts");
    let body = json!({ "full_name": "Ada", "email": "uk@example.com", "country_code": "44", "phone": "7400123456",
        "password": "difference engine" });
    let mut elsewhere = Browser::default();
    assert_eq!(elsewhere.post(&world, "/api/users", body).await.status, 201);
    assert_eq!(elsewhere.ask_for_code(&world, "sms").await.status, 202, "another country counts apart");
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
    world.audited(&approval, "callback_refused: is cancelled already, Approve changes nothing").await;
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
async fn a_limit_that_is_reached_is_in_the_log_by_name_and_in_the_audit_trail_once() {
    let mut world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    let storage = world.storage().await;
    for guess in 0..9 {
        browser.type_code(&world, &format!("{guess:07}")).await;
    }
    let user = storage.account(&person.email).await.unwrap().unwrap().id;
    let trail = storage.audit_of_user(user).await.unwrap();
    let reached = trail.iter().filter(|row| row.kind == "limit_reached" && row.note.as_deref() == Some("wrong_codes"));
    assert_eq!(reached.count(), 1);
    while !world.serve.error_line().await.contains("limit=\"wrong_codes\"") {}
}
