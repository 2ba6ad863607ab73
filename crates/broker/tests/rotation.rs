//! Credentials that are exchanged while everything runs, on real servers: each kind of file is read again at each
//! connection, and a login that is refused meanwhile is a fault that names its variable.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/system/nats.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod nats;
#[path = "../../../tests/system/port.rs"]
mod port;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use approval::{Clock, MessageId};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use broker::{Credentials, Intake as _, JetStream, JetStreamSettings, Message};
use nats::{NEWEST, Server};
use nkeys::KeyPair;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A variable; three logins of a server, each with the secret for it; the credentials with such a secret in a file.
type Kind = (&'static str, Vec<String>, Vec<String>, fn(PathBuf) -> Credentials);

/// A server whose logins are exchanged in its configuration.
struct World {
    folder: TempDir,
    server: Server,
    log: JetStream,
}

impl World {
    /// A log that logs in with what the file `secret` holds, to a server with these `logins`.
    async fn start(logins: &str, secret: &str, credentials: impl FnOnce(PathBuf) -> Credentials) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, secret).unwrap();
        configure(folder.path(), logins);
        let server = Server::start_configured(NEWEST, &folder.path().join("nats.conf"));
        let settings = JetStreamSettings { credentials: credentials(path), ..JetStreamSettings::at(&server.url) };
        let log = JetStream::connect(settings).await.unwrap();
        Self { folder, server, log }
    }

    /// From now on the server lets in these `logins` and no other; whoever has another is cut off.
    fn let_in(&self, logins: &str) {
        configure(self.folder.path(), logins);
        self.server.signal(Signal::HUP);
    }

    fn exchange_file(&self, secret: &str) {
        fs::write(self.folder.path().join("secret"), secret).unwrap();
    }

    /// Waits until something is published again.
    async fn publishes(&self, text: &str) {
        let message = || Message::event(MessageId::of(text.as_bytes()), text.to_owned().into());
        timeout(PATIENCE, async { while self.log.publish(message()).await.is_err() {} })
            .await
            .expect("it is published");
        assert_eq!(self.log.fault(), None);
    }

    async fn until_fault(&self) -> String {
        let fault = async {
            loop {
                if let Some(fault) = self.log.fault() {
                    return fault;
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, fault).await.expect("the fault is noticed")
    }
}

fn configure(folder: &Path, logins: &str) {
    let store = folder.join("nats");
    let jetstream = format!(r#"jetstream {{ store_dir: "{}" }}"#, store.display());
    fs::write(folder.join("nats.conf"), format!("{jetstream}\n{logins}")).unwrap();
}

#[tokio::test]
async fn a_secret_that_is_exchanged_in_its_file_is_used_at_the_next_connection() {
    let password = |password: &str| format!("authorization {{ user: ada, password: {password} }}");
    let token = |token: &str| format!("authorization {{ token: {token} }}");
    let pairs = [KeyPair::new_user(), KeyPair::new_user(), KeyPair::new_user()];
    let key = |at: usize| format!("authorization {{ users: [{{ nkey: {} }}] }}", pairs[at].public_key());
    let words = ["first", "second", "third"];
    let seeds: Vec<_> = pairs.iter().map(|pair| pair.seed().unwrap()).collect();
    let kinds: [Kind; 3] = [
        ("NATS_PASSWORD_FILE", words.map(password).to_vec(), words.map(String::from).to_vec(), |path| {
            Credentials::PasswordFile { user: "ada".to_owned(), path }
        }),
        ("NATS_TOKEN_FILE", words.map(token).to_vec(), words.map(String::from).to_vec(), Credentials::TokenFile),
        ("NATS_NKEY", (0..3).map(key).collect(), seeds, Credentials::Nkey),
    ];
    for (variable, logins, secrets, credentials) in kinds {
        let world = World::start(&logins[0], &secrets[0], credentials).await;
        world.publishes("before").await;
        world.exchange_file(&secrets[1]);
        world.let_in(&logins[1]);
        world.publishes("after").await;

        // Exchanged on the server first.
        world.let_in(&logins[2]);
        let fault = world.until_fault().await;
        assert!(fault.contains("refuses this login") && fault.contains(variable), "{fault}");
        world.exchange_file(&secrets[2]);
        world.publishes("in the end").await;
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_named_until_it_is_back() {
    let logins = |token: &str| format!("authorization {{ token: {token} }}");
    let world = World::start(&logins("first"), "first", Credentials::TokenFile).await;
    fs::remove_file(world.folder.path().join("secret")).unwrap();
    world.let_in(&logins("second"));
    let fault = world.until_fault().await;
    assert!(fault.contains("cannot be read from the file that NATS_TOKEN_FILE names"), "{fault}");
    world.exchange_file("second");
    world.publishes("a").await;
}

/// A JWT about `subject`, signed by `issuer`, that ends in `lives`.
fn jwt(issuer: &KeyPair, subject: &KeyPair, lives: Duration, claims: &Value) -> String {
    let now = Clock::system().now().unix_timestamp();
    let claims = json!({
        "jti": "of-a-test", "iat": now, "exp": now + i64::try_from(lives.as_secs()).unwrap(),
        "iss": issuer.public_key(), "name": "test", "sub": subject.public_key(), "nats": claims,
    });
    let parts = [json!({ "typ": "JWT", "alg": "ed25519-nkey" }), claims].map(|part| BASE64.encode(part.to_string()));
    let signed = parts.join(".");
    let signature = BASE64.encode(issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

/// An account with as much JetStream; -1 means no limit.
fn account(operator: &KeyPair, account: &KeyPair, jetstream: i32) -> String {
    let limits = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        "mem_storage": jetstream, "disk_storage": jetstream, "streams": jetstream, "consumer": jetstream,
    });
    let claims = json!({ "limits": limits, "type": "account", "version": 2 });
    jwt(operator, account, Duration::from_hours(1), &claims)
}

/// A file of credentials, as `nsc` writes it, that are good for so long.
fn credentials(issuer: &KeyPair, lives: Duration) -> String {
    let user = KeyPair::new_user();
    let claims = json!({ "subs": -1, "data": -1, "payload": -1, "type": "user", "version": 2 });
    let (jwt, seed) = (jwt(issuer, &user, lives, &claims), user.seed().unwrap());
    format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

#[tokio::test]
async fn credentials_that_expire_are_followed_by_those_that_were_written_in_time() {
    let (operator, system, ours) = (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_account());
    let claims = json!({ "type": "operator", "version": 2, "system_account": system.public_key() });
    let logins = format!(
        "operator: {}\nsystem_account: {system}\nresolver: MEMORY\n\
         resolver_preload: {{ {system}: {}, {ours}: {} }}",
        jwt(&operator, &operator, Duration::from_hours(1), &claims),
        account(&operator, &system, 0),
        account(&operator, &ours, -1),
        system = system.public_key(),
        ours = ours.public_key(),
    );
    let lives = Duration::from_secs(3);
    let world = World::start(&logins, &credentials(&ours, lives), Credentials::File).await;
    let expired = Clock::system().now() + lives + Duration::from_secs(1);
    world.publishes("before").await;
    world.exchange_file(&credentials(&ours, Duration::from_hours(1)));
    while Clock::system().now() < expired {
        sleep(Duration::from_millis(50)).await;
    }
    world.publishes("after").await;
}
