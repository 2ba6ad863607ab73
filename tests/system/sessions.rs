//! Sessions: what they are fixed to, where they are listed, how they end, and what one that is pending cannot do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::{Browser, Person, id, signing_in, text};
use crate::world::World;

/// Signs `browser` in as far as it goes: it is in afterwards.
async fn enter(world: &World, browser: &mut Browser, person: &Person) {
    let approval = browser.sign_in(world, person).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(world, &approval, "approved").await;
    assert_eq!(browser.act(world, &approval, "complete").await.status, 200);
}

async fn listed(world: &World, browser: &mut Browser) -> Vec<Value> {
    browser.get(world, "/api/sessions").await.json()["sessions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_session_planted_before_the_password_is_of_no_use_after_it_and_its_socket_is_closed() {
    let world = World::start().await;
    let (person, mut planted, approval) = signing_in(&world).await;
    let mut socket = planted.listen(&world, &approval).await;
    socket.until("pending").await;
    let mut victim = Browser { cookie: planted.cookie.clone() };
    enter(&world, &mut victim, &person).await;
    assert_eq!((planted.state(&world).await, socket.closed().await), ("404".to_owned(), 4401));
    assert_eq!(planted.listen(&world, &approval).await.closed().await, 4401);
    assert_eq!(victim.state(&world).await, "confirmed");
}

#[tokio::test]
async fn the_pending_token_is_dead_once_the_confirmed_one_was_used_and_opens_no_socket() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut pending = browser.clone();
    let mut socket = pending.listen(&world, &approval).await;
    let code = text(&world.phone(&person.cellphone).await["authenticator"], "code").to_owned();
    assert_eq!(browser.type_code(&world, &code).await.status, 200);
    socket.until("cancelled").await;
    socket.closed().await;
    assert_eq!(browser.state(&world).await, "confirmed");
    assert_eq!(pending.type_code(&world, &code).await.problem(), "no-session");
    assert_eq!(pending.act(&world, &approval, "complete").await.problem(), "no-session");
    assert_eq!(pending.listen(&world, &approval).await.closed().await, 4401);
}

#[tokio::test]
async fn a_pending_session_cannot_list_or_end_sessions_say_not_me_or_change_the_password() {
    let world = World::start().await;
    let mut owner = Browser::default();
    let person = owner.sign_up(&world, 10).await;
    let mut pending = Browser::default();
    pending.sign_in(&world, &person).await;
    let others = listed(&world, &mut owner).await;
    let change = json!({ "old_password": "difference engine", "password": "analytical engine" });
    for (method, path, body) in [
        (Method::GET, "/api/sessions".to_owned(), None),
        (Method::DELETE, "/api/sessions".to_owned(), None),
        (Method::DELETE, format!("/api/sessions/{}", id(&others[0])), None),
        (Method::POST, "/api/session/not-me".to_owned(), None),
        (Method::POST, "/api/password".to_owned(), Some(change)),
    ] {
        let answer = pending.send(&world, method, &path, body).await;
        assert_eq!((answer.status, answer.problem()), (401, "no-session".to_owned()), "{path}");
    }
    let form = [("old_password", "difference engine"), ("password", "analytical engine")];
    let end = format!("/account/sessions/{}/end", id(&others[0]));
    for (path, fields) in
        [("/account/not-me", &[][..]), ("/account/sessions/end", &[]), (&*end, &[]), ("/password", &form[..])]
    {
        assert_eq!(pending.submit(&world, path, fields).await.status, 401, "{path}");
    }
    assert_eq!(pending.get(&world, "/password").await.header("location"), "/account");
    assert_eq!((owner.state(&world).await, pending.state(&world).await), ("confirmed".into(), "pending".into()));
    assert_eq!(listed(&world, &mut owner).await.len(), others.len(), "nothing has ended");
}

#[tokio::test]
async fn whoever_is_in_sees_where_and_ends_one_or_all_others_which_hear_it_where_they_wait() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let (mut there, mut waiting, mut last) = (Browser::default(), Browser::default(), Browser::default());
    enter(&world, &mut there, &person).await;
    let approval = waiting.sign_in(&world, &person).await;
    let mut socket = waiting.listen(&world, &approval).await;
    socket.until("pending").await;

    let seen = listed(&world, &mut here).await;
    let states: Vec<_> = seen.iter().map(|one| (text(one, "state"), one["current"] == json!(true))).collect();
    assert_eq!(states[0], ("confirmed", true));
    assert_eq!((states.len(), states.iter().filter(|(state, _)| *state == "pending").count()), (3, 1));
    assert!(seen.iter().all(|one| text(one, "browser") == "A program" && text(one, "place") == "This computer"));
    assert!(!json!(seen).to_string().contains(here.cookie.split_once('=').unwrap().1), "no token is told");

    let pending = seen.iter().find(|one| one["state"] == "pending").unwrap();
    let end = format!("/api/sessions/{}", id(pending));
    assert_eq!(here.send(&world, Method::DELETE, &end, None).await.status, 204);
    assert_eq!(socket.closed().await, 4401);
    assert_eq!(waiting.state(&world).await, "404");
    assert_eq!(here.send(&world, Method::DELETE, &end, None).await.problem(), "not-found");

    let approval = last.sign_in(&world, &person).await;
    let mut socket = last.listen(&world, &approval).await;
    socket.until("pending").await;
    assert_eq!(here.send(&world, Method::DELETE, "/api/sessions", None).await.status, 204);
    assert_eq!(socket.closed().await, 4401);
    assert_eq!((there.state(&world).await, last.state(&world).await), ("404".into(), "404".into()));
    assert_eq!(listed(&world, &mut here).await.len(), 1);
}

