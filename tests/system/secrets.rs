//! What is never logged, not even when everything is: the key, passwords, phone numbers, codes, cookies.

use reqwest::{RequestBuilder, header};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::client::client;
use crate::process::Process;

const KEY: &str = "4711-key-4711";
const PASSWORD: &str = "Accio Firebolt 3000!";
const PHONE: &str = "2025550143";

/// Sends `request` with `cookie`; what it answers, and the cookie that it sets.
async fn send(request: RequestBuilder, cookie: &str) -> (Value, String) {
    let answer = request.header(header::COOKIE, cookie).send().await.unwrap();
    let status = answer.status();
    let set = answer.headers().get(header::SET_COOKIE).map(|set| set.to_str().unwrap().to_owned());
    let cookie = set.as_deref().and_then(|set| set.split(';').next()).unwrap_or(cookie).to_owned();
    let body = answer.text().await.unwrap();
    assert!(status.is_success(), "{status}: {body}");
    (serde_json::from_str(&body).unwrap_or_default(), cookie)
}

#[tokio::test]
async fn no_secret_is_logged_even_when_everything_is() {
    let (folder, http) = (tempdir().unwrap(), client());
    let trace = [("AUTHY_API_KEY", KEY), ("PORT", "0"), ("LOG", "trace")];
    let mut simulator = Process::start(folder.path(), &["simulator"], &trace);
    let phones = simulator.url().await;
    let provider = [&trace[..], &[("AUTHY_API_URL", &*phones)]].concat();
    let mut serve = Process::start(folder.path(), &["serve"], &provider);
    let url = serve.url().await;

    let person = json!({ "full_name": "Jarod", "email": "jarod@example.com", "country_code": "1", "phone": PHONE,
        "password": PASSWORD });
    let (_, pending) = send(http.post(format!("{url}/api/users")).json(&person), "").await;
    let by_sms = http.post(format!("{url}/api/session/code/send")).json(&json!({ "channel": "sms" }));
    send(by_sms, &pending).await;
    let code = received_code(&phones).await;
    let typed = http.post(format!("{url}/api/session/code")).json(&json!({ "code": code }));
    let (_, confirmed) = send(typed, &pending).await;

    for process in [serve, simulator] {
        process.signal("TERM").await;
        let log = process.ended().await.errors.join("\n");
        assert!(log.contains(" INFO ") && !log.contains("TRACE hyper"), "libraries are not to be heard: {log}");
        for secret in [KEY, PASSWORD, PHONE, &code, value(&pending), value(&confirmed)] {
            assert!(!log.contains(secret), "{secret} is in {log}");
        }
    }
}

/// The code in the only message of the only phone, as soon as it is there.
async fn received_code(phones: &str) -> String {
    loop {
        let (phones, _) = send(client().get(format!("{phones}/phones")), "").await;
        if let Some(code) = phones[0]["sms"][0]["code"].as_str() {
            return code.to_owned();
        }
        tokio::task::yield_now().await;
    }
}

fn value(cookie: &str) -> &str {
    cookie.split_once('=').unwrap().1
}
