//! What can be done with a user beside signing in.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::Builder;

#[tokio::test]
async fn a_new_address_of_a_user_is_added_and_what_is_none_is_refused() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let path = format!("/protected/json/users/{id}/update");
    for address in [json!({ "email": "new@example.com" }), json!({ "user": { "email": "newer@example.com" } })] {
        let (status, body) = simulator.post(&path, &address).await;
        assert_eq!((status, &body["success"]), (StatusCode::OK, &json!(true)));
    }
    assert_eq!(simulator.phone(id).await["emails"], json!(["ada@example.com", "new@example.com", "newer@example.com"]));
    let (status, body) = simulator.post(&path, &json!({ "email": "nowhere" })).await;
    assert_eq!(
        (status, &body["error_code"], &body["email"]),
        (StatusCode::BAD_REQUEST, &json!("60027"), &json!("is invalid"))
    );
    let (status, body) = simulator.post("/protected/json/users/1/update", &json!({ "email": "a@example.com" })).await;
    assert_eq!((status, &body["error_code"]), (StatusCode::NOT_FOUND, &json!("60026")));
}

#[tokio::test]
async fn a_code_by_email_arrives_and_counts_once() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let (status, sent) = simulator.post(&format!("/protected/json/email/{id}"), &json!({})).await;
    assert_eq!((status, &sent["message"]), (StatusCode::OK, &json!("Email token was sent")));
    let mail = simulator.phone(id).await["mail"].clone();
    let code = mail[0]["code"].as_str().unwrap();
    let page = simulator.http.get(simulator.url(&format!("/phone/{id}"))).send().await.unwrap().text().await.unwrap();
    assert!(page.contains(code), "{page}");
    for number in [Value::Null, json!("60019")] {
        let (_, body) = simulator.get(&format!("/protected/json/verify/{code}/{id}?force=true")).await;
        assert_eq!(body["error_code"], number);
    }
}

#[tokio::test]
async fn the_secret_says_what_another_authenticator_needs() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let path = format!("/protected/json/users/{id}/secret");
    let (status, told) = simulator.post(&path, &json!({ "label": "Jarod (vault)", "qr_size": 300 })).await;
    assert_eq!((status, &told["success"], &told["label"]), (StatusCode::OK, &json!(true), &json!("Jarod (vault)")));
    assert_eq!(told["issuer"], "Jarod's Vault");
    let uri = told["qr_code"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/Jarod%20%28vault%29?secret="), "{uri}");
    assert!(uri.ends_with("&issuer=Jarod%27s%20Vault&algorithm=SHA256&digits=7&period=10"), "{uri}");
    let again = simulator.post(&path, &json!({})).await.1;
    assert_eq!(again["label"], "ada@example.com");
    let secret = |told: &Value| told["qr_code"].as_str().unwrap().split(['=', '&']).nth(1).unwrap().to_owned();
    assert_eq!((secret(&told).len(), secret(&told)), (32, secret(&again)));
    assert_eq!(simulator.post("/protected/json/users/1/secret", &json!({})).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_registration_by_a_name_of_the_services_own_is_pending_for_ever() {
    let simulator = Builder::new().start().await;
    let (status, told) = simulator.get("/protected/json/registrations/status?custom_user_id=ada").await;
    assert_eq!((status, &told["registration"]["status"]), (StatusCode::OK, &json!("pending")));
    let (status, refused) = simulator.get("/protected/json/registrations/status").await;
    assert_eq!((status, &refused["error_code"]), (StatusCode::BAD_REQUEST, &json!("60004")));
}
