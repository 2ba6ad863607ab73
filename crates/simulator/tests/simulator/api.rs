//! The provider's API: every way to send parameters, every answer word for word.

use reqwest::StatusCode;
use serde_json::{Value, json};
use time::Duration;

use crate::harness::{Builder, KEY, TestSimulator};

#[tokio::test]
async fn a_user_is_registered_in_every_encoding_and_one_number_is_one_user() {
    let simulator = Builder::new().start().await;
    let url = simulator.url("/protected/json/users/new");
    let form = "user[email]=a@example.com&user[cellphone]=300-123.45%2012&user[country_code]=57";
    let requests = [
        simulator.http.post(format!("{url}?api_key={KEY}")).header("content-type", "text/html").body(form),
        simulator.http.post(format!("{url}?{form}&api_key={KEY}")),
        simulator.http.post(&url).body(format!("{form}&api_key={KEY}")),
        simulator.http.post(&url).header("x-authy-api-key", KEY).body(
            r#"{"user":{"email":"a@example.com","cellphone":"3001234512","country_code":57},"send_install_link_via_sms":true}"#,
        ),
    ];
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.send().await.unwrap().text().await.unwrap());
    }
    let id = simulator.http.get(simulator.url("/phones")).send().await.unwrap().json::<Value>().await.unwrap();
    let id = &id[0]["authy_id"];
    let wanted = format!(r#"{{"message":"User created successfully.","success":true,"user":{{"id":{id}}}}}"#);
    assert_eq!(answers, vec![wanted; 4]);
}

#[tokio::test]
async fn an_impossible_phone_is_refused_with_the_field_named_twice() {
    let simulator = Builder::new().start().await;
    let user = json!({ "user": { "email": "a@example.com", "cellphone": "12", "country_code": "57" } });
    let (status, body) = simulator.post("/protected/json/users/new", &user).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(
        body,
        json!({
            "message": "User was not valid", "success": false, "cellphone": "is invalid", "error_code": "60027",
            "errors": { "cellphone": "is invalid", "message": "User was not valid" },
        })
    );
}

#[tokio::test]
async fn without_the_right_key_nothing_is_told() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    for key in ["", "wrong"] {
        let request = simulator.http.get(simulator.url(&format!("/protected/json/users/{id}/status?api_key={key}")));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.json::<Value>().await.unwrap()["error_code"], "60001");
    }
}

#[tokio::test]
async fn a_status_tells_whether_the_phone_has_the_app() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let status = async || simulator.get(&format!("/protected/json/users/{id}/status")).await.1;
    let with_app = status().await;
    assert_eq!(with_app["message"], "User status.");
    assert_eq!(with_app["status"]["registered"], true);
    assert_eq!(with_app["status"]["phone_number"], "XXX-XXX-4512");
    simulator.switch(id, &json!({ "has_app": false })).await;
    let without = status().await;
    assert_eq!((&without["status"]["registered"], &without["status"]["devices"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn all_three_spellings_delete_and_a_deleted_user_is_unknown() {
    let simulator = Builder::new().start().await;
    for (path, words) in [
        ("users/ID/remove", "User was added to remove."),
        ("users/ID/delete", "User removed from application"),
        ("users/delete/ID", "User removed from application"),
    ] {
        let id = simulator.register("3001234512").await;
        let path = format!("/protected/json/{}", path.replace("ID", &id.to_string()));
        let (status, body) = simulator.post(&path, &json!({})).await;
        assert_eq!((status, &body["message"]), (StatusCode::OK, &json!(words)));
        let (status, body) = simulator.post(&path, &json!({})).await;
        assert_eq!((status, &body["error_code"]), (StatusCode::NOT_FOUND, &json!("60026")));
    }
}

#[tokio::test]
async fn codes_are_ignored_for_a_phone_with_the_app_unless_forced() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let (_, ignored) = simulator.get(&format!("/protected/json/sms/{id}")).await;
    assert_eq!((&ignored["ignored"], &ignored["cellphone"]), (&json!(true), &json!("+57-XXX-XXX-XX12")));
    let (_, ignored) = simulator.get(&format!("/protected/json/call/{id}")).await;
    assert!(ignored["message"].as_str().unwrap().starts_with("Call ignored. User is using  App Tokens and this call"));
    let (_, sent) = simulator.get(&format!("/protected/json/sms/{id}?force=True")).await;
    assert_eq!(sent, json!({ "success": true, "message": "SMS token was sent", "cellphone": "+57-XXX-XXX-XX12" }));
    let phone = simulator.phone(id).await;
    assert_eq!((phone["sms"].as_array().unwrap().len(), phone["calls"].as_array().unwrap().len()), (1, 0));
}

async fn verify(simulator: &TestSimulator, id: u64, code: &str, query: &str) -> (StatusCode, Value) {
    simulator.get(&format!("/protected/json/verify/{code}/{id}?{query}")).await
}

#[tokio::test]
async fn a_sent_code_counts_once_within_ten_minutes() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    simulator.get(&format!("/protected/json/sms/{id}?force=true")).await;
    simulator.get(&format!("/protected/json/sms/{id}?force=true")).await;
    let sms = simulator.phone(id).await["sms"].clone();
    let (first, second) = (sms[0]["code"].as_str().unwrap(), sms[1]["code"].as_str().unwrap());
    assert_eq!(first.len(), 7);

    let (status, body) = verify(&simulator, id, first, "force=true").await;
    assert_eq!((status, &body["token"], &body["success"]), (StatusCode::OK, &json!("is valid"), &json!("true")));
    let (status, body) = verify(&simulator, id, first, "force=true").await;
    assert_eq!((status, &body["error_code"]), (StatusCode::UNAUTHORIZED, &json!("60019")));
    simulator.pass(Duration::minutes(10));
    let (status, body) = verify(&simulator, id, second, "force=true").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        body,
        json!({
            "message": "Token is invalid", "token": "is invalid", "success": false, "error_code": "60020",
            "errors": { "message": "Token is invalid" },
        })
    );
}

