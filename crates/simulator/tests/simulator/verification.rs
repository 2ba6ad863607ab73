//! Verifying a number that need not be anybody's: the code, its answers word for word, and where it arrives.

use reqwest::StatusCode;
use serde_json::{Value, json};
use time::Duration;

use crate::harness::{Builder, TestSimulator};

const START: &str = "/protected/json/phones/verification/start";

fn wanted(via: &str) -> Value {
    json!({ "via": via, "country_code": "1", "phone_number": "555-555-5555" })
}

/// The only phone there is.
async fn phone(simulator: &TestSimulator) -> Value {
    simulator.http.get(simulator.url("/phones")).send().await.unwrap().json::<Value>().await.unwrap()[0].clone()
}

async fn ask(simulator: &TestSimulator, what: &str, more: &str) -> (StatusCode, Value) {
    let number = "country_code=1&phone_number=555-555-5555";
    simulator.get(&format!("/protected/json/phones/{what}?{number}{more}")).await
}

async fn check(simulator: &TestSimulator, code: &str) -> (StatusCode, Value) {
    ask(simulator, "verification/check", &format!("&verification_code={code}")).await
}

#[tokio::test]
async fn a_number_that_is_nobodys_is_verified_by_text_message_or_call() {
    for (via, inbox, words) in [
        ("sms", "sms", "Text message sent to +1 555-555-5555."),
        ("call", "calls", "Call to +1 555-555-5555 was started."),
    ] {
        let simulator = Builder::new().start().await;
        let (status, started) = simulator.post(START, &wanted(via)).await;
        assert_eq!((status, &started["message"], &started["success"]), (StatusCode::OK, &json!(words), &json!(true)));
        assert_eq!((&started["seconds_to_expire"], &started["is_cellphone"]), (&json!(599), &json!(true)));
        assert!(started["uuid"].is_string() && started["carrier"].is_string());
        let sent = phone(&simulator).await[inbox][0].clone();
        let code = sent["code"].as_str().unwrap();
        assert_eq!(code.len(), 4);
        let right = json!({ "message": "Verification code is correct.", "success": true });
        assert_eq!(check(&simulator, code).await, (StatusCode::OK, right));
    }
}

#[tokio::test]
async fn a_wrong_verification_code_and_one_that_nobody_waits_for_have_their_own_errors() {
    let simulator = Builder::new().start().await;
    let none = "No pending verifications for +1 555-555-5555 found.";
    let refused = |words: &str, number: &str| json!({ "message": words, "success": false, "errors": { "message": words }, "error_code": number });
    assert_eq!(check(&simulator, "1234").await, (StatusCode::NOT_FOUND, refused(none, "60023")));
    simulator.post(START, &wanted("sms")).await;
    let code = phone(&simulator).await["sms"][0]["code"].as_str().unwrap().to_owned();
    let wrong = if code == "1234" { "4321" } else { "1234" };
    let incorrect = refused("Verification code is incorrect", "60022");
    assert_eq!(check(&simulator, wrong).await, (StatusCode::UNAUTHORIZED, incorrect));
    assert_eq!(check(&simulator, &code).await.0, StatusCode::OK);
    assert_eq!(check(&simulator, &code).await, (StatusCode::NOT_FOUND, refused(none, "60023")), "it counts once");
}

#[tokio::test]
async fn a_verification_ends_after_its_time_and_a_new_one_takes_the_place_of_the_last() {
    let simulator = Builder::new().start().await;
    let status = async || ask(&simulator, "verification/status", "").await.1["status"].clone();
    assert_eq!(ask(&simulator, "verification/status", "").await.0, StatusCode::NOT_FOUND);
    simulator.post(START, &wanted("sms")).await;
    assert_eq!(status().await, "pending");
    simulator.pass(Duration::seconds(599));
    assert_eq!(status().await, "expired");
    let late = phone(&simulator).await["sms"][0]["code"].as_str().unwrap().to_owned();
    assert_eq!(check(&simulator, &late).await.1["error_code"], "60023");
    let mut long = wanted("sms");
    long["code_length"] = json!(10);
    simulator.post(START, &long).await;
    let code = phone(&simulator).await["sms"][1]["code"].as_str().unwrap().to_owned();
    assert_eq!((code.len(), check(&simulator, &late).await.1["error_code"].clone()), (10, json!("60022")));
    assert_eq!(check(&simulator, &code).await.0, StatusCode::OK);
    assert_eq!(status().await, "verified");
}

#[tokio::test]
async fn a_verification_makes_nobody_a_user_and_its_code_lets_nobody_in() {
    let simulator = Builder::new().start().await;
    let number = json!({ "via": "sms", "country_code": "57", "phone_number": "3001234512", "code_length": 7 });
    simulator.post(START, &number).await;
    let stranger = phone(&simulator).await["authy_id"].clone();
    let (status, _) = simulator.get(&format!("/protected/json/users/{stranger}/status")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let page = simulator.http.get(simulator.url(&format!("/phone/{stranger}"))).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let id = simulator.register("3001234512").await;
    assert_eq!(json!(id), stranger, "one number is one phone");
    let code = simulator.phone(id).await["sms"][0]["code"].as_str().unwrap().to_owned();
    let (status, _) = simulator.get(&format!("/protected/json/verify/{code}/{id}?force=true")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_cannot_be_verified_is_refused_with_its_code() {
    let simulator = Builder::new().start().await;
    for (field, value, number) in [
        ("phone_number", json!("12"), "60033"),
        ("country_code", json!(null), "60004"),
        ("via", json!(null), "60004"),
        ("via", json!("pigeon"), "60002"),
        ("code_length", json!("many"), "60004"),
        ("code_length", json!(11), "60002"),
    ] {
        let mut changed = wanted("sms");
        changed[field] = value;
        let (status, body) = simulator.post(START, &changed).await;
        assert_eq!((status, &body["error_code"]), (StatusCode::BAD_REQUEST, &json!(number)), "{changed}");
    }
    assert_eq!(ask(&simulator, "verification/check", "").await.1["error_code"], "60004");
}

#[tokio::test]
async fn a_number_is_told_about_as_of_now() {
    let simulator = Builder::new().start().await;
    let (status, told) = ask(&simulator, "info", "").await;
    assert_eq!((status, &told["type"], &told["ported"]), (StatusCode::OK, &json!("cellphone"), &json!(false)));
    let words = told["message"].as_str().unwrap();
    assert!(words.starts_with("Phone number information as of 20") && words.ends_with(" UTC"), "{words}");
    assert_eq!(
        simulator.get("/protected/json/phones/info?country_code=1&phone_number=1").await.1["error_code"],
        "60033"
    );
}
