//! Steps taken out of order, twice at once, cut off, or with what a stranger brought along.

use reqwest::header;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::browser::{Browser, Person, id, signing_in, text};
use crate::world::World;

#[tokio::test]
async fn a_pending_session_opens_nothing_on_any_route() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    for path in ["/", "/sign-up", "/sign-in", "/code", "/account", "/api/session"] {
        let answer = browser.get(&world, path).await;
        assert!(!answer.text.contains("Ada Lovelace") || path == "/api/session", "{path}: {}", answer.text);
        assert!(!answer.text.contains(&person.cellphone), "{path} shows the phone");
    }
    for what in ["complete", "cancel"] {
        browser.act(&world, &approval, what).await;
        assert_eq!(browser.state(&world).await, "pending", "{what}");
    }
}

#[tokio::test]
async fn a_cookie_that_a_stranger_planted_is_never_adopted() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut browser = Browser { cookie: "countersign=planted-by-a-stranger".into() };
    let approval = browser.sign_in(&world, &person).await;
    assert!(!browser.cookie.contains("planted"));
    let pending = browser.cookie.clone();
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    browser.act(&world, &approval, "complete").await;
    assert_ne!(browser.cookie, pending, "confirming changes the token, too");
    assert_eq!(browser.state(&world).await, "confirmed");
    assert_eq!(Browser { cookie: pending }.state(&world).await, "404");
    assert_eq!(Browser { cookie: "countersign=planted-by-a-stranger".into() }.state(&world).await, "404");
}

#[tokio::test]
async fn a_sign_up_is_answered_alike_for_a_known_and_an_unknown_address() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut shapes = Vec::new();
    for (email, phone) in [(&*person.email, "2025550111"), ("new@example.com", "2025550112")] {
        let body = json!({ "full_name": "Eve", "email": email, "country_code": "1", "phone": phone,
            "password": "difference engine" });
        let answer = Browser::default().post(&world, "/api/users", body).await;
        let names: Vec<_> = answer.json()["approval"].as_object().unwrap().keys().cloned().collect();
        shapes.push((answer.status, answer.json()["next"].clone(), names));
    }
    assert_eq!(shapes[0], shapes[1]);
}

#[tokio::test]
async fn already_registered_is_said_only_after_the_phone_was_proven_and_again_if_asked_again() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let mut browser = Browser::default();
    let body = json!({ "full_name": "Eve", "email": person.email, "country_code": "1", "phone": "2025550111",
        "password": "difference engine" });
    let approval = browser.post(&world, "/api/users", body).await.json()["approval"].clone();
    world.tap("+12025550111", &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    for _ in 0..2 {
        assert_eq!(browser.act(&world, &approval, "complete").await.problem(), "already-registered");
    }
    assert_eq!(browser.state(&world).await, "pending");
}

#[tokio::test]
async fn two_clicks_on_continue_with_one_code_both_get_in() {
    let world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    let body = json!({ "code": code });
    // So that the provider says no to the second while the first has its yes and is not through yet.
    world.switch(&person.cellphone, json!({ "slow_ms": 500 })).await;
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let (first, second) = tokio::join!(
        one.post(&world, "/api/session/code", body.clone()),
        two.post(&world, "/api/session/code", body.clone())
    );
    assert_eq!((first.status, second.status), (200, 200), "{} {}", first.text, second.text);
    let again = browser.post(&world, "/api/session/code", body).await;
    assert_eq!((again.status, &browser.cookie), (200, &one.cookie), "a lost reply may be asked for again");
}

#[tokio::test]
async fn a_second_click_while_the_provider_answers_about_the_first_gets_in_with_it_and_costs_no_try() {
    let world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    for guess in 0..4 {
        assert_eq!(browser.type_code(&world, &format!("{guess:07}")).await.problem(), "invalid-code");
    }
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    let (mut one, mut two) = (browser.clone(), browser);
    world.switch(&person.cellphone, json!({ "slow_ms": 2000 })).await;
    let (first, second) = tokio::join!(one.type_code(&world, &code), async {
        used_and_quick_again(&world, &person, &code).await;
        two.type_code(&world, &code).await
    });
    assert_eq!((first.status, second.status), (200, 200), "{} {}", first.text, second.text);
    assert_eq!(one.cookie, two.cookie);
}

#[tokio::test]
async fn a_second_click_that_another_process_takes_gets_in_with_the_first_one_too() {
    let world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    let (_folder, _serve, url) = world.another().await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    let second = world.http.post(format!("{url}/api/session/code")).json(&json!({ "code": code }));
    let second = second.header(header::COOKIE, &browser.cookie);
    world.switch(&person.cellphone, json!({ "slow_ms": 2000 })).await;
    let (first, second) = tokio::join!(browser.type_code(&world, &code), async {
        used_and_quick_again(&world, &person, &code).await;
        second.send().await.unwrap()
    });
    assert_eq!((first.status, second.status().as_u16()), (200, 200));
    assert!(second.headers()[header::SET_COOKIE].to_str().unwrap().starts_with(&*browser.cookie));
}

