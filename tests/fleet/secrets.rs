//! What no process of a fleet ever says, not even when everything is logged and everything goes wrong: canaries are
//! planted wherever a secret or something private travels, and then looked for in all output, in the audit trail and in
//! the list of dead letters.

use serde_json::{Value, json};
use sqlx::{Connection as _, Row as _, SqliteConnection};

use crate::browser::{Browser, Person, signing_in, text};
use crate::process::Process;
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, Plan, World};

const PASSWORD: &str = "difference engine";
const NATS_PASSWORD: &str = "canary-nats-password";
const OTHER_KEY: &str = "canary-key-of-nobody";
const NATS: &[&str] = &["--user", "fleet", "--pass", NATS_PASSWORD];
const OURS: [&str; 8] = ["approval", "broker", "countersign", "hub", "provider", "receiver", "simulator", "storage"];

/// What must not be said, as it is planted on the way.
struct Canaries(Vec<String>);

impl Canaries {
    fn plant(&mut self, canary: &str) {
        assert!(canary.len() > 5, "{canary:?} may stand anywhere by chance");
        self.0.push(canary.to_owned());
    }

    /// Fails if one of them is in `said`. Digits count only as a whole number, as they may stand in a longer one.
    fn are_not_in(&self, said: &str, whose: &str) {
        for canary in &self.0 {
            let stands_alone = |at: usize| {
                let digits = canary.bytes().all(|byte| byte.is_ascii_digit());
                let next_to = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.');
                let (before, after) = (at.checked_sub(1), at + canary.len());
                !digits
                    || !next_to(before.and_then(|at| said.as_bytes().get(at))) && !next_to(said.as_bytes().get(after))
            };
            let found = said.match_indices(canary.as_str()).find(|(at, _)| stands_alone(*at));
            let around = found.map(|(at, _)| said[..at].lines().last().unwrap_or_default());
            assert!(found.is_none(), "{whose} says {canary}, after {around:?}");
        }
    }
}

#[tokio::test]
async fn no_secret_is_said_by_any_process_whatever_goes_wrong() {
    let variables = [("LOG", "trace"), ("NATS_USER", "fleet"), ("NATS_PASSWORD", NATS_PASSWORD)];
    let variables = variables.map(|(name, value)| (name, value.to_owned())).to_vec();
    let mut world = World::start_with(Plan { receivers: 1, hubs: 1, variables, nats: NATS, ..Plan::default() }).await;
    let mut canaries = Canaries(Vec::new());
    for planted in [KEY, OTHER_KEY, PASSWORD, NATS_PASSWORD] {
        canaries.plant(planted);
    }
    let person = people_come_and_go(&world, &mut canaries).await;
    strangers_send_what_they_like(&world, &mut canaries).await;
    callbacks_come_while_nats_is_away(&mut world, &person, &mut canaries).await;
    let mut said = operators_look(&world, &canaries).await;
    said.push(("a serve with a key that the provider does not know", serve_with_another_key(&world).await));
    the_audit_trail_is_silent(&world, &canaries).await;

    world.switch_off_the_provider().await;
    Browser::default().sign_in(&world, &person).await;
    let World { mut receivers, mut hubs, simulator, .. } = world;
    said.push(("receiver", receivers[0].stop().await.errors.join("\n")));
    said.push(("hub", hubs[0].stop().await.errors.join("\n")));
    simulator.signal("TERM").await;
    said.push(("simulator", simulator.ended().await.errors.join("\n")));
    for (whose, said) in said {
        canaries.are_not_in(&said, whose);
        only_we_say_more_than_info(&said, whose);
    }
}

/// Everything that people do: sign up, tap, type codes right and wrong, and let something be approved.
async fn people_come_and_go(world: &World, canaries: &mut Canaries) -> Person {
    let (person, mut browser, approval) = signing_in(world).await;
    canaries.plant(&person.cellphone[1..]);
    canaries.plant(&person.cellphone[2..]);
    canaries.plant(token(&browser));
    assert_eq!(browser.type_code(world, "8642097").await.status, 401);
    assert_eq!(browser.ask_for_code(world, "sms").await.status, 202);
    assert_eq!(browser.ask_for_code(world, "call").await.status, 202);
    let phone = world.phone(&person.cellphone).await;
    let last = |kind: &str| text(phone[kind].as_array().unwrap().last().unwrap(), "code").to_owned();
    for code in ["8642097", &last("sms"), &last("calls"), text(&phone["authenticator"], "code")] {
        canaries.plant(code);
    }
    assert_eq!(browser.type_code(world, &last("sms")).await.status, 200);
    canaries.plant(token(&browser));
    let wanted = json!({ "message": "canary-message", "details": { "canary-label": "canary-value" } });
    let transfer = browser.post(world, "/api/approvals", wanted).await.json();
    let genuine = callback(world, &person.cellphone, &transfer).await;
    canaries.plant(&sign(world, KEY, &genuine));
    assert_eq!(world.post(&genuine).await, 200);
    browser.until(world, &transfer, "approved").await;
    for canary in ["canary-message", "canary-label", "canary-value"] {
        canaries.plant(canary);
    }
    assert_eq!(browser.look(world, &approval).await["status"], "cancelled");
    person
}

