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
