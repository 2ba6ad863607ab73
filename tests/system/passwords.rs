//! A new password: by the old one, or by an operator's link; and what is tried with either.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::browser::{Answer, Browser, Person};
use crate::process::{Ended, Process};
use crate::world::World;

const OLD: &str = "difference engine";
const NEW: &str = "analytical engine";

async fn change(world: &World, browser: &mut Browser, old: &str, new: &str) -> Answer {
    browser.post(world, "/api/password", json!({ "old_password": old, "password": new })).await
}

async fn sign_in(world: &World, person: &Person, password: &str) -> Answer {
    Browser::default().post(world, "/api/session", json!({ "email": person.email, "password": password })).await
}

async fn reset(world: &World, token: &str, password: &str) -> Answer {
    Browser::default().post(world, "/api/password/reset", json!({ "token": token, "password": password })).await
}

async fn make_link(world: &World, email: &str) -> Ended {
    let variables = [("PUBLIC_URL", &*world.url)];
    Process::start(world.folder.path(), &["user", "reset-link", email], &variables).ended().await
}

/// Counted sign-ups and new passwords with such a subject.
async fn attempts(world: &World, subject: &str) -> i64 {
    let path = world.folder.path().join("data/countersign.db");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let counted = "SELECT count(*) FROM attempts WHERE kind IN ('sign_up', 'password') AND subject LIKE $1";
    sqlx::query_scalar::<sqlx::Sqlite, i64>(counted).bind(subject).fetch_one(&mut db).await.unwrap()
}

/// The token of a link that an operator makes.
async fn token(world: &World, email: &str) -> String {
    let made = make_link(world, email).await;
    assert!(made.status.success(), "{made:?}");
    let (page, token) = made.output[0].split_once('#').unwrap();
    assert_eq!((page, token.len()), (&*format!("{}/reset", world.url), 43));
    token.to_owned()
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions_and_pending_sign_ins_and_keeps_this_one() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let (mut pending, mut before) = (Browser::default(), here.clone());
    let approval = pending.sign_in(&world, &person).await;
    let mut socket = pending.listen(&world, &approval).await;
    socket.until("pending").await;
    assert_eq!(change(&world, &mut here, OLD, NEW).await.status, 200);
    assert_eq!(socket.closed().await, 4401);
    assert_eq!((here.state(&world).await, before.state(&world).await), ("confirmed".into(), "404".into()));
    world.tap(&person.cellphone, &approval, "approve").await;
    assert_eq!(pending.act(&world, &approval, "complete").await.problem(), "no-session");
    assert_eq!(sign_in(&world, &person, OLD).await.problem(), "invalid-credentials");
    assert_eq!(sign_in(&world, &person, NEW).await.status, 201);
}

#[tokio::test]
async fn a_transaction_approved_before_a_change_of_the_password_is_of_no_use_after_it() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let approval = here.post(&world, "/api/approvals", json!({ "message": "Send money?", "details": {} })).await.json();
    world.tap(&person.cellphone, &approval, "approve").await;
    here.until(&world, &approval, "approved").await;
    assert_eq!(change(&world, &mut here, OLD, NEW).await.status, 200);
    assert_eq!(here.act(&world, &approval, "complete").await.problem(), "not-approved");
}

#[tokio::test]
async fn a_new_password_that_is_weak_or_the_old_one_changes_nothing() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    for weak in ["short", "password1", OLD, &*person.email] {
        let answer = change(&world, &mut here, OLD, weak).await;
        assert_eq!((answer.status, answer.problem()), (422, "invalid-input".to_owned()), "{weak}");
        assert!(answer.json()["errors"]["password"].is_string(), "{}", answer.text);
    }
    let page = here.submit(&world, "/password", &[("old_password", "not the one"), ("password", NEW)]).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("old_password-error") && !page.text.contains(NEW), "{}", page.text);
    assert_eq!(sign_in(&world, &person, OLD).await.status, 201);
}

#[tokio::test]
async fn guessing_the_old_password_in_a_stolen_session_counts_with_the_guesses_at_sign_in() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let mut answers = Vec::new();
    while answers.len() < 20 && answers.last() != Some(&429) {
        answers.push(change(&world, &mut here, "not the one", NEW).await.status);
    }
    assert_eq!((answers[0], answers.last()), (403, Some(&429)), "{answers:?}");
    let limited = sign_in(&world, &person, OLD).await;
    assert_eq!((limited.status, limited.problem()), (429, "too-many-attempts".to_owned()));
    assert_eq!(change(&world, &mut here, OLD, NEW).await.status, 429);
}