#[tokio::test]
async fn a_code_in_one_tab_while_a_tap_lets_the_other_in_leads_to_where_the_browser_is_in() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    let (mut tab, mut program, typed) = (browser.clone(), browser.clone(), [("code", &*code)]);
    world.switch(&person.cellphone, json!({ "slow_ms": 2000 })).await;
    let tapped = async {
        used_and_quick_again(&world, &person, &code).await;
        world.tap(&person.cellphone, &approval, "approve").await;
        browser.until(&world, &approval, "approved").await;
        assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
        assert_eq!(browser.state(&world).await, "confirmed");
    };
    let typed = (tab.submit(&world, "/code", &typed), program.type_code(&world, &code));
    let (page, answer, ()) = tokio::join!(typed.0, typed.1, tapped);
    assert_eq!((page.status, page.header("location")), (303, "/account"), "{}", page.text);
    assert_eq!((answer.status, answer.header("set-cookie")), (200, ""), "{}", answer.text);
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn a_right_code_that_a_tap_has_overtaken_is_no_attempt() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    let mut tab = browser.clone();
    world.switch(&person.cellphone, json!({ "slow_ms": 2000 })).await;
    let (answer, ()) = tokio::join!(tab.type_code(&world, &code), async {
        used_and_quick_again(&world, &person, &code).await;
        world.tap(&person.cellphone, &approval, "approve").await;
        browser.until(&world, &approval, "approved").await;
        assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    });
    assert_eq!(answer.status, 200, "{}", answer.text);
    let path = world.folder.path().join("data/countersign.db");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    for left in
        ["SELECT count(*) FROM attempts WHERE kind = 'code'", "SELECT coalesce(sum(wrong_codes), 0) FROM factors"]
    {
        let left: i64 = sqlx::query_scalar(left).fetch_one(&mut db).await.unwrap();
        assert_eq!(left, 0);
    }
}

/// Waits until the provider, which is slow, has used up a code, its answer being on its way. To other questions it then
/// answers at once.
async fn used_and_quick_again(world: &World, person: &Person, code: &str) {
    let used = |phone: &Value| (phone["authenticator"]["code"] != code).then_some(());
    world.phone_when(&person.cellphone, used).await;
    world.switch(&person.cellphone, json!({ "slow_ms": 0 })).await;
}

#[tokio::test]
async fn a_browser_that_hangs_up_after_its_code_still_gets_in_with_it() {
    let world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    let url = format!("{}/api/session/code", world.url);
    let request = world.http.post(url).header(header::COOKIE, &browser.cookie).json(&json!({ "code": code }));
    let sent = tokio::spawn(request.send());
    // Gone as soon as the provider has been asked: its record of the code is what changes first.
    world.phone_when(&person.cellphone, |phone| (phone["authenticator"]["code"] != code.as_str()).then_some(())).await;
    sent.abort();
    let answer = browser.type_code(&world, &code).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn a_page_reloaded_after_a_lost_reply_completes_again() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    let mut lost = browser.clone();
    lost.act(&world, &approval, "complete").await;
    let page = browser.get(&world, &format!("/approvals/{}", id(&approval))).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("data-state=\"approved\""), "{}", page.text);
    let done = browser.submit(&world, &format!("/approvals/{}/complete", id(&approval)), &[]).await;
    assert_eq!((done.status, done.header("location")), (303, "/account"));
    assert_eq!(browser.state(&world).await, "confirmed");
}

#[tokio::test]
async fn signing_out_takes_the_waiting_request_back() {
    let world = World::start().await;
    let (_, mut browser, approval) = signing_in(&world).await;
    let mut socket = browser.listen(&world, &approval).await;
    socket.until("pending").await;
    browser.submit(&world, "/sign-out", &[]).await;
    socket.until("cancelled").await;
    assert_eq!(browser.state(&world).await, "404");
}

#[tokio::test]
async fn whatever_stands_in_a_field_of_a_sign_up_gets_an_answer_and_never_an_error_of_ours() {
    let world = World::start().await;
    let good = json!({ "full_name": "Ada", "email": "ada@example.com", "country_code": "1", "phone": "2025550110",
        "password": "difference engine" });
    let odd =
        [json!(""), json!("\0"), json!("x".repeat(5000)), json!(null), json!([]), json!({}), json!(true), json!(-1)];
    for field in ["full_name", "email", "country_code", "phone", "password"] {
        for value in &odd {
            let mut body = good.clone();
            body[field] = value.clone();
            let answer = Browser::default().post(&world, "/api/users", body).await;
            let refused = matches!((answer.status, &*answer.problem()), (400, "bad-request") | (422, "invalid-input"));
            assert!(refused, "{field} {value}: {} {}", answer.status, answer.text);
        }
    }
    assert!(world.http.get(&world.url).send().await.unwrap().status().is_success());
}
