//! Typed and pasted texts, over pages and JSON: one address in every spelling, codes and links as other programs show
//! them, names and labels without hidden characters.

use serde_json::{Value, json};
use sqlx::SqlitePool;

use crate::browser::{Answer, Browser, Person, signing_in};
use crate::process::Process;
use crate::world::World;

const PASSWORD: &str = "difference engine";

/// Signs up with these fields instead of the usual ones; the account is not active yet.
async fn sign_up(browser: &mut Browser, world: &World, fields: Value) -> Answer {
    let mut body = json!({ "full_name": "Ada Lovelace", "email": "ada@example.com", "country_code": "1",
        "phone": "2025550110", "password": PASSWORD });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    browser.post(world, "/api/users", body).await
}

/// An active account with this address.
async fn account(world: &World, email: &str, password: &str) -> Browser {
    let mut browser = Browser::default();
    let answer = sign_up(&mut browser, world, json!({ "email": email, "password": password })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let approval = answer.json()["approval"].clone();
    assert_eq!(world.tap("+12025550110", &approval, "approve").await, 204);
    browser.until(world, &approval, "approved").await;
    assert_eq!(browser.act(world, &approval, "complete").await.status, 200);
    browser
}

async fn sign_in(world: &World, email: &str, password: &str) -> Answer {
    Browser::default().post(world, "/api/session", json!({ "email": email, "password": password })).await
}

async fn user(world: &World, email: &str) -> Vec<String> {
    let variables = [("PUBLIC_URL", &*world.url)];
    let ended = Process::start(world.folder.path(), &["user", "reset-link", email], &variables).ended().await;
    if ended.status.success() { ended.output } else { ended.errors }
}

#[tokio::test]
async fn an_account_is_found_by_every_spelling_of_its_address() {
    let world = World::start_with(&[("PENDING_PUSHES", "20")]).await;
    let mut browser = account(&world, "ada@xn--bcher-kva.example", PASSWORD).await;
    for page in ["/account", "/password"] {
        assert!(browser.get(&world, page).await.text.contains("ada@bücher.example"), "{page}");
    }
    assert_eq!(browser.get(&world, "/api/session").await.json()["user"]["email"], "ada@bücher.example");
    for email in ["ada@bücher.example", "ADA@BÜCHER.example.", "\u{202a}ada@bu\u{308}cher.example\u{202c}"] {
        assert_eq!(sign_in(&world, email, PASSWORD).await.status, 201, "{email:?}");
        assert!(user(&world, &format!("{email}\n")).await[1].contains("of ada@bücher.example once"), "{email:?}");
    }
    let request = world.phone("+12025550110").await["requests"].as_array().unwrap().last().cloned().unwrap();
    assert_eq!(request["details"]["Email Address"], "ada@bücher.example");
}

#[tokio::test]
async fn an_address_with_a_hidden_character_is_refused_and_counts_as_no_guess() {
    let world = World::start().await;
    account(&world, "ada@example.com", PASSWORD).await;
    let hidden = "a\u{200b}da@example.com";
    let refused = sign_up(&mut Browser::default(), &world, json!({ "email": hidden })).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json()["errors"]["email"].as_str().unwrap().contains("hidden character"), "{}", refused.text);
    for _ in 0..10 {
        let refused = sign_in(&world, hidden, PASSWORD).await;
        assert_eq!((refused.status, &*refused.problem()), (403, "invalid-credentials"));
        assert!(refused.json()["detail"].as_str().unwrap().contains("hidden character"));
    }
    assert_eq!(sign_in(&world, "ada@example.com\u{200b}", PASSWORD).await.status, 201);
    assert!(user(&world, hidden).await[0].contains(r"a\u{200b}da@example.com"));
}

#[tokio::test]
async fn old_accounts_sign_in_by_their_spelling_and_get_keys_at_a_start() {
    let mut world = World::start().await;
    for (email, password) in [("old@a.example", "the older one"), ("new@a.example", "the younger one")] {
        account(&world, email, password).await;
    }
    let before = [("old@a.example", "ada@bücher.example"), ("new@a.example", "ada@xn--bcher-kva.example")];
    world.kill().await;
    let path = world.folder.path().join("data/countersign.db");
    let db = SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    for (now, email) in before {
        let row = sqlx::query("UPDATE users SET email = ?, email_key = NULL, email_settled = 0 WHERE email = ?");
        row.bind(email).bind(now).execute(&db).await.unwrap();
    }
    db.close().await;
    let migrated = Process::start(world.folder.path(), &["migrate"], &[]).ended().await;
    assert!(migrated.status.success(), "{migrated:?}");
    let said = migrated.errors.join("\n") + &migrated.output.join("\n");
    assert!(said.contains("ada@bücher.example") && said.contains("ada@xn--bcher-kva.example"), "{said}");
    world.restart().await;
    for (email, password) in [
        ("ada@bücher.example", "the older one"),
        ("ada@xn--bcher-kva.example", "the younger one"),
        ("ada@BÜCHER.example.", "the older one"),
    ] {
        assert_eq!(sign_in(&world, email, password).await.status, 201, "{email}");
    }
}

