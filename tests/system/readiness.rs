//! What the operator's address says about a process, from the begin of its start.

use std::fs::{self, File};
use std::time::Instant;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::client::client;
use crate::port::free_port;
use crate::process::{PATIENCE, Process};

/// What `/health/ready` answers, as soon as something does.
async fn ready(http: &Client, admin: &str) -> (u16, Value) {
    let begun = Instant::now();
    loop {
        match http.get(format!("http://{admin}/health/ready")).send().await {
            Ok(answer) => return (answer.status().as_u16(), answer.json().await.unwrap()),
            Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_role_that_waits_for_its_database_says_starting_and_then_ready() {
    let folder = tempdir().unwrap();
    let (admin, data) = (format!("127.0.0.1:{}", free_port()), folder.path().join("data"));
    fs::create_dir(&data).unwrap();
    // As another process that brings the database up to date.
    let migrating = File::open(&data).unwrap();
    migrating.lock().unwrap();
    let variables = [("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("ADMIN_ADDR", &*admin)];
    let mut serve = Process::start(folder.path(), &["serve"], &variables);
    let http = client();
    let (status, answer) = ready(&http, &admin).await;
    assert_eq!((status, &answer["state"]), (503, &json!("starting")));
    let finding = &answer["findings"][0];
    assert_eq!((&finding["part"], &finding["level"]), (&json!("process"), &json!("warn")));
    assert!(finding["sentence"].is_string() && finding["remedy"].is_string(), "{finding}");
    let text = http.get(format!("http://{admin}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("countersign_ready 0\n"), "{text}");
    assert!(text.contains("countersign_findings{part=\"process\",level=\"warn\"} 1\n"), "{text}");

    migrating.unlock().unwrap();
    serve.url().await;
    assert_eq!(ready(&http, &admin).await, (200, json!({ "state": "ready", "findings": [] })));
    let text = http.get(format!("http://{admin}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("countersign_ready 1\n"), "{text}");
    assert!(text.contains("countersign_findings{part=\"process\",level=\"warn\"} 0\n"), "{text}");
}

#[tokio::test]
async fn a_limit_of_open_files_below_the_configured_seats_is_a_finding_at_start() {
    let folder = tempdir().unwrap();
    let admin = format!("127.0.0.1:{}", free_port());
    let variables = [("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("ADMIN_ADDR", &*admin), ("SOCKETS", "1000")];
    let mut serve = Process::start_limited(300, folder.path(), &["serve"], &variables);
    serve.url().await;
    let (status, answer) = ready(&client(), &admin).await;
    assert_eq!((status, &answer["state"], answer["findings"].as_array().unwrap().len()), (200, &json!("ready"), 1));
    let finding = &answer["findings"][0];
    assert_eq!(finding["part"], "capacity");
    let sentence = finding["sentence"].as_str().unwrap();
    assert!(sentence.contains("SOCKETS=1000") && sentence.contains("300 open files"), "{sentence}");
    let line = loop {
        let line = serve.error_line().await;
        if line.contains(sentence) {
            break line;
        }
    };
    assert!(line.contains("WARN") && line.contains(finding["remedy"].as_str().unwrap()), "{line}");
}
