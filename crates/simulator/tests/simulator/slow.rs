//! The provider that takes its time.

use reqwest::StatusCode;
use serde_json::json;
use tokio::time::{Duration, Instant, timeout};

use crate::harness::{Builder, KEY};

#[tokio::test]
async fn every_answer_about_a_slow_phone_waits_and_about_others_none_does() {
    let simulator = Builder::new().start().await;
    let (slow, other) = (simulator.register("3001234512").await, simulator.register("3001234513").await);
    let uuid = simulator.ask(slow, &json!({ "message": "Send?" })).await;
    simulator.switch(slow, &json!({ "slow_ms": 200 })).await;
    for path in [
        format!("/protected/json/users/{slow}/status"),
        format!("/protected/json/sms/{slow}?force=true"),
        format!("/protected/json/call/{slow}?force=true"),
        format!("/protected/json/verify/0000000/{slow}?force=true"),
        format!("/onetouch/json/approval_requests/{uuid}"),
    ] {
        let start = Instant::now();
        simulator.get(&path).await;
        assert!(start.elapsed().as_millis() >= 200, "{path}");
    }
    let start = Instant::now();
    simulator.register("3001234512").await;
    assert!(start.elapsed().as_millis() >= 200, "registering again");
    // Of an answer that waits for a day none would come here.
    simulator.switch(slow, &json!({ "slow_ms": 86_400_000 })).await;
    assert_eq!(simulator.get(&format!("/protected/json/users/{other}/status")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_a_slow_provider_is_asked_it_has_done_before_it_answers() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    simulator.switch(id, &json!({ "slow_ms": 86_400_000 })).await;
    let url = simulator.url(&format!("/onetouch/json/users/{id}/approval_requests?api_key={KEY}"));
    let asking = simulator.http.post(url).json(&json!({ "message": "Send?" })).send();
    let phone = tokio::select! {
        phone = simulator.until_asked(id, 1) => phone,
        _ = asking => panic!("it answered"),
    };
    let uuid = phone["requests"][0]["uuid"].as_str().unwrap();
    assert_eq!(simulator.tap(id, uuid, "approve").await, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_slow_phone_is_no_slower_for_programs() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    simulator.switch(id, &json!({ "slow_ms": 86_400_000 })).await;
    let switched_back = timeout(Duration::from_secs(20), simulator.switch(id, &json!({ "slow_ms": 0 }))).await;
    assert_eq!(switched_back.unwrap(), StatusCode::OK);
}
