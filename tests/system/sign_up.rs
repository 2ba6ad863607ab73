//! A sign-up that comes to nothing leaves nothing behind.

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use tokio::net::TcpListener;

use crate::browser::Browser;
use crate::world::World;

fn ada() -> Value {
    json!({ "full_name": "Ada", "email": "ada@example.com", "country_code": "1", "phone": "2025550110",
        "password": "difference engine" })
}

/// How many users, sessions and approvals there are, half-made ones too.
async fn left(world: &World) -> [i64; 3] {
    let path = world.folder.path().join("data/countersign.db");
    let mut database = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let mut counts = [0; 3];
    for (count, table) in counts.iter_mut().zip(["users", "sessions", "approvals"]) {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        *count = sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap();
    }
    counts
}

/// A provider that refuses every phone, as Authy does it (error 60027).
async fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let refusal = json!({ "message": "User was not valid", "success": false, "cellphone": "is invalid",
        "errors": { "cellphone": "is invalid", "message": "User was not valid" }, "error_code": "60027" });
    let router =
        Router::new().route("/protected/json/users/new", post(async move || (StatusCode::BAD_REQUEST, Json(refusal))));
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

#[tokio::test]
async fn a_phone_the_provider_refuses_is_told_beside_its_field_and_leaves_nothing_behind() {
    let world = World::start_with(&[("AUTHY_API_URL", &refusing().await)]).await;
    let refused = Browser::default().post(&world, "/api/users", ada()).await;
    assert_eq!((refused.status, refused.problem()), (422, "invalid-input".to_owned()));
    let told = refused.json()["errors"]["phone"].as_str().unwrap().to_owned();
    assert!(told.contains("does not accept this number"), "{told}");
    let fields: Vec<_> = ["full_name", "email", "country_code", "phone", "password"]
        .map(|name| (name, ada()[name].as_str().unwrap().to_owned()))
        .to_vec();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
    let page = Browser::default().submit(&world, "/sign-up", &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains(r#"id="phone-error""#) && page.text.contains(&told), "{}", page.text);
    assert!(page.headers.get("set-cookie").is_none());
    assert_eq!(left(&world).await, [0; 3]);
}

#[tokio::test]
async fn a_provider_that_is_down_is_told_and_leaves_nothing_behind() {
    let mut world = World::start().await;
    world.provider_goes_down().await;
    let answer = Browser::default().post(&world, "/api/users", ada()).await;
    assert_eq!((answer.status, answer.problem()), (503, "provider-unavailable".to_owned()));
    assert_eq!(left(&world).await, [0; 3]);
}

#[tokio::test]
async fn a_sign_up_that_was_denied_on_the_phone_is_no_account() {
    let world = World::start().await;
    let mut browser = Browser::default();
    let approval = browser.post(&world, "/api/users", ada()).await.json()["approval"].clone();
    assert_eq!(left(&world).await, [1; 3]);
    world.tap("+12025550110", &approval, "deny").await;
    browser.until(&world, &approval, "denied").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.problem(), "not-approved");
    let sign_in = json!({ "email": "ada@example.com", "password": "difference engine" });
    assert_eq!(Browser::default().post(&world, "/api/session", sign_in).await.problem(), "invalid-credentials");
}

#[tokio::test]
async fn sign_ups_over_and_over_from_one_address_stop_before_a_phone_is_asked_and_leave_the_owners_their_codes() {
    let world = World::start_with(&[("SIGN_UPS_PER_ADDRESS", "3"), ("CODES_PER_COUNTRY", "2")]).await;
    let owner = Browser::default().sign_up(&world, 10).await;
    let mut strangers = Vec::new();
    for line in 11..14 {
        let mut stranger = Browser::default();
        let body = json!({ "full_name": "Eve", "email": format!("eve{line}@example.com"), "country_code": "1",
            "phone": format!("20255501{line}"), "password": "difference engine" });
        let answer = stranger.post(&world, "/api/users", body).await;
        strangers.push((stranger, answer));
    }
    assert_eq!(strangers.iter().map(|(_, answer)| answer.status).collect::<Vec<_>>(), [201, 201, 429]);
    let refused = &strangers[2].1;
    assert_eq!(refused.problem(), "too-many-attempts");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
    let phones: Value = world.http.get(format!("{}/phones", world.phones)).send().await.unwrap().json().await.unwrap();
    assert_eq!(phones.as_array().unwrap().len(), 3, "nobody has asked the provider for the fourth: {phones}");

    for (stranger, _) in &mut strangers[..2] {
        assert_eq!(stranger.ask_for_code(&world, "sms").await.status, 202);
    }
    assert_eq!(strangers[0].0.ask_for_code(&world, "sms").await.status, 429);
    let mut own = Browser::default();
    own.sign_in(&world, &owner).await;
    assert_eq!(own.ask_for_code(&world, "sms").await.status, 202, "what strangers use up is theirs");
}

/// The fields of a form of ours.
fn form<'a>(country: &'a str, phone: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("full_name", "Ada"),
        ("email", "ada@example.com"),
        ("country_code", country),
        ("phone", phone),
        ("password", "difference engine"),
    ]
}

