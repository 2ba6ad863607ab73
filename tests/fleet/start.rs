//! What stands in the way of a start on NATS is said in one sentence, in time.

use std::time::{Duration, Instant};

use tempfile::{TempDir, tempdir};

use crate::nats::{NEWEST, OLDEST, Server};
use crate::port::free_port;
use crate::process::{Ended, Process};

fn start(role: &str, folder: &TempDir, variables: &[(&str, &str)]) -> Process {
    let own = [("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("PUBLIC_URL", "http://127.0.0.1:1")];
    Process::start(folder.path(), &[role], &[&own[..], variables].concat())
}

async fn refused(role: &str, folder: &TempDir, variables: &[(&str, &str)]) -> (i32, String) {
    let begun = Instant::now();
    let Ended { status, errors, .. } = start(role, folder, variables).ended().await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{role}: {:?}", begun.elapsed());
    (status.code().unwrap(), errors.last().cloned().unwrap_or_default())
}

#[tokio::test]
async fn without_nats_a_receiver_and_a_hub_name_the_variable() {
    let folder = tempdir().unwrap();
    for role in ["receiver", "hub"] {
        let (status, said) = refused(role, &folder, &[]).await;
        assert_eq!(status, 2);
        assert!(said.contains("NATS_URL is missing; set it to"), "{role}: {said}");
    }
}

#[tokio::test]
async fn a_receiver_without_a_callback_url_names_the_variable() {
    let folder = tempdir().unwrap();
    let variables = [("NATS_URL", "nats://127.0.0.1:1"), ("PUBLIC_URL", "")];
    let (status, said) = refused("receiver", &folder, &variables).await;
    assert_eq!(status, 2);
    assert!(said.contains("AUTHY_CALLBACK_URL is missing; set it to"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_not_there_ends_a_command_in_time_and_holds_up_no_role() {
    let folder = tempdir().unwrap();
    let url = format!("nats://user:canary@127.0.0.1:{}", free_port());
    // Each with a file of its own.
    let variables = [("NATS_URL", &*url)];
    for role in ["receiver", "hub", "serve"] {
        let begun = Instant::now();
        let mut process = start(role, &folder, &variables);
        process.url().await;
        // Well within the time that a command waits for NATS.
        assert!(begun.elapsed() < Duration::from_secs(6), "{role}: {:?}", begun.elapsed());
        process.signal("TERM").await;
        let Ended { status, errors, .. } = process.ended().await;
        assert_eq!(status.code(), Some(0), "{errors:?}");
        let said = errors.iter().filter(|line| line.contains("NATS cannot be reached")).count();
        assert!(said == 1 && !errors.concat().contains("canary"), "{role}: {errors:?}");
    }
    let (status, said) = refused("dead-letters", &folder, &variables).await;
    assert_eq!(status, 1, "{said}");
    assert!(said.contains("no NATS server answers there") && !said.contains("canary"), "{said}");
}

#[tokio::test]
async fn a_login_in_the_address_counts_and_is_never_shown() {
    let folder = tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &["--user", "ada", "--pass", "can@ry/1"]);
    let with = |login: &str| server.url.replace("nats://", &format!("nats://{login}@"));
    let mut hub = start("hub", &folder, &[("NATS_URL", &with("ada:can%40ry%2F1")), ("LOG", "debug")]);
    hub.url().await;
    hub.signal("TERM").await;
    let said = hub.ended().await.errors.concat();
    assert!(said.contains("connected to NATS") && !said.contains("can@ry") && !said.contains("can%40ry"), "{said}");
    let (status, said) = refused("hub", &folder, &[("NATS_URL", &with("ada:wrong"))]).await;
    assert_eq!(status, 1);
    assert!(said.contains("refuses this login") && said.contains("NATS_URL") && !said.contains("wrong"), "{said}");
    let both = [("NATS_URL", &*with("ada:wrong")), ("NATS_TOKEN", "x")];
    let (status, said) = refused("hub", &folder, &both).await;
    assert_eq!(status, 2);
    assert!(said.contains("a login in NATS_URL exclude each other"), "{said}");
}

#[tokio::test]
async fn an_address_that_is_none_is_said_at_once() {
    let folder = tempdir().unwrap();
    let (_, said) = refused("hub", &folder, &[("NATS_URL", "not a url")]).await;
    assert!(said.contains("the address is none that NATS is reached at"), "{said}");
}

#[tokio::test]
async fn a_login_that_is_refused_is_said_and_the_right_one_is_let_in() {
    let folder = tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &["--user", "ada", "--pass", "right"]);
    let wrong = [("NATS_URL", &*server.url), ("NATS_USER", "ada"), ("NATS_PASSWORD", "canary")];
    for variables in [&wrong[..], &wrong[..1]] {
        let (status, said) = refused("hub", &folder, variables).await;
        assert_eq!(status, 1);
        assert!(said.contains("the NATS server refuses this login") && !said.contains("canary"), "{said}");
    }
    let right = [("NATS_URL", &*server.url), ("NATS_USER", "ada"), ("NATS_PASSWORD", "right")];
    start("hub", &folder, &right).url().await;
}

#[tokio::test]
async fn a_token_lets_in() {
    let folder = tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &["--auth", "a-token"]);
    start("hub", &folder, &[("NATS_URL", &server.url), ("NATS_TOKEN", "a-token")]).url().await;
}

#[tokio::test]
async fn two_ways_to_log_in_at_once_are_refused() {
    let folder = tempdir().unwrap();
    let variables = [("NATS_URL", "nats://127.0.0.1:1"), ("NATS_TOKEN", "x"), ("NATS_NKEY", "y")];
    let (status, said) = refused("hub", &folder, &variables).await;
    assert_eq!(status, 2);
    assert!(said.contains("exclude each other"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused() {
    let folder = tempdir().unwrap();
    let server = Server::start("2.10.26", folder.path(), &[]);
    let (status, said) = refused("hub", &folder, &[("NATS_URL", &server.url)]).await;
    assert_eq!(status, 1);
    assert!(said.contains("the NATS server is version 2.10.26, and Countersign needs 2.11 or newer"), "{said}");
}

#[tokio::test]
async fn a_server_with_known_holes_is_used_with_a_warning() {
    let folder = tempdir().unwrap();
    for (version, warned) in [(OLDEST, true), (NEWEST, false)] {
        let server = Server::start(version, folder.path(), &[]);
        let mut hub = start("hub", &folder, &[("NATS_URL", &server.url)]);
        hub.url().await;
        hub.signal("TERM").await;
        let said = hub.ended().await.errors.join("\n");
        assert_eq!(said.contains("CVE-2026-27571"), warned, "{version}: {said}");
    }
}

#[tokio::test]
async fn a_server_without_streams_is_waited_for_and_what_to_do_is_said() {
    let folder = tempdir().unwrap();
    let server = Server::start_plain(NEWEST);
    let mut hub = start("hub", &folder, &[("NATS_URL", &server.url)]);
    hub.url().await;
    while !hub.error_line().await.contains("JetStream turned off; start it with --jetstream") {}
    let (status, said) = refused("migrate", &folder, &[("NATS_URL", &server.url)]).await;
    assert_eq!(status, 1);
    assert!(said.contains("JetStream turned off; start it with --jetstream"), "{said}");
}

#[tokio::test]
async fn a_stream_that_could_lose_what_was_acknowledged_is_refused_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let jetstream = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let config = async_nats::jetstream::stream::Config {
        name: "COUNTERSIGN_EVENTS".to_owned(),
        subjects: vec!["countersign.callback.>".to_owned()],
        max_messages: 5,
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();
    let (_, said) = refused("hub", &folder, &[("NATS_URL", &server.url)]).await;
    assert!(said.contains("it discards old messages when it is full"), "{said}");
    let stream = jetstream.get_stream("COUNTERSIGN_EVENTS").await.unwrap();
    assert_eq!(stream.cached_info().config.max_messages, 5);
}

#[tokio::test]
async fn what_is_migrated_beforehand_is_there() {
    let folder = tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    for _ in 0..2 {
        let ended = Process::start(folder.path(), &["migrate"], &[("NATS_URL", &server.url)]).ended().await;
        assert_eq!((ended.status.code(), ended.output.len()), (Some(0), 2), "{:?}", ended.errors);
    }
    let jetstream = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
    jetstream.get_stream("COUNTERSIGN_EVENTS").await.unwrap();
    jetstream.get_stream("COUNTERSIGN_DEAD_LETTERS").await.unwrap();
    assert!(folder.path().join("data/countersign.db").exists());
}

#[tokio::test]
async fn a_spool_is_for_one_receiver() {
    let folder = tempdir().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let mut first = start("receiver", &folder, &[("NATS_URL", &server.url)]);
    first.url().await;
    let (_, said) = refused("receiver", &folder, &[("NATS_URL", &server.url)]).await;
    assert!(said.contains("is another receiver's; set SPOOL to a file of this one's own"), "{said}");
}
