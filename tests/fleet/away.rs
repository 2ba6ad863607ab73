//! Receivers and hubs that start while NATS is away, and a login that NATS refuses while they run.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tempfile::tempdir;

use crate::browser::Browser;
use crate::consumer::ready_when;
use crate::nats::{NEWEST, Server};
use crate::port::free_port;
use crate::process::{PATIENCE, Process};
use crate::signed::callback;
use crate::world::{Plan, World};

#[tokio::test]
async fn a_fleet_that_starts_anew_while_nats_is_away_takes_callbacks_and_decides_when_it_is_back() {
    let variables = Plan::patient_phones();
    let mut world = World::start_with(Plan { receivers: 1, hubs: 1, both: 1, variables, ..Plan::default() }).await;
    let person = Browser::default().sign_up(&world, 3).await;
    world.nats_dies();
    let World { receivers, hubs, both, .. } = &mut world;
    for role in receivers.iter_mut().chain(hubs).chain(both) {
        role.kill().await;
        let begun = Instant::now();
        role.again().await;
        assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    }

    let mut waiting = Vec::new();
    for _ in 0..4 {
        let mut browser = Browser::default();
        let approval = browser.sign_in(&world, &person).await;
        let begun = Instant::now();
        assert_eq!(world.post(&callback(&world, &person.cellphone, &approval).await).await, 200);
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        waiting.push((browser, approval));
    }
    world.nats_returns();
    for (browser, approval) in &mut waiting {
        browser.until(&world, approval, "approved").await;
        assert_eq!(browser.act(&world, approval, "complete").await.status, 200);
    }
}

#[tokio::test]
async fn a_login_that_is_refused_while_running_is_said_once_with_its_file_and_the_next_one_is_read() {
    let folder = tempdir().unwrap();
    let (file, secret) = (folder.path().join("nats.conf"), folder.path().join("secret"));
    let let_in = |password: &str| {
        let store = folder.path().join("nats").display().to_string();
        let login = format!("authorization {{ user: ada, password: {password} }}");
        fs::write(&file, format!("jetstream {{ store_dir: \"{store}\" }}\n{login}")).unwrap();
    };
    let_in("first");
    fs::write(&secret, "first\n").unwrap();
    let server = Server::start_configured(NEWEST, &file);
    let path = secret.display().to_string();
    let admin = format!("127.0.0.1:{}", free_port());
    let variables = [
        ("ADMIN_ADDR", &*admin),
        ("AUTHY_API_KEY", "12345"),
        ("PORT", "0"),
        ("PUBLIC_URL", "http://127.0.0.1:1"),
        ("NATS_URL", &server.url),
        ("NATS_USER", "ada"),
        ("NATS_PASSWORD_FILE", &path),
    ];
    let mut receiver = Process::start(folder.path(), &["receiver"], &variables);
    receiver.url().await;

    let_in("second");
    server.signal(Signal::HUP);
    while !receiver.error_line().await.contains("renew the file that NATS_PASSWORD_FILE names") {}
    let state = ready_when(&admin, |_, state| state["state"] == "spooling").await;
    let finding = &state["findings"][0];
    assert_eq!((&finding["part"], &finding["level"]), (&json!("nats"), &json!("error")), "{state}");
    assert!(finding["sentence"].as_str().unwrap().contains("NATS_PASSWORD_FILE"), "{state}");

    // Long enough for several more attempts.
    let again =
        async { while !receiver.error_line().await.contains("renew the file that NATS_PASSWORD_FILE names") {} };
    let more = tokio::time::timeout(Duration::from_secs(3), again).await;
    assert!(more.is_err(), "it is said once");

    fs::write(&secret, "second\n").unwrap();
    let again = async { while !receiver.error_line().await.contains("events are published to NATS again") {} };
    tokio::time::timeout(PATIENCE, again).await.expect("the new password is read");
}