#[tokio::test]
async fn a_number_that_can_be_two_is_asked_about_beside_its_field() {
    let world = World::start().await;
    // After Germany's calling code, or in its area 0491.
    let typed = "4915123456789";
    let page = Browser::default().submit(&world, "/sign-up", &form("DE", typed)).await;
    assert_eq!(page.status, 422);
    for part in ["Did you mean +49 1512 3456789 or +49 491 5123456789?", r#"value="4915123456789""#] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    for number in ["+4915123456789", "+494915123456789"] {
        assert!(page.text.contains(&format!(r#"name="meant" value="{number}""#)), "{number}: {}", page.text);
    }
    // A number that the question does not offer is no answer.
    let other = [form("DE", typed), vec![("meant", "+4917012345678")]].concat();
    assert_eq!(Browser::default().submit(&world, "/sign-up", &other).await.status, 422);
    assert_eq!(left(&world).await, [0; 3]);
    let answered = [form("DE", typed), vec![("meant", "+4915123456789")]].concat();
    assert_eq!(Browser::default().submit(&world, "/sign-up", &answered).await.status, 303);
    world.phone("+4915123456789").await;
}

#[tokio::test]
async fn a_program_answers_the_question_by_sending_the_number_with_its_plus() {
    let world = World::start().await;
    let mut body = ada();
    body["country_code"] = json!("DE");
    for (phone, status) in [("4915123456789", 422), ("+4915123456789", 201)] {
        body["phone"] = json!(phone);
        let answer = Browser::default().post(&world, "/api/users", body.clone()).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status == 422 {
            let said = answer.json()["errors"]["phone"].as_str().unwrap().to_owned();
            assert_eq!(said, "Did you mean +49 1512 3456789 or +49 491 5123456789?");
        }
    }
    world.phone("+4915123456789").await;
}

#[tokio::test]
async fn the_chosen_country_stays_chosen_after_a_refused_form() {
    let world = World::start().await;
    for (country, chosen) in [("CA", "CA"), ("KZ", "KZ"), ("JE", "JE"), ("1", "US"), ("+44", "GB")] {
        let page = Browser::default().submit(&world, "/sign-up", &form(country, "12")).await;
        assert_eq!(page.status, 422);
        let selected: Vec<_> = page.text.split("<option").filter(|option| option.contains(" selected>")).collect();
        assert_eq!(selected.len(), 1, "{country}: {selected:?}");
        assert!(selected[0].contains(&format!(r#"value="{chosen}""#)), "{country}: {selected:?}");
    }
}

#[tokio::test]
async fn a_number_that_another_person_could_have_is_never_rung() {
    let world = World::start().await;
    for phone in ["201-555-O123", "201-555-0123 ext. 5", "1-800-FLOWERS", "+44 7400 123456"] {
        let page = Browser::default().submit(&world, "/sign-up", &form("US", phone)).await;
        assert!(page.status == 422 && page.text.contains(r#"id="phone-error""#), "{phone}: {}", page.text);
    }
    assert_eq!(left(&world).await, [0; 3]);
    let taken = Browser::default().submit(&world, "/sign-up", &form("DE", "0049 151 23456789")).await;
    assert_eq!(taken.status, 303, "{}", taken.text);
    world.phone("+4915123456789").await;
}