#[tokio::test]
async fn nobody_ends_a_session_of_somebody_else() {
    let world = World::start().await;
    let (mut ada, mut eve) = (Browser::default(), Browser::default());
    ada.sign_up(&world, 10).await;
    eve.sign_up(&world, 11).await;
    let adas = listed(&world, &mut ada).await;
    let end = format!("/api/sessions/{}", id(&adas[0]));
    assert_eq!(eve.send(&world, Method::DELETE, &end, None).await.problem(), "not-found");
    eve.submit(&world, &format!("/account/sessions/{}/end", id(&adas[0])), &[]).await;
    eve.send(&world, Method::DELETE, "/api/sessions", None).await;
    assert_eq!(ada.state(&world).await, "confirmed");
}

#[tokio::test]
async fn the_buttons_of_the_account_page_end_sessions_without_a_script() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let (mut one, mut two) = (Browser::default(), Browser::default());
    enter(&world, &mut one, &person).await;
    enter(&world, &mut two, &person).await;
    let page = here.get(&world, "/account").await.text;
    let theirs = listed(&world, &mut one).await;
    let end = format!("/account/sessions/{}/end", id(&theirs[0]));
    assert!(page.contains(&end) && page.contains("/account/sessions/end") && page.contains("This browser"), "{page}");
    assert_eq!(here.submit(&world, &end, &[]).await.header("location"), "/account");
    assert_eq!((one.state(&world).await, two.state(&world).await), ("404".into(), "confirmed".into()));
    assert_eq!(here.submit(&world, &end, &[]).await.header("location"), "/account", "a second click is no error");
    here.submit(&world, "/account/sessions/end", &[]).await;
    assert_eq!(two.state(&world).await, "404");
}

#[tokio::test]
async fn a_transaction_of_an_ended_session_is_cancelled_and_cannot_be_completed() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let mut there = Browser::default();
    enter(&world, &mut there, &person).await;
    let asked = json!({ "message": "Send money?", "details": {} });
    let approval = there.post(&world, "/api/approvals", asked).await.json();
    let mut socket = there.listen(&world, &approval).await;
    socket.until("pending").await;
    world.request(&person.cellphone, &approval).await;
    here.send(&world, Method::DELETE, "/api/sessions", None).await;
    assert_eq!(socket.closed().await, 4401);
    world.tap(&person.cellphone, &approval, "approve").await;
    assert_eq!(there.act(&world, &approval, "complete").await.problem(), "no-session");
    assert_eq!(here.look(&world, &approval).await["status"], "cancelled");
}

#[tokio::test]
async fn not_me_ends_everybody_else_and_leads_to_a_new_password_here_and_at_the_next_sign_in() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let mut strange = Browser::default();
    let approval = strange.sign_in(&world, &person).await;
    let mut socket = strange.listen(&world, &approval).await;
    socket.until("pending").await;
    // What is taken back before it was sent rings no phone.
    strange.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    assert_eq!(here.submit(&world, "/account/not-me", &[]).await.header("location"), "/password");
    assert_eq!(socket.closed().await, 4401);
    world.tap(&person.cellphone, &approval, "approve").await;
    assert_eq!(strange.act(&world, &approval, "complete").await.problem(), "no-session");

    let mut again = Browser::default();
    enter(&world, &mut again, &person).await;
    let asked = json!({ "message": "Send money?", "details": {} });
    for browser in [&mut here, &mut again] {
        assert_eq!(browser.get(&world, "/account").await.header("location"), "/password");
        assert_eq!(browser.get(&world, "/api/session").await.json()["new_password_needed"], true);
        let refused = browser.post(&world, "/api/approvals", asked.clone()).await;
        assert_eq!((refused.status, refused.problem()), (403, "new-password-needed".to_owned()));
    }
    let form = [("old_password", "difference engine"), ("password", "analytical engine")];
    assert_eq!(here.submit(&world, "/password", &form).await.header("location"), "/account");
    assert_eq!(here.get(&world, "/account").await.status, 200);
    assert_eq!(here.post(&world, "/api/approvals", asked).await.status, 201);
    assert_eq!(again.state(&world).await, "404");
}

#[tokio::test]
async fn the_token_from_before_a_confirmation_ends_nothing_whatever_password_comes_with_it() {
    let world = World::start().await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let mut old = browser.clone();
    world.tap(&person.cellphone, &approval, "approve").await;
    browser.until(&world, &approval, "approved").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);
    // The new token was not used yet, so the old one may still repeat `complete`, and only that.
    old.sign_in(&world, &person).await;
    assert_eq!(browser.state(&world).await, "confirmed");
}
