//! What hubs and receivers of an earlier version left behind, in the database, on NATS and in a spool, goes on.

use std::fs;
use std::path::Path;

use approval::Clock;
use async_nats::{Client, HeaderMap, jetstream};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use time::format_description::well_known::Rfc3339;

use crate::browser::{Browser, Person};
use crate::fixture::{approval_of, facts, restore};
use crate::world::{Plan, World};

/// A world whose database is that of the fixture. Receiver and hub have been started once and ended, so that each has
/// its address. The folder holds the phones.
async fn old() -> (World, TempDir) {
    let folder = tempdir().unwrap();
    let phones = folder.path().join("simulator.json");
    fs::write(&phones, phones_of_now()).unwrap();
    let state = ("SIMULATOR_STATE", phones.display().to_string());
    let variables = [Plan::patient_phones(), vec![state]].concat();
    let mut world = World::start_with(Plan { receivers: 1, hubs: 1, variables, ..Plan::default() }).await;
    world.receivers[0].stop().await;
    world.hubs[0].stop().await;
    restore(include_str!("../fixtures/fa8701f/database.sql"), &world.path().join("data/countersign.db")).await;
    (world, folder)
}

/// The simulated phones, whose codes have just come.
fn phones_of_now() -> String {
    let mut state: Value = serde_json::from_str(include_str!("../fixtures/fa8701f/simulator.json")).unwrap();
    for phone in state["phones"].as_array_mut().unwrap() {
        for code in phone["sms"].as_array_mut().unwrap() {
            code["sent_at"] = json!(Clock::system().now().format(&Rfc3339).unwrap());
        }
    }
    state.to_string()
}

/// Replaces all streams by those of the fixture, with their messages.
async fn put_back_streams(world: &World) {
    let client = async_nats::connect(format!("127.0.0.1:{}", world.line.port)).await.unwrap();
    let jetstream = jetstream::new(client.clone());
    for config in lines(include_str!("../fixtures/fa8701f/streams.jsonl")) {
        let name = config["name"].as_str().unwrap();
        jetstream.delete_stream(name).await.unwrap();
        ask(&client, &format!("STREAM.CREATE.{name}"), &config).await;
    }
    let hubs: Value = serde_json::from_str(include_str!("../fixtures/fa8701f/consumer.json")).unwrap();
    let hubs = json!({ "stream_name": "COUNTERSIGN_EVENTS", "config": hubs });
    ask(&client, "CONSUMER.CREATE.COUNTERSIGN_EVENTS.hubs", &hubs).await;
    let events = lines(include_str!("../fixtures/fa8701f/events.jsonl"));
    for message in events.chain(lines(include_str!("../fixtures/fa8701f/dead_letters.jsonl"))) {
        let mut headers = HeaderMap::new();
        for (name, value) in message["headers"].as_object().unwrap() {
            headers.insert(name.as_str(), value.as_str().unwrap());
        }
        let text = |name: &str| message[name].as_str().unwrap().to_owned();
        let stored = jetstream.publish_with_headers(text("subject"), headers, text("payload").into()).await;
        stored.unwrap().await.unwrap();
    }
}

/// A request to the API of JetStream that must succeed.
async fn ask(client: &Client, what: &str, body: &Value) {
    let answer = client.request(format!("$JS.API.{what}"), body.to_string().into()).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
    assert!(answer["error"].is_null(), "{answer}");
}

fn lines(text: &'static str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap())
}

/// A browser of the fixture, with the cookie that it has.
fn browser(name: &str) -> Browser {
    Browser { cookie: facts()[name]["cookie"].as_str().unwrap().to_owned() }
}

/// The approval of this browser is decided, once and by its callback.
async fn is_decided(world: &World, name: &str, status: &str) {
    let approval = approval_of(name);
    browser(name).until(world, &approval, status).await;
    let trail = world.audit(&approval).await;
    let decided: Vec<_> = trail.iter().filter(|line| line.starts_with("approval_decided")).collect();
    assert_eq!(decided, [&format!("approval_decided: {status}, by a callback")], "{trail:?}");
}

#[tokio::test]
async fn an_old_database_and_its_events_go_on() {
    let (mut world, _phones) = old().await;
    put_back_streams(&world).await;
    assert_eq!(world.countersign(&["migrate"]).await.0, 0);
    world.receivers[0].again().await;
    world.hubs[0].again().await;

    is_decided(&world, "approved", "approved").await;
    is_decided(&world, "denied", "denied").await;
    is_decided(&world, "stranger", "denied").await;
    let mut approved = browser("approved");
    assert_eq!(approved.act(&world, &approval_of("approved"), "complete").await.status, 200);
    for browser in [&mut approved, &mut browser("home"), &mut browser("typed")] {
        assert_eq!(browser.state(&world).await, "confirmed");
    }
    let (_, letters) = world.countersign(&["dead-letters"]).await;
    assert!(letters.len() == 1 && letters[0].contains("raw"), "{letters:?}");

    codes_count_on(&world).await;
    let person = Person { email: text("email"), cellphone: text("cellphone") };
    let mut anew = Browser::default();
    let approval = anew.sign_in(&world, &person).await;
    world.tap(&person.cellphone, &approval, "approve").await;
    anew.until(&world, &approval, "approved").await;
    assert_eq!(anew.act(&world, &approval, "complete").await.status, 200);
    assert_eq!(anew.state(&world).await, "confirmed");
}

/// A used code is refused though the provider accepts it, and the three wrong ones of before count.
async fn codes_count_on(world: &World) {
    let mut waiting = browser("spooled");
    let used = facts()["used_code"].as_str().unwrap().to_owned();
    for (code, problem) in [(&*used, "invalid-code"), ("7654321", "invalid-code"), ("7654321", "too-many-attempts")] {
        assert_eq!(waiting.type_code(world, code).await.problem(), problem);
    }
    assert_eq!(world.phone(&text("cellphone")).await["sms"][0]["used"], true, "the provider accepted it");
}

fn text(of_ada: &str) -> String {
    facts()["ada"][of_ada].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_old_spool_is_handed_on() {
    let (mut world, _phones) = old().await;
    let spool: &Path = &world.path().join("spool-0.db");
    restore(include_str!("../fixtures/fa8701f/spool.sql"), spool).await;
    world.receivers[0].again().await;
    world.hubs[0].again().await;
    is_decided(&world, "spooled", "approved").await;
}