#[tokio::test]
async fn a_code_for_an_action_is_good_for_that_action_only() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    simulator.get(&format!("/protected/json/call/{id}?force=true&action=transfer-1&action_message=Send%3F")).await;
    let phone = simulator.phone(id).await;
    let code = phone["calls"][0]["code"].as_str().unwrap();
    for query in ["force=true", "force=true&action=transfer-2"] {
        assert_eq!(verify(&simulator, id, code, query).await.0, StatusCode::UNAUTHORIZED);
    }
    let own = phone["authenticator"]["code"].as_str().unwrap();
    assert_eq!(verify(&simulator, id, own, "force=true&action=transfer-1").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(verify(&simulator, id, code, "force=true&action=transfer-1").await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_authenticators_code_is_shown_until_it_is_used_and_then_the_next_one() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    for _ in 0..3 {
        let shown = simulator.phone(id).await["authenticator"].clone();
        let code = shown["code"].as_str().unwrap();
        assert_eq!(verify(&simulator, id, code, "force=true").await.0, StatusCode::OK);
        assert_eq!(verify(&simulator, id, code, "force=true").await.1["error_code"], "60019");
    }
}

#[tokio::test]
async fn the_authenticator_has_seven_digits_for_ten_seconds() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let shown = simulator.phone(id).await["authenticator"].clone();
    assert_eq!(shown["code"].as_str().unwrap().len(), 7);
    assert!((0..=10).contains(&shown["seconds_left"].as_i64().unwrap()), "{shown}");
    simulator.pass(Duration::seconds(10));
    assert_ne!(simulator.phone(id).await["authenticator"]["code"], shown["code"]);
}

