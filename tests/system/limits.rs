//! Limits: what somebody without the phone can try, how often, and that the owner is not kept out by it. Each test is
//! named by what is tried.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::SqlitePool;
use tokio::time::{sleep, timeout};

use crate::browser::{Answer, Browser, Person, id, signing_in, text};
use crate::process::PATIENCE;
use crate::world::World;

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
pub(crate) async fn signed_in(world: &World, person: &Person) -> (Browser, Value) {
    let (browser, answer) = give_password(world, person, "difference engine").await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    (browser, answer.json())
}

/// The newest code by text message, asked for in this browser.
pub(crate) async fn code(world: &World, person: &Person, browser: &mut Browser) -> String {
    assert_eq!(browser.ask_for_code(world, "sms").await.status, 202);
    world.phone_when(&person.cellphone, |phone| Some(text(phone["sms"].as_array()?.last()?, "code").to_owned())).await
}

pub(crate) async fn notices(world: &World, browser: &mut Browser) -> Vec<String> {
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
    let counted = "SELECT count(*) FROM attempts WHERE kind = 'code'";
    // For the account and for the phone.
    let all = async {
        while sqlx::query_scalar::<_, i64>(counted).fetch_one(&pool).await.unwrap() < 2 * 5 {
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
async fn a_limit_that_is_reached_is_in_the_log_by_name_and_in_the_audit_trail_once() {
    let mut world = World::start().await;
    let (person, mut browser, _) = signing_in(&world).await;
    let storage = world.storage().await;
    for guess in 0..9 {
        browser.type_code(&world, &format!("{guess:07}")).await;
    }
    let user = storage.accounts().find(&person.email).await.unwrap().unwrap().id;
    let trail = storage.audit().of_account(user).await.unwrap();
    let reached = trail.iter().filter(|row| row.kind == "limit_reached" && row.note.as_deref() == Some("wrong_codes"));
    assert_eq!(reached.count(), 1);
    while !world.serve.error_line().await.contains("limit=\"wrong_codes\"") {}
}

/// What a right password from this address is answered.
async fn from(world: &World, person: &Person, address: &str) -> reqwest::Response {
    let body = json!({ "email": person.email, "password": "difference engine" });
    let request = world.http.post(format!("{}/api/session", world.url)).header("x-forwarded-for", address);
    request.json(&body).send().await.unwrap()
}

#[tokio::test]
async fn sign_ins_with_a_right_password_are_thirty_in_ten_minutes_from_one_network() {
    let world = World::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let person = Browser::default().sign_up(&world, 10).await;
    let other = Browser::default().sign_up(&world, 11).await;
    let url = format!("sqlite:{}", world.folder.path().join("data/countersign.db").display());
    let db = SqlitePool::connect(&url).await.unwrap();
    let rows = async || {
        let count = "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM audit)";
        sqlx::query_as::<_, (i64, i64)>(count).fetch_one(&db).await.unwrap()
    };
    for _ in 0..30 {
        assert_eq!(from(&world, &person, "2001:db8:1:2::1").await.status(), 201);
    }
    let before = rows().await;
    for address in ["2001:db8:1:2::1", "2001:db8:1:2::99"] {
        let refused = from(&world, &person, address).await;
        assert_eq!(refused.status(), 429);
        let wait: u32 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=600).contains(&wait), "{wait}");
    }
    let fields = [("email", &*person.email), ("password", "difference engine")];
    let form = world.http.post(format!("{}/sign-in", world.url)).header("x-forwarded-for", "2001:db8:1:2::1");
    let form = form.header("origin", &world.url).form(&fields).send().await.unwrap();
    assert_eq!(form.status(), 429);
    let page = form.text().await.unwrap();
    assert!(page.contains("Too many sign-ins to this account from your address. Please try again in"), "{page}");
    assert_eq!(rows().await, before, "a refused sign-in writes no session and no line");

    assert_eq!(from(&world, &person, "2001:db8:1:3::1").await.status(), 201, "the owner elsewhere");
    assert_eq!(from(&world, &other, "2001:db8:1:2::1").await.status(), 201, "somebody else");
}
