//! Callbacks: signed as the provider signs them, and disabled as it disables them.

use approval::Secret;
use provider::{ApiKey, Method, SignedRequest, verify};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, timeout};

use crate::harness::{Builder, Call, KEY, Service, TestSimulator, unix_now};

fn is_signed(call: &Call, method: Method, url: &str) -> bool {
    let request = SignedRequest {
        method,
        nonce: Some(&call.nonce),
        signature: Some(&call.signature),
        query: &call.query,
        body: &call.body,
    };
    verify(&ApiKey::new(Secret::new(KEY)).unwrap().into(), &url.parse().unwrap(), &request).is_ok()
}

async fn phone(method: Method) -> (TestSimulator, Service, u64) {
    let service = Service::start().await;
    let simulator = Builder::new().calling(&service.url, method).start().await;
    let id = simulator.register("3001234512").await;
    (simulator, service, id)
}

#[tokio::test]
async fn a_tap_is_told_by_a_signed_post_in_the_providers_shape() {
    let (simulator, service, id) = phone(Method::Post).await;
    let logos = json!([{ "res": "default", "url": "https://x/1" }, { "res": "low", "url": "https://x/2" }]);
    let request = json!({
        "message": "Sign in to Jarod's Vault?",
        "details": { "Number": "47", "Email Address": "ada@example.com" },
        "hidden_details": { "approval": "0190" },
        "logos": logos,
        "seconds_to_expire": 120,
    });
    let uuid = simulator.ask(id, &request).await;
    assert_eq!(simulator.tap(id, &uuid, "approve").await, StatusCode::NO_CONTENT);

    let call = service.calls(1).await.remove(0);
    assert!(is_signed(&call, Method::Post, &service.url));
    assert!((unix_now() - call.nonce.parse::<i64>().unwrap()).abs() < 60);
    let body = call.json();
    assert_eq!((&body["authy_id"], &body["uuid"], &body["status"]), (&json!(id), &json!(uuid), &json!("approved")));
    assert_eq!(body["callback_action"], "approval_request_status");
    assert!(body["device_uuid"].is_u64());
    let (asked, transaction) = (&body["approval_request"], &body["approval_request"]["transaction"]);
    assert_eq!(asked["logos"], logos);
    assert_eq!(asked["expiration_timestamp"].as_i64().unwrap() - transaction["created_at_time"].as_i64().unwrap(), 120);
    assert_eq!(transaction["uuid"], json!(uuid));
    for name in ["message", "details", "hidden_details"] {
        assert_eq!(transaction[name], request[name], "{name}");
    }
}

/// What JSON has at each place, for instance `/device/id: number`.
fn shape(value: &Value, place: &str) -> Vec<String> {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    };
    let within = value.as_object().into_iter().flatten();
    let within = within.flat_map(|(name, value)| shape(value, &format!("{place}/{name}")));
    std::iter::once(format!("{place}: {kind}")).chain(within).collect()
}

