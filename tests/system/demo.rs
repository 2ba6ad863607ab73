//! The demo's simulator answers this machine only, with any HOST.

use std::fs;

use tempfile::tempdir;

use crate::client::{client, get};
use crate::process::Process;

const OPEN: [(&str, &str); 4] =
    [("HOST", "0.0.0.0"), ("PORT", "0"), ("SIMULATOR_PORT", "0"), ("PUBLIC_URL", "http://127.0.0.1:1")];

/// The addresses on which this process listens at a port, as the kernel writes them (`proc_pid_net(5)`).
fn listens_at(process: &Process, port: u16) -> Vec<String> {
    let table = fs::read_to_string(format!("/proc/{}/net/tcp", process.id())).unwrap();
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let port = format!(":{port:04X}");
    rows.filter(|row| row[3] == "0A").filter_map(|row| row[1].strip_suffix(&port).map(str::to_owned)).collect()
}

fn port(line: &str) -> u16 {
    let (_, rest) = line.split_once("http://127.0.0.1:").unwrap();
    rest.split(|character: char| !character.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_demo_on_the_network_warns_and_keeps_its_simulator_local() {
    let folder = tempdir().unwrap();
    let mut demo = Process::start(folder.path(), &["demo"], &OPEN);
    let (product, phones) = (port(&demo.line().await), port(&demo.line().await));
    assert_eq!(listens_at(&demo, product), ["00000000"]);
    assert_eq!(listens_at(&demo, phones), ["0100007F"]);
    assert_eq!(get(&format!("http://127.0.0.1:{phones}/")).await.0, 200, "and it is of use here");
    let warning = demo.error_line().await;
    assert!(warning.contains("everybody knows its key") && warning.contains("set HOST=127.0.0.1"), "{warning}");
}

#[tokio::test]
async fn no_web_site_and_no_rebound_name_does_anything_with_the_demos_phones() {
    let folder = tempdir().unwrap();
    let mut demo = Process::start(folder.path(), &["demo"], &OPEN[1..3]);
    demo.line().await;
    let phones = format!("http://127.0.0.1:{}", port(&demo.line().await));
    let api = format!("{phones}/protected/json/app/details?api_key=countersign-demo-key");
    assert_eq!(get(&api).await.0, 200, "a program of this machine");
    for url in [api, format!("{phones}/phones"), format!("{phones}/events"), phones.clone()] {
        let rebound = client().get(&url).header("host", "evil.example:3001").send().await.unwrap();
        assert_eq!(rebound.status(), 403, "{url}");
    }
    let register = format!("{phones}/protected/json/users/new?api_key=countersign-demo-key&user[email]=a@example.com");
    let foreign = client().post(register).header("origin", "https://evil.example").body("").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
}