#[tokio::test]
async fn a_code_is_taken_in_any_grouping_and_other_text_counts_as_no_try() {
    let world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    for none in ["12345", "five six", "12345678901", "../sms"].iter().cycle().take(12) {
        let refused = browser.type_code(&world, none).await;
        assert_eq!((refused.status, &*refused.problem()), (401, "invalid-code"));
        assert_eq!(refused.json()["detail"], "A code has 6 to 10 digits. Please check what you typed.");
        let page = browser.submit(&world, "/code", &[("code", none)]).await;
        assert!(page.text.contains("A code has 6 to 10 digits") && page.text.contains("code-error"), "{}", page.text);
    }
    let pasted = browser.submit(&world, "/code", &[("code", &"a whole mail. ".repeat(500))]).await;
    assert!(pasted.status == 401 && pasted.text.contains("A code has 6 to 10 digits"), "{}", pasted.text);
    assert_eq!(browser.ask_for_code(&world, "sms").await.status, 202);
    let code = newest(&world, &person).await;
    let (first, last) = code.split_at(3);
    let grouped = format!("\u{2068}{first}\u{202f}{last}\u{2069}.");
    assert_eq!(browser.submit(&world, "/code", &[("code", &grouped)]).await.header("location"), "/account");
}

/// The newest code that came by text message.
async fn newest(world: &World, person: &Person) -> String {
    let message = world.phone_when(&person.cellphone, |phone| phone["sms"].as_array().unwrap().last().cloned()).await;
    message["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_whole_link_of_a_new_password_may_be_pasted() {
    let world = World::start().await;
    account(&world, "ada@example.com", PASSWORD).await;
    let link = user(&world, "ada@example.com").await[0].clone();
    let pasted = format!("<{link}>\u{200b}");
    let form = [("token", &*pasted), ("password", "analytical engine")];
    let done = Browser::default().submit(&world, "/reset", &form).await;
    assert_eq!((done.status, done.header("location")), (303, "/reset/done"));
    let again = user(&world, "ada@example.com").await[0].replace('#', "%23") + ".";
    let body = json!({ "token": again, "password": "difference engine no. 2" });
    assert_eq!(Browser::default().post(&world, "/api/password/reset", body).await.status, 200);
}

#[tokio::test]
async fn a_password_is_the_same_in_both_compositions() {
    let world = World::start().await;
    account(&world, "ada@example.com", "Pr\u{fc}fungs\u{e4}ngste").await;
    assert_eq!(sign_in(&world, "ada@example.com", "Pru\u{308}fungsa\u{308}ngste").await.status, 201);
    assert_eq!(sign_in(&world, "ada@example.com", "Prufungsangste").await.problem(), "invalid-credentials");
}

#[tokio::test]
async fn names_that_show_nothing_are_refused_and_marks_of_keyboards_are_dropped() {
    let world = World::start().await;
    for nothing in ["\u{200b}", "\u{3164}", "\u{2800}"] {
        let refused = sign_up(&mut Browser::default(), &world, json!({ "full_name": nothing })).await;
        assert_eq!(refused.json()["errors"]["full_name"], "Please write your name.", "{nothing:?}");
    }
    let mut browser = Browser::default();
    assert_eq!(sign_up(&mut browser, &world, json!({ "full_name": "\u{200f}עדה\u{200e}" })).await.status, 201);
    assert_eq!(browser.get(&world, "/api/session").await.json()["user"]["full_name"], "עדה");
}

#[tokio::test]
async fn a_transaction_has_no_words_that_look_like_our_own() {
    let world = World::start().await;
    let mut browser = Browser::default();
    browser.sign_up(&world, 10).await;
    for label in ["Num\u{200b}ber", "Ｎｕｍｂｅｒ", "Numb\u{435}r", "\u{51c}here", "Email\u{a0}Address"] {
        let asked = json!({ "message": "Send money", "details": { label: "47" } });
        let refused = browser.post(&world, "/api/approvals", asked).await;
        assert_eq!(refused.status, 422, "{label:?}");
        assert!(refused.json()["errors"]["details"].is_string(), "{}", refused.text);
    }
    for message in ["Sign in to Countersign?", "Sign in t\u{43e} Countersign?"] {
        let refused = browser.post(&world, "/api/approvals", json!({ "message": message })).await;
        assert!(refused.json()["errors"]["message"].is_string(), "{}", refused.text);
    }
}