#[tokio::test]
async fn a_callback_has_at_every_level_what_one_that_was_captured_has_and_nothing_else() {
    let vectors = include_str!("../../../provider/tests/vectors/authy_callbacks.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let mut vectors = vectors["vectors"].as_array().unwrap().iter();
    let captured = vectors.find(|vector| vector["name"] == "golden_authy-java_testValidSignatureApprovedPost").unwrap();
    let captured: Value = serde_json::from_str(captured["body"].as_str().unwrap()).unwrap();
    let (simulator, service, id) = phone(Method::Post).await;
    let uuid = simulator.ask(id, &json!({ "message": "Authorize OneTouch Unit Test" })).await;
    simulator.tap(id, &uuid, "approve").await;
    assert_eq!(shape(&service.calls(1).await[0].json(), ""), shape(&captured, ""));
}

#[tokio::test]
async fn a_request_without_details_and_logos_echoes_null() {
    let (simulator, service, id) = phone(Method::Post).await;
    let uuid = simulator.ask(id, &json!({ "message": "Send?", "details": {}, "logos": [] })).await;
    simulator.tap(id, &uuid, "deny").await;
    let body = service.calls(1).await[0].json();
    assert_eq!(body["status"], "denied");
    assert!(body["approval_request"]["logos"].is_null());
    assert!(body["approval_request"]["transaction"]["details"].is_null());
}

#[tokio::test]
async fn by_get_everything_stands_sorted_in_the_query() {
    let (simulator, service, id) = phone(Method::Get).await;
    let uuid = simulator.ask(id, &json!({ "message": "Žaneta & Co – 100 %?", "details": { "To": "a=b" } })).await;
    simulator.tap(id, &uuid, "approve").await;
    let call = service.calls(1).await.remove(0);
    assert_eq!(call.method, "GET");
    assert!(call.body.is_empty());
    assert!(is_signed(&call, Method::Get, &service.url));
    assert!(call.query.split('&').is_sorted() && call.query.ends_with(&format!("&status=approved&uuid={uuid}")));
}

#[tokio::test]
async fn a_request_takes_one_answer() {
    let (simulator, service, id) = phone(Method::Post).await;
    let uuid = simulator.ask(id, &json!({ "message": "Send?" })).await;
    assert_eq!(simulator.tap(id, &uuid, "deny").await, StatusCode::NO_CONTENT);
    assert_eq!(simulator.tap(id, &uuid, "approve").await, StatusCode::CONFLICT);
    assert_eq!(service.count(), 1);
    assert_eq!(simulator.phone(id).await["requests"][0]["status"], "denied");
}

#[tokio::test]
async fn after_three_errors_in_a_row_the_callback_is_disabled_until_a_person_enables_it() {
    let service = Service::answering(&[500, 200, 404, 503, 401]).await;
    let simulator = Builder::new().calling(&service.url, Method::Post).start().await;
    let id = simulator.register("3001234512").await;
    let tap = async || {
        let uuid = simulator.ask(id, &json!({ "message": "Send?" })).await;
        assert_eq!(simulator.tap(id, &uuid, "approve").await, StatusCode::NO_CONTENT);
        simulator.phone(id).await["callback"].clone()
    };
    for errors in [1, 0, 1, 2] {
        let callback = tap().await;
        assert_eq!((&callback["consecutive_errors"], &callback["disabled"]), (&json!(errors), &json!(false)));
    }
    assert_eq!(tap().await["disabled"], true);
    tap().await;
    assert_eq!(service.count(), 5, "a disabled callback is not sent");

    let enabled = simulator.http.post(simulator.url("/callback/enable")).send().await.unwrap();
    assert_eq!(enabled.status(), StatusCode::NO_CONTENT);
    assert_eq!(tap().await["disabled"], false);
    assert_eq!(service.count(), 6);
}

#[tokio::test]
async fn nobody_listening_counts_as_an_error() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", nobody.local_addr().unwrap());
    drop(nobody);
    let simulator = Builder::new().calling(&url, Method::Post).start().await;
    let id = simulator.register("3001234512").await;
    let uuid = simulator.ask(id, &json!({ "message": "Send?" })).await;
    assert_eq!(simulator.tap(id, &uuid, "approve").await, StatusCode::NO_CONTENT);
    assert_eq!(simulator.phone(id).await["callback"]["consecutive_errors"], 1);
}

#[tokio::test]
async fn the_switches_delay_repeat_and_suppress_callbacks() {
    let (simulator, service, id) = phone(Method::Post).await;
    let tap = async |switches| {
        assert_eq!(simulator.switch(id, &switches).await, StatusCode::OK);
        let uuid = simulator.ask(id, &json!({ "message": "Send?" })).await;
        simulator.tap(id, &uuid, "approve").await;
    };
    tap(json!({ "never_call_back": true })).await;
    assert_eq!(service.count(), 0);
    let start = Instant::now();
    tap(json!({ "never_call_back": false, "delay_ms": 150 })).await;
    assert!(start.elapsed().as_millis() >= 150);
    assert_eq!(service.count(), 1);
    tap(json!({ "delay_ms": 0, "duplicate": true })).await;
    let calls = service.calls(3).await;
    assert_eq!(calls[1].body, calls[2].body);
}

#[tokio::test]
async fn a_tap_that_is_told_to_nobody_is_answered_at_once_whatever_the_delay() {
    let (failing, url) = (Service::answering(&[500, 500, 500]).await, "http://127.0.0.1:9/");
    let disabled = Builder::new().calling(&failing.url, Method::Post).start().await;
    let never = Builder::new().calling(url, Method::Post).start().await;
    let nowhere = Builder::new().start().await;
    for (simulator, off) in [(&disabled, false), (&never, true), (&nowhere, false)] {
        let id = simulator.register("3001234512").await;
        let tap = async || {
            let uuid = simulator.ask(id, &json!({ "message": "Send?" })).await;
            assert_eq!(simulator.tap(id, &uuid, "approve").await, StatusCode::NO_CONTENT);
        };
        for _ in 0..if simulator.base == disabled.base { 3 } else { 0 } {
            tap().await;
        }
        simulator.switch(id, &json!({ "delay_ms": 86_400_000, "never_call_back": off })).await;
        timeout(Duration::from_secs(20), tap()).await.expect("it is answered at once");
    }
    assert_eq!(failing.count(), 3);
}

#[tokio::test]
async fn out_of_order_the_callback_comes_before_the_answer_to_the_request() {
    let (simulator, service, id) = phone(Method::Post).await;
    simulator.switch(id, &json!({ "out_of_order": true })).await;
    let request = json!({ "message": "Send?" });
    let tap = async {
        let phone = simulator.until_asked(id, 1).await;
        simulator.tap(id, phone["requests"][0]["uuid"].as_str().unwrap(), "approve").await;
    };
    let ask = async {
        let uuid = simulator.ask(id, &request).await;
        assert_eq!(service.count(), 1, "the callback came first");
        uuid
    };
    let (uuid, ()) = tokio::join!(ask, tap);
    assert_eq!(service.calls(1).await[0].json()["uuid"], json!(uuid));
}