#[tokio::test]
async fn a_reset_link_works_once_and_whoever_used_it_signs_in_with_password_and_phone() {
    let world = World::start_with(&[("LOG", "trace")]).await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let token = token(&world, &person.email).await;
    assert_eq!(here.state(&world).await, "confirmed", "a link alone changes nothing");
    assert_eq!(reset(&world, &token, "short").await.problem(), "invalid-input", "and is still good after a mistake");
    let done = reset(&world, &token, NEW).await;
    assert_eq!((done.status, done.header("set-cookie")), (200, ""), "a link opens no session");
    assert_eq!(here.state(&world).await, "404");
    let again = reset(&world, &token, "another engine").await;
    assert_eq!((again.status, again.problem()), (403, "invalid-link".to_owned()));
    assert_eq!(sign_in(&world, &person, OLD).await.problem(), "invalid-credentials");
    let mut browser = Browser::default();
    let answer = browser.post(&world, "/api/session", json!({ "email": person.email, "password": NEW })).await;
    assert_eq!(answer.status, 201);
    assert_eq!(browser.state(&world).await, "pending", "the phone is asked as always");
    world.serve.signal("TERM").await;
    let log = world.serve.ended().await.errors.join("\n");
    assert!(log.contains(" INFO ") && !log.contains(&token) && !log.contains(NEW), "{log}");
}

#[tokio::test]
async fn a_used_a_replaced_and_an_unknown_link_are_answered_alike() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let replaced = token(&world, &person.email).await;
    let used = token(&world, &person.email).await;
    assert_eq!(reset(&world, &used, NEW).await.status, 200);
    let answers = [&*replaced, &used, "", "no such token", &"x".repeat(5000)].map(str::to_owned);
    let mut told = Vec::new();
    for token in answers {
        let answer = reset(&world, &token, "another engine").await;
        told.push((answer.status, answer.text));
    }
    assert_eq!(told[0].0, 403);
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}

#[tokio::test]
async fn a_reset_token_opens_no_session_and_a_session_token_resets_no_password() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let token = token(&world, &person.email).await;
    let mut forged = Browser { cookie: format!("countersign={token}") };
    assert_eq!(forged.state(&world).await, "404");
    assert_eq!(change(&world, &mut forged, OLD, NEW).await.problem(), "no-session");
    let session = here.cookie.split_once('=').unwrap().1;
    assert_eq!(reset(&world, session, NEW).await.problem(), "invalid-link");
    assert_eq!(sign_in(&world, &person, OLD).await.status, 201);
}

#[tokio::test]
async fn the_page_of_a_link_works_as_a_plain_form() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let token = token(&world, &person.email).await;
    let mut browser = Browser::default();
    assert!(browser.get(&world, "/reset").await.text.contains("Everything behind the #"));
    let weak = browser.submit(&world, "/reset", &[("token", &token), ("password", "short")]).await;
    assert_eq!(weak.status, 422);
    assert!(weak.text.contains("password-error") && weak.text.contains(&token), "nobody has to paste it again");
    let good = format!(" {token}\n");
    let done = browser.submit(&world, "/reset", &[("token", &good), ("password", NEW)]).await;
    assert_eq!((done.status, done.header("location"), done.header("set-cookie")), (303, "/reset/done", ""));
    let again = browser.submit(&world, "/reset", &[("token", &token), ("password", NEW)]).await;
    assert_eq!(again.status, 403);
    assert!(!again.text.contains(&token), "{}", again.text);
}

#[tokio::test]
async fn a_link_for_nobody_is_refused_in_a_sentence() {
    let world = World::start().await;
    let refused = make_link(&world, "nobody@example.com").await;
    assert_eq!((refused.status.code(), &*refused.output), (Some(1), &[][..]));
    let sentence = "countersign: nobody has an account with the address nobody@example.com in the database \
                    sqlite:data/countersign.db; check both";
    assert_eq!(refused.errors, [sentence]);
}

#[tokio::test]
async fn other_sites_change_no_password_and_end_no_session() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let sessions: Value = here.get(&world, "/api/sessions").await.json();
    let one = sessions["sessions"][0]["id"].as_str().unwrap();
    let posts = ["/password", "/reset", "/account/not-me", "/account/sessions/end", "/api/password"].map(str::to_owned);
    let more = ["/api/password/reset", "/api/session/not-me"].map(str::to_owned);
    let ends = [format!("/account/sessions/{one}/end")];
    let posts = posts.into_iter().chain(more).chain(ends).map(|path| (Method::POST, path));
    let deletes = ["/api/sessions".to_owned(), format!("/api/sessions/{one}")].map(|path| (Method::DELETE, path));
    for (method, path) in posts.chain(deletes) {
        for origin in ["https://evil.example", "null"] {
            let request = world.http.request(method.clone(), format!("{}{path}", world.url)).header("origin", origin);
            let request = request.header("cookie", &here.cookie).json(&json!({}));
            assert_eq!(request.send().await.unwrap().status(), 403, "{path} {origin}");
        }
    }
    assert_eq!(here.state(&world).await, "confirmed");
    assert_eq!(sign_in(&world, &person, OLD).await.status, 201);
}

