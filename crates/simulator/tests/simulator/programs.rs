//! The phones as JSON.

use reqwest::StatusCode;
use serde_json::{Value, json};
use time::Duration;

use crate::harness::Builder;

#[tokio::test]
async fn a_phone_shows_what_it_got_in_order() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    simulator
        .ask(id, &json!({ "message": "First?", "details": { "b": "1", "a": "2" }, "hidden_details": { "h": "3" } }))
        .await;
    simulator.ask(id, &json!({ "message": "Second?" })).await;
    let phone = simulator.phone(id).await;
    assert_eq!((&phone["authy_id"], &phone["cellphone"]), (&json!(id), &json!("+573001234512")));
    assert_eq!(phone["has_app"], true);
    let messages: Vec<_> = phone["requests"].as_array().unwrap().iter().map(|request| &request["message"]).collect();
    assert_eq!(messages, ["First?", "Second?"]);
    assert_eq!(phone["requests"][0]["hidden_details"], json!({ "h": "3" }));
    assert_eq!(phone["requests"][1]["details"], json!({}));
    assert_eq!(phone["callback"], json!({ "url": null, "method": "POST", "disabled": false, "consecutive_errors": 0 }));
    let all: Value = simulator.http.get(simulator.url("/phones")).send().await.unwrap().json().await.unwrap();
    assert_eq!(all.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_unknown_switch_is_refused_and_changes_nothing() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    assert_eq!(simulator.switch(id, &json!({ "has_app": false, "hasapp": true })).await, StatusCode::BAD_REQUEST);
    assert_eq!(simulator.phone(id).await["has_app"], true);
    assert_eq!(simulator.switch(id + 1, &json!({ "has_app": false })).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_the_app_nothing_can_be_answered_and_what_waits_ends_by_itself() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let uuid = simulator.ask(id, &json!({ "message": "Send?", "seconds_to_expire": 60 })).await;
    simulator.switch(id, &json!({ "has_app": false })).await;
    for tap in ["approve", "deny"] {
        assert_eq!(simulator.tap(id, &uuid, tap).await, StatusCode::CONFLICT, "{tap}");
    }
    assert_eq!(simulator.phone(id).await["requests"][0]["status"], "pending");
    simulator.pass(Duration::seconds(61));
    assert_eq!(simulator.phone(id).await["requests"][0]["status"], "expired");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let unknown = "4a725520-bff5-0135-eb01-0e5d90336a8c";
    assert_eq!(simulator.tap(id, unknown, "approve").await, StatusCode::NOT_FOUND);
    let response = simulator.http.get(simulator.url("/phones/1")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn other_origins_are_kept_out() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    for (name, value) in [("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "cross-site")] {
        for path in ["/phones".to_owned(), format!("/phones/{id}")] {
            let response = simulator.http.get(simulator.url(&path)).header(name, value).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {name}");
        }
        for path in ["/callback/enable".to_owned(), format!("/phone/{id}/switches")] {
            let response = simulator.http.post(simulator.url(&path)).header(name, value).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path} {name}");
        }
    }
    // A name that somebody else's name server points here; and a link on the product's page, which is no other's.
    for path in ["/".to_owned(), format!("/phone/{id}"), "/events".to_owned(), "/phones".to_owned()] {
        let page = simulator.http.get(simulator.url(&path));
        let response = page.header("host", "evil.example:3001").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(!response.text().await.unwrap().contains(&id.to_string()), "{path}");
    }
    let linked = simulator.http.get(simulator.url(&format!("/phone/{id}"))).header("sec-fetch-site", "same-site");
    assert_eq!(linked.send().await.unwrap().status(), StatusCode::OK);
}