#[tokio::test]
async fn without_force_any_token_is_taken_until_the_first_genuine_one() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    simulator.switch(id, &json!({ "has_app": false })).await;
    assert_eq!(verify(&simulator, id, "0000000", "").await.1["token"], "is valid");
    assert_eq!(verify(&simulator, id, "0000000", "force=true").await.0, StatusCode::UNAUTHORIZED);
    simulator.get(&format!("/protected/json/sms/{id}")).await;
    let sms = simulator.phone(id).await["sms"].clone();
    verify(&simulator, id, sms[0]["code"].as_str().unwrap(), "").await;
    assert_eq!(verify(&simulator, id, sms[0]["code"].as_str().unwrap(), "force=true").await.0, StatusCode::OK);
    assert_eq!(verify(&simulator, id, "0000000", "").await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_request_is_pending_then_expired_and_zero_seconds_are_for_ever() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let short = simulator.ask(id, &json!({ "message": "Send?", "seconds_to_expire": 60 })).await;
    let endless = simulator.ask(id, &json!({ "message": "Send?", "seconds_to_expire": 0 })).await;
    let usual = simulator.ask(id, &json!({ "message": "Send?", "seconds_to_expire": null })).await;
    let read = async |uuid: &str| {
        let (_, body) = simulator.get(&format!("/onetouch/json/approval_requests/{uuid}")).await;
        body["approval_request"].clone()
    };
    assert_eq!((&read(&short).await["status"], &read(&short).await["processed_at"]), (&json!("pending"), &json!(null)));
    assert_eq!(read(&usual).await["seconds_to_expire"], 86_400);
    simulator.pass(Duration::days(1) + Duration::seconds(1));
    let expired = read(&short).await;
    assert_eq!(expired["status"], "expired");
    assert!(expired["processed_at"].as_str().unwrap() > expired["created_at"].as_str().unwrap());
    assert_eq!(
        (&read(&endless).await["status"], &read(&usual).await["status"]),
        (&json!("pending"), &json!("expired"))
    );
    assert_eq!(simulator.tap(id, &short, "approve").await, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_request_that_cannot_be_is_refused_with_its_code() {
    let simulator = Builder::new().start().await;
    let id = simulator.register("3001234512").await;
    let path = format!("/onetouch/json/users/{id}/approval_requests");
    let low_only = json!({ "message": "Send?", "logos": [{ "res": "low", "url": "https://example.com/a.png" }] });
    for request in [json!({}), json!({ "message": "Send?", "seconds_to_expire": "soon" }), low_only] {
        let (status, body) = simulator.post(&path, &request).await;
        assert_eq!((status, &body["error_code"]), (StatusCode::BAD_REQUEST, &json!("60004")), "{request}");
    }
    simulator.switch(id, &json!({ "has_app": false })).await;
    let (status, body) = simulator.post(&path, &json!({ "message": "Send?" })).await;
    assert_eq!(
        (status, &body["error_code"], &body["success"]),
        (StatusCode::BAD_REQUEST, &json!("60051"), &json!(false))
    );
    let (status, body) = simulator.get("/onetouch/json/approval_requests/no-such-request").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(
        body,
        json!({
            "message": "Approval request not found: no-such-request", "success": false, "errors": {},
            "error_code": "60049",
        })
    );
}

#[tokio::test]
async fn a_provider_that_is_down_is_down_for_one_user_only() {
    let simulator = Builder::new().start().await;
    let (down, up) = (simulator.register("3001234512").await, simulator.register("3001234513").await);
    let uuid = simulator.ask(down, &json!({ "message": "Send?" })).await;
    simulator.switch(down, &json!({ "provider_down": true })).await;
    for path in [
        format!("/protected/json/users/{down}/status"),
        format!("/protected/json/sms/{down}?force=true"),
        format!("/protected/json/verify/1234567/{down}?force=true"),
        format!("/onetouch/json/approval_requests/{uuid}"),
    ] {
        assert_eq!(simulator.get(&path).await.0, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
    assert_eq!(simulator.get(&format!("/protected/json/users/{up}/status")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn what_it_does_not_speak_it_refuses() {
    let simulator = Builder::new().start().await;
    for (path, number) in [
        ("/protected/xml/users/1/status", "60002"),
        ("/protected/json/no/such/call", "60002"),
        ("/protected/json/users/new", "60002"),
        ("/onetouch/json/users/1/approval_requests", "60002"),
        ("/protected/json/users/%ff/status", "60005"),
        ("/protected/json/verify/1234567/%ff", "60005"),
        ("/onetouch/json/approval_requests/%ff", "60005"),
    ] {
        let (status, body) = simulator.get(path).await;
        assert_eq!((status, &body["error_code"]), (StatusCode::BAD_REQUEST, &json!(number)), "{path}: {body}");
        assert!(body["message"].is_string() && body["success"] == false, "{path}: {body}");
    }
    let (status, body) = simulator.post("/protected/json/sms/1", &json!({})).await;
    assert_eq!((status, &body["error_code"]), (StatusCode::BAD_REQUEST, &json!("60002")));
}
