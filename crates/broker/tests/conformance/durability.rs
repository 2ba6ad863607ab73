//! Kept: a process is killed with `kill -9`, and what it had acknowledged is there.
//!
//! The victim is this test program itself, started again for one test, with a variable that says in which folder.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use broker::Intake as _;
use tempfile::TempDir;

use super::{Harness, finish_next, message, next, nothing_is_left, soon};

const FOLDER: &str = "BROKER_VICTIM_FOLDER";
const SAYS: &str = "victim says ";

#[tokio::test]
async fn every_acknowledged_message_survives_the_kill_of_its_process() {
    if let Some(folder) = victim() {
        return publish_until_killed(&folder).await;
    }
    let folder = TempDir::new().unwrap();
    let mut acknowledged = HashSet::new();
    for _ in 0..3 {
        let _ground = Harness::ground(folder.path()).await;
        let said = kill_after(200, "every_acknowledged_message_survives_the_kill_of_its_process", folder.path());
        acknowledged.extend(said.into_iter().map(String::into_bytes));
    }

    let harness = Harness::reopen(folder).await;

    assert!(acknowledged.len() >= 600);
    while !acknowledged.is_empty() {
        acknowledged.remove(&finish_next(harness.log().as_ref()).await);
    }
}

#[tokio::test]
async fn a_message_that_ends_the_process_each_time_is_parked_in_the_end() {
    if let Some(folder) = victim() {
        return take_and_be_killed(&folder).await;
    }
    let harness = Harness::start().await;
    harness.log().publish(message("poison")).await.unwrap();
    let folder = harness.stop().await;
    for attempt in 1..=Harness::MAX_ATTEMPTS {
        let _ground = Harness::ground(folder.path()).await;
        let said = kill_after(1, "a_message_that_ends_the_process_each_time_is_parked_in_the_end", folder.path());
        assert_eq!(said, [attempt.to_string()]);
    }

    let harness = Harness::reopen(folder).await;

    nothing_is_left(harness.log().as_ref()).await;
    let letters = harness.log().dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(&letters[0].payload[..], b"poison");
}

/// The folder, when this process is the victim.
fn victim() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Starts `test` as a victim, hears `count` lines and all that were on their way, and kills it.
fn kill_after(count: usize, test: &str, folder: &Path) -> Vec<String> {
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([&format!("{module}::{test}"), "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said = lines.filter_map(|line| Some(line.split_once(SAYS)?.1.to_owned()));
    let mut heard: Vec<_> = said.by_ref().take(count).collect();
    victim.kill().unwrap();
    victim.wait().unwrap();
    heard.extend(said);
    heard
}

/// One write, so that a line is said whole or not at all.
fn say(word: &str) {
    std::io::stdout().write_all(format!("{SAYS}{word}\n").as_bytes()).unwrap();
}

async fn publish_until_killed(folder: &Path) {
    let log = Harness::open(folder).await;
    let me = std::process::id();
    for number in 0_u64.. {
        let word = format!("{me}-{number}");
        soon(log.publish(message(&word))).await.unwrap();
        say(&word);
    }
}

async fn take_and_be_killed(folder: &Path) {
    let log = Harness::open(folder).await;
    let received = next(log.as_ref()).await;
    say(&received.attempt.to_string());
    std::future::pending::<()>().await;
}
