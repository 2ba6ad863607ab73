//! A hub that cannot take events reports it, in its log and on `/health/ready`, until the operator has run
//! `countersign migrate`.

use std::time::{Duration, Instant};

use approval::Clock;
use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::Stream;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::browser::Browser;
use crate::nats::{NEWEST, Server};
use crate::port::free_port;
use crate::process::{PATIENCE, Process};
use crate::world::{Plan, World};

fn login<'a>(server: &'a Server, user: &'a str) -> [(&'a str, &'a str); 3] {
    [("NATS_URL", &server.url), ("NATS_USER", user), ("NATS_PASSWORD", "change-me")]
}

fn server(folder: &TempDir) -> Server {
    let file = folder.path().join("nats.conf");
    let store = format!(r#"store_dir: "{}""#, folder.path().join("nats").display());
    let logins = include_str!("../../deploy/nats.conf");
    std::fs::write(&file, logins.replace(r#"store_dir: "nats""#, &store)).unwrap();
    Server::start_configured(NEWEST, &file)
}

async fn migrate(folder: &TempDir, server: &Server) -> String {
    let ended = Process::start(folder.path(), &["migrate"], &login(server, "operator")).ended().await;
    assert_eq!(ended.status.code(), Some(0), "{:?}", ended.errors);
    ended.output.join("\n")
}

async fn events(server: &Server) -> Stream {
    let options = ConnectOptions::with_user_and_password("operator".into(), "change-me".into());
    let client = options.custom_inbox_prefix("_INBOX.operator").connect(&server.url).await.unwrap();
    async_nats::jetstream::new(client).get_stream("COUNTERSIGN_EVENTS").await.unwrap()
}

/// Polls `/health/ready` until the answer is as wanted.
pub(crate) async fn ready_when(admin: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    let begun = Instant::now();
    loop {
        let answer = http.get(format!("http://{admin}/health/ready")).send().await.unwrap();
        let (status, state) = (answer.status().as_u16(), answer.json().await.unwrap());
        if wanted(status, &state) {
            return state;
        }
        // A hub checks the consumer every 10 s.
        assert!(begun.elapsed() < 2 * PATIENCE, "{status} {state}");
    }
}

#[tokio::test]
async fn a_hub_without_events_reports_the_remedy_until_it_is_applied() {
    let folder = tempdir().unwrap();
    let server = server(&folder);
    assert!(migrate(&folder, &server).await.contains("the consumer of the hubs is created"));
    let admin = format!("127.0.0.1:{}", free_port());
    let own = [("AUTHY_API_KEY", "12345"), ("PORT", "0"), ("PUBLIC_URL", "http://127.0.0.1:1"), ("ADMIN_ADDR", &admin)];
    let mut hub = Process::start(folder.path(), &["hub"], &[&own[..], &login(&server, "hub")].concat());
    hub.url().await;
    ready_when(&admin, |status, state| status == 200 && state["state"] == "ready").await;

    let deaf = pull::Config {
        durable_name: Some("hubs".to_owned()),
        ack_policy: AckPolicy::Explicit,
        filter_subject: "countersign.callback.none".to_owned(),
        ..pull::Config::default()
    };
    events(&server).await.update_consumer(deaf).await.unwrap();
    let state = ready_when(&admin, |_, state| state["state"] == "no_events").await;
    assert!(state["fault"].as_str().unwrap().contains("run `countersign migrate`"), "{state}");
    let line = loop {
        let line = hub.error_line().await;
        if line.contains("no events are taken from NATS") {
            break line;
        }
    };
    assert!(line.contains("ERROR") && line.contains("run `countersign migrate`"), "{line}");

    assert!(migrate(&folder, &server).await.contains("the consumer of the hubs is repaired"));
    ready_when(&admin, |status, state| status == 200 && state["state"] == "ready").await;
    while !hub.error_line().await.contains("events are taken from NATS again") {}
}

#[tokio::test]
async fn a_hub_whose_consumer_is_paused_says_so_from_its_start_and_suspects_no_provider() {
    let admin = free_port();
    let variables = vec![("ADMIN_ADDR", format!("127.0.0.1:{admin}")), ("SIGN_IN_SECONDS", "14".to_owned())];
    let mut world = World::start_with(Plan { receivers: 0, hubs: 1, variables, ..Plan::default() }).await;
    let client = async_nats::connect(&world.nats.as_ref().unwrap().url).await.unwrap();
    let stream = async_nats::jetstream::new(client).get_stream("COUNTERSIGN_EVENTS").await.unwrap();
    stream.pause_consumer("hubs", Clock::system().now() + time::Duration::HOUR).await.unwrap();
    world.hubs[0].stop().await;
    world.hubs[0].again().await;

    let health = world.health(admin).await;
    assert_eq!(health["state"], "no_events");
    let finding = &health["findings"][0];
    assert_eq!((&finding["part"], &finding["level"]), (&"events".into(), &"error".into()));
    assert!(finding["sentence"].as_str().unwrap().contains("it is paused"), "{finding}");
    let metrics =
        world.http.get(format!("http://127.0.0.1:{admin}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("countersign_findings{part=\"events\",level=\"error\"} 1\n"), "{metrics}");

    let mut browser = Browser::default();
    let person = json!({ "full_name": "Ada", "email": "ada@example.com", "country_code": "1", "phone": "2025550110",
        "password": "difference engine" });
    let approval = browser.post(&world, "/api/users", person).await.json()["approval"].clone();
    let cellphone = "+12025550110";
    let (request, phone) = (world.request(cellphone, &approval).await, world.phone(cellphone).await);
    let tap =
        format!("{}/phones/{}/requests/{}/approve", world.phones, phone["authy_id"], request["uuid"].as_str().unwrap());
    assert_eq!(world.http.post(tap).send().await.unwrap().status().as_u16(), 204);
    browser.until(&world, &approval, "approved").await;
    let said = world.hubs[0].stop().await.errors;
    assert!(said.iter().any(|line| line.contains("events were not taken from the event log in time")), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("no callback came")), "{said:?}");
}