#[tokio::test]
async fn the_owners_own_words_are_no_password_at_sign_up_change_and_reset() {
    let world = World::start().await;
    let mut here = Browser::default();
    let person = here.sign_up(&world, 10).await;
    let token = token(&world, &person.email).await;
    for own in ["lovelace", "Lovel4ce!", "adalovelace", "lovelace-ada", "ada10ada10", "countersign", "countersign1"] {
        let body = json!({ "full_name": "Ada Lovelace", "email": person.email, "country_code": "1",
            "phone": "2025550177", "password": own });
        let signed_up = Browser::default().post(&world, "/api/users", body).await;
        let changed = change(&world, &mut here, OLD, own).await;
        let done = reset(&world, &token, own).await;
        for answer in [signed_up, changed, done] {
            assert_eq!((answer.status, answer.problem()), (422, "invalid-input".to_owned()), "{own}");
            assert!(answer.json()["errors"]["password"].is_string(), "{}", answer.text);
        }
    }
    assert_eq!(sign_in(&world, &person, OLD).await.status, 201);
}

#[tokio::test]
async fn refused_passwords_use_up_no_sign_up_and_are_limited_apart() {
    let world = World::start_with(&[("SIGN_UPS_PER_ADDRESS", "1")]).await;
    let sign_up = async |password: &str, phone: &str| {
        let body = json!({ "full_name": "Ada Lovelace", "email": "ada@example.com", "country_code": "1",
            "phone": phone, "password": password });
        Browser::default().post(&world, "/api/users", body).await
    };
    for refused in ["short", "password", "Passw0rd!", "lovelace", "countersign1"] {
        assert_eq!(sign_up(refused, "2025550177").await.status, 422, "{refused}");
    }
    assert_eq!(sign_up(OLD, "12").await.status, 422, "nor does a number that cannot exist");
    assert_eq!(sign_up(OLD, "2025550177").await.status, 201);
    assert_eq!(sign_up(OLD, "2025550177").await.status, 429, "one sign-up is what the operator allows");
    let tried = attempts(&world, "new-password:%").await;
    for _ in 0..5 {
        assert_eq!(sign_up("password", "2025550177").await.status, 429);
    }
    assert_eq!(attempts(&world, "new-password:%").await, tried, "a refused sign-up uses up no new password");
}

/// Tries common passwords at sign-up until the network may try none any more.
async fn use_up_new_passwords(world: &World) {
    let body = json!({ "full_name": "Eve", "email": "eve@example.com", "country_code": "1",
        "phone": "2025550178", "password": "password" });
    for _ in 0..100 {
        let answer = Browser::default().post(world, "/api/users", body.clone()).await;
        if answer.status != 422 {
            assert_eq!((answer.status, answer.problem()), (429, "too-many-attempts".to_owned()));
            assert!(answer.text.contains("new passwords"), "{}", answer.text);
            return;
        }
    }
    panic!("no limit is reached");
}

#[tokio::test]
async fn new_passwords_of_a_network_are_limited_and_use_up_no_sign_up() {
    let world = World::start_with(&[("SIGN_UPS_PER_ADDRESS", "1")]).await;
    use_up_new_passwords(&world).await;
    assert_eq!(attempts(&world, "network:%").await, 0);
}

#[tokio::test]
async fn a_reset_link_works_when_neighbours_have_used_up_new_passwords() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let token = token(&world, &person.email).await;
    use_up_new_passwords(&world).await;
    assert_eq!(reset(&world, &token, NEW).await.status, 200);
}

#[tokio::test]
async fn passwords_tried_with_one_reset_link_are_limited() {
    let world = World::start().await;
    let person = Browser::default().sign_up(&world, 10).await;
    let token = token(&world, &person.email).await;
    let mut statuses = Vec::new();
    while statuses.len() < 100 && statuses.last() != Some(&429) {
        statuses.push(reset(&world, &token, "password").await.status);
    }
    assert_eq!((statuses.len(), statuses.last()), (61, Some(&429)));
    let page = Browser::default().submit(&world, "/reset", &[("token", &token), ("password", NEW)]).await;
    assert_eq!(page.status, 429);
    assert!(page.text.contains(&token) && page.text.contains("Too many new passwords"), "{}", page.text);
}
