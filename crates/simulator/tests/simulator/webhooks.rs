//! The dashboard's webhooks: made, listed and deleted by whoever signs for it.

use approval::Secret;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{Builder, KEY, TestSimulator};

const PATH: &str = "/dashboard/json/application/webhooks";

/// Sends it as the provider's sample does: the sorted parameters, signed and in the body.
async fn send(
    simulator: &TestSimulator,
    key: &Secret,
    method: Method,
    path: &str,
    more: &[&str],
) -> (StatusCode, Value) {
    let (url, app) = (simulator.url(path), format!("app_api_key={KEY}"));
    let mut params = [more, &["access_key=any", app.as_str()]].concat();
    params.sort_unstable();
    let params = params.join("&");
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).unwrap();
    mac.update(format!("1.2|{method}|{url}|{params}").as_bytes());
    let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
    let request = simulator.http.request(method, url).body(params);
    let request = request.header(provider::SIGNATURE_HEADER, signature).header(provider::NONCE_HEADER, "1.2");
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_webhook_is_made_listed_and_deleted() {
    let simulator = Builder::new().start().await;
    let key = Secret::new(KEY);
    let wanted =
        ["name=added", "url=https%3A%2F%2Fapp.example%2Fhook", "events%5B%5D=user_added", "events%5B%5D=user_removed"];
    let (status, made) = send(&simulator, &key, Method::POST, PATH, &wanted).await;
    assert_eq!((status, &made["message"], &made["success"]), (StatusCode::OK, &json!("Webhook created"), &json!(true)));
    let webhook = &made["webhook"];
    assert_eq!((&webhook["name"], &webhook["url"]), (&json!("added"), &json!("https://app.example/hook")));
    assert_eq!(webhook["events"], json!(["user_added", "user_removed"]));
    let id = webhook["id"].as_str().unwrap();
    assert!(id.starts_with("WH_") && webhook["signing_key"].as_str().unwrap().starts_with("WSK_"), "{webhook}");
    assert!(webhook["account_sid"].is_string() && webhook["service_id"].is_string(), "{webhook}");
    let (_, listed) = send(&simulator, &key, Method::GET, PATH, &[]).await;
    assert_eq!(listed["webhooks"], json!([webhook]));
    let own = format!("{PATH}/{id}");
    let (status, gone) = send(&simulator, &key, Method::DELETE, &own, &[]).await;
    assert_eq!((status, gone), (StatusCode::OK, json!({ "message": "Webhook deleted", "success": true })));
    assert_eq!(send(&simulator, &key, Method::GET, PATH, &[]).await.1["webhooks"], json!([]));
    assert_eq!(send(&simulator, &key, Method::DELETE, &own, &[]).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_signs_wrongly_makes_no_webhook() {
    let simulator = Builder::new().start().await;
    let (status, refused) = send(&simulator, &Secret::new("another"), Method::GET, PATH, &[]).await;
    assert_eq!((status, &refused["error_code"]), (StatusCode::UNAUTHORIZED, &json!("60087")));
    let unsigned = simulator.http.get(simulator.url(&format!("{PATH}?app_api_key={KEY}&access_key=any")));
    assert_eq!(unsigned.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let (status, refused) =
        send(&simulator, &Secret::new(KEY), Method::POST, PATH, &["name=x", "url=https%3A%2F%2Fx"]).await;
    assert_eq!((status, &refused["error_code"]), (StatusCode::BAD_REQUEST, &json!("60004")), "without events");
}
