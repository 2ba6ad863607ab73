//! What is never logged, not even when everything is, and never sent to a browser: the key, passwords, phone numbers,
//! codes, cookies. `fleet/secrets.rs` does the same to receivers and hubs, and lets everything go wrong.

use std::fs;
use std::path::Path;

use reqwest::{RequestBuilder, header};
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::browser::{Browser, id, text};
use crate::client::client;
use crate::process::Process;
use crate::world::{KEY as WORLDS_KEY, World};

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

/// CVE-2026-105211: a code that was handed to the browser.
#[tokio::test]
async fn no_answer_to_a_browser_ever_has_a_code_a_key_or_what_the_provider_knows_a_request_by() {
    let world = World::start().await;
    let mut seen = Vec::new();
    let mut browser = Browser::default();
    let person = browser.sign_up(&world, 10).await;
    let mut other = Browser::default();
    let approval = other.sign_in(&world, &person).await;
    let own = format!("/approvals/{}", id(&approval));
    let mut socket = other.listen(&world, &approval).await;
    let first_frame = socket.until("pending").await;
    other.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
    for channel in ["sms", "call"] {
        seen.push(other.ask_for_code(&world, channel).await);
    }
    for path in ["/", "/sign-in", "/sign-up", "/code", "/account", "/api/session", "/nothing", &own] {
        seen.push(other.get(&world, path).await);
        seen.push(browser.get(&world, path).await);
    }
    seen.push(other.get(&world, &format!("/api{own}?wait=0")).await);
    seen.push(other.submit(&world, "/code/send", &[("channel", "sms")]).await);
    seen.push(other.type_code(&world, "8642097").await);
    seen.push(other.submit(&world, "/code", &[("code", "8642098")]).await);
    let transfer = json!({ "message": "Send?", "details": { "Amount": "1" } });
    let transfer = browser.post(&world, "/api/approvals", transfer).await;
    let approval_of_transfer = transfer.json();
    seen.push(transfer);
    let page = format!("/api/approvals/{}", id(&approval_of_transfer));
    seen.push(browser.post(&world, &format!("{page}/code/send"), json!({ "channel": "sms" })).await);
    seen.push(browser.get(&world, &page).await);
    seen.push(other.act(&world, &approval, "resend").await);

    let secrets = on_the_phone(&world.phone(&person.cellphone).await);
    assert!(secrets.len() > 8, "{secrets:?}");
    let code = secrets.last().unwrap().clone();
    seen.push(other.type_code(&world, &code).await);
    for path in ["/account", "/api/session"] {
        seen.push(other.get(&world, path).await);
    }
    has_none_of(&first_frame.to_string(), &secrets);
    for answer in &seen {
        has_none_of(&answer.text, &secrets);
        has_none_of(&answer.text, &[value(&browser.cookie).to_owned(), value(&other.cookie).to_owned()]);
        has_none_of(&format!("{:?}", answer.headers), &secrets);
    }
}

/// What a phone and its provider know and a browser must not: codes, ids of requests, digests, the key, the password.
fn on_the_phone(phone: &Value) -> Vec<String> {
    let all = |kind: &str| phone[kind].as_array().unwrap().clone();
    let requests = all("requests");
    let digests = requests.iter().map(|request| text(&request["hidden_details"], "digest").to_owned());
    let uuids = requests.iter().map(|request| text(request, "uuid").to_owned());
    let codes = [all("sms"), all("calls")].concat();
    let codes = codes.iter().map(|sent| text(sent, "code").to_owned());
    let ours = [WORLDS_KEY, "difference engine", "$argon2id"].map(str::to_owned);
    let own = text(&phone["authenticator"], "code").to_owned();
    digests.chain(uuids).chain(ours).chain(codes).chain([own]).collect()
}

fn has_none_of(told: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!told.contains(secret), "{secret} is told: {told}");
    }
}

/// Okta, Duo, authentik: keys and tokens in logs. A type that derives `Debug` hands on what its fields print.
#[test]
fn no_type_that_prints_itself_holds_a_secret_in_plain_text() {
    let mut looked_at = 0;
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")) {
        let text = fs::read_to_string(&file).unwrap();
        for derived in text.split("#[derive(").skip(1) {
            let (traits, rest) = derived.split_once(")]").unwrap();
            if !traits.split(", ").any(|one| one == "Debug") {
                continue;
            }
            looked_at += 1;
            let end = rest.find("\n}").unwrap_or(rest.len()).min(rest.find(";\n").unwrap_or(rest.len()));
            for line in rest[..end].lines() {
                assert!(!is_a_plain_secret(line), "{}: {line}", file.display());
            }
        }
    }
    assert!(looked_at > 100, "{looked_at} types were found");
}

/// Whether this line is a field whose name promises a secret, and whose type prints it.
fn is_a_plain_secret(line: &str) -> bool {
    const SECRET: [&str; 17] = [
        "password",
        "password_hash",
        "token",
        "code",
        "phone",
        "cellphone",
        "e164",
        "national",
        "secret",
        "api_key",
        "cookie",
        "signature",
        "payload",
        "seed",
        "invitation",
        "meant",
        "link",
    ];
    let Some((name, kind)) = line.trim().split_once(": ") else { return false };
    let name = name.rsplit(' ').next().unwrap_or_default();
    let plain = ["String", "str", "Bytes", "u8", "Value"].iter().any(|plain| kind.contains(plain));
    SECRET.contains(&name) && plain
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| !path.ends_with("tests") && !path.ends_with("benches"))
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .collect()
}