/// Forged callbacks, and requests that are none.
async fn strangers_send_what_they_like(world: &World, canaries: &mut Canaries) {
    let forged = json!({ "authy_id": 1, "uuid": "u", "status": "approved", "canary-forged": "x" });
    for signature in [None, Some("canary-signature".to_owned()), Some(sign(world, OTHER_KEY, &forged))] {
        assert_eq!(send_callback(world, &forged, signature.as_deref()).await, 401);
    }
    let query = format!("{}?status=canary-query", world.callback_url());
    assert_eq!(world.http.get(query).send().await.unwrap().status(), 401);
    let unreadable = json!({ "authy_id": 1234, "canary-dead-letter": "x" });
    assert_eq!(world.post(&unreadable).await, 200);
    for (path, kind, body) in [
        ("/api/session", "application/json", r#"{"email":"a@b.c","password":"canary-unfinished"#),
        ("/api/session", "application/json", r#"{"email":"a@b.c","password":["canary-list"]}"#),
        ("/api/session", "application/json", r#"{"email":"a@b.c","password":"x","canary-field":1}"#),
        ("/api/session", "text/plain", "canary-text"),
        ("/sign-in?password=canary-address", "application/x-www-form-urlencoded", "password=canary-form%ff"),
        ("/api/session/code", "application/json", r#"{"code":"canary-code"}"#),
    ] {
        let request = world.http.post(format!("{}{path}", world.url)).header("content-type", kind).body(body);
        let request = request.header("cookie", "countersign=canary-cookie").header("origin", &world.url);
        assert!(request.send().await.unwrap().status().is_client_error(), "{path} {body}");
    }
    for canary in
        ["forged", "signature", "query", "dead-letter", "unfinished", "list", "field", "text", "address", "form"]
    {
        canaries.plant(&format!("canary-{canary}"));
    }
    canaries.plant("canary-code");
    canaries.plant("canary-cookie");
}

/// What is in the spool, and comes out of it, is nobody's to read.
async fn callbacks_come_while_nats_is_away(world: &mut World, person: &Person, canaries: &mut Canaries) {
    let mut browser = Browser::default();
    let approval = browser.sign_in(world, person).await;
    let mut spooled = callback(world, &person.cellphone, &approval).await;
    spooled["canary-spooled"] = json!("x");
    canaries.plant("canary-spooled");
    canaries.plant(token(&browser));
    world.nats_dies();
    assert_eq!(world.post(&spooled).await, 200);
    assert_eq!(world.post(&json!({ "canary-spooled": "unreadable" })).await, 200);
    world.nats_returns();
    browser.until(world, &approval, "approved").await;
    assert_eq!(browser.act(world, &approval, "complete").await.status, 200);
    canaries.plant(token(&browser));
}

/// The operator's commands, well and with a password that NATS refuses; what they said on standard error.
async fn operators_look(world: &World, canaries: &Canaries) -> Vec<(&'static str, String)> {
    let url = format!("nats://127.0.0.1:{}", world.line.port);
    let mut said = Vec::new();
    for (arguments, whose) in [(&["migrate"][..], "migrate"), (&["dead-letters", "list"], "dead-letters")] {
        for (password, code) in [(NATS_PASSWORD, 0), ("canary-nats-password-that-is-wrong", 1)] {
            let login = [("NATS_URL", url.as_str()), ("NATS_USER", "fleet"), ("NATS_PASSWORD", password)];
            let variables = [&login[..], &[("LOG", "trace")]].concat();
            let ended = Process::start(world.path(), arguments, &variables).ended().await;
            assert_eq!(ended.status.code(), Some(code), "{ended:?}");
            canaries.are_not_in(&ended.output.join("\n"), whose);
            said.push((whose, ended.errors.join("\n")));
        }
    }
    said
}

/// A product whose key the provider refuses cannot sign anybody up, and says so without the key.
async fn serve_with_another_key(world: &World) -> String {
    let folder = tempfile::tempdir().unwrap();
    let variables =
        [("AUTHY_API_KEY", OTHER_KEY), ("AUTHY_API_URL", world.phones.as_str()), ("PORT", "0"), ("LOG", "trace")];
    let mut serve = Process::start(folder.path(), &["serve"], &variables);
    let person = json!({ "full_name": "Ada", "email": "ada@example.com", "country_code": "1", "phone": "2025550110",
        "password": PASSWORD });
    let url = format!("{}/api/users", serve.url().await);
    assert_eq!(world.http.post(url).json(&person).send().await.unwrap().status(), 503);
    serve.signal("TERM").await;
    serve.ended().await.errors.join("\n")
}

async fn the_audit_trail_is_silent(world: &World, canaries: &Canaries) {
    let url = format!("sqlite:{}", world.path().join("data/countersign.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let rows = sqlx::query("SELECT * FROM audit").fetch_all(&mut db).await.unwrap();
    assert!(rows.len() > 5);
    for row in rows {
        let texts = (0..row.len()).filter_map(|at| row.try_get::<String, _>(at).ok());
        canaries.are_not_in(&texts.collect::<Vec<_>>().join(" "), "the audit trail");
    }
}

/// Below `info`, a library's lines hold URLs, headers and frames.
fn only_we_say_more_than_info(said: &str, whose: &str) {
    for line in said.lines() {
        let mut words = line.split_whitespace().skip(1);
        if matches!(words.next(), Some("DEBUG" | "TRACE")) {
            let target = words.next().unwrap_or_default();
            assert!(OURS.contains(&target.split(':').next().unwrap_or_default()), "{whose} lets a library say: {line}");
        }
    }
}

fn token(browser: &Browser) -> &str {
    browser.cookie.split_once('=').unwrap().1
}

impl World {
    /// From now on each call to the provider about a phone fails.
    async fn switch_off_the_provider(&self) {
        let phones: Value = self.get(&format!("{}/phones", self.phones)).await;
        for phone in phones.as_array().unwrap() {
            let url = format!("{}/phones/{}", self.phones, phone["authy_id"]);
            let down = json!({ "provider_down": true });
            assert!(self.http.patch(url).json(&down).send().await.unwrap().status().is_success());
        }
    }
}
