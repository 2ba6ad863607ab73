//! A fleet: a nats-server, a simulated provider that never calls back, receivers and hubs, and the lines between them.
//! The tests call back themselves, so that they know what was answered.

use std::path::Path;
use std::time::Instant;

use approval::Clock;
use reqwest::{Client, Url, redirect};
use serde_json::{Value, json};
use storage::Storage;
use tempfile::{TempDir, tempdir};

use crate::browser::{Person, id};
use crate::nats::{NEWEST, Server};
use crate::port::free_port;
use crate::process::{PATIENCE, Process};
use crate::proxy::Proxy;
use crate::role::Role;
use crate::signed::{callback, send_callback, sign};

/// What everybody signs with.
pub(crate) const KEY: &str = "a-key-of-the-tests";

/// How a fleet begins.
pub(crate) struct Plan {
    pub(crate) receivers: usize,
    pub(crate) hubs: usize,
    /// Processes that are both.
    pub(crate) both: usize,
    /// Variables for all processes.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// More arguments for nats-server.
    pub(crate) nats: &'static [&'static str],
    /// The limit of open files of each process.
    pub(crate) files: Option<u32>,
}

impl Plan {
    /// Phones that may be asked at any time, whatever was answered before.
    pub(crate) fn patient_phones() -> Vec<(&'static str, String)> {
        let set = |name, value: u32| (name, value.to_string());
        vec![set("PENDING_PUSHES", 1000), set("REFUSED_PUSHES", 1000), set("PUSH_WAIT_SECONDS", 0)]
    }
}

impl Default for Plan {
    fn default() -> Self {
        Self { receivers: 2, hubs: 2, both: 0, variables: Vec::new(), nats: &[], files: None }
    }
}

/// A running fleet.
pub(crate) struct World {
    pub(crate) receivers: Vec<Role>,
    pub(crate) hubs: Vec<Role>,
    pub(crate) both: Vec<Role>,
    /// Between receivers and hubs on one side and NATS on the other.
    pub(crate) line: Proxy,
    /// Between browsers and hubs.
    pub(crate) front: Proxy,
    /// Between the provider and the receivers.
    pub(crate) intake: Proxy,
    /// Between hubs and the provider.
    pub(crate) provider: Proxy,
    pub(crate) nats: Option<Server>,
    pub(crate) http: Client,
    /// Where browsers go.
    pub(crate) url: String,
    /// Where the simulated provider answers.
    pub(crate) phones: String,
    nats_port: u16,
    nats_arguments: &'static [&'static str],
    pub(crate) simulator: Process,
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(Plan::default()).await
    }

    pub(crate) async fn start_with(plan: Plan) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempdir().unwrap();
        let nats = Server::start(NEWEST, folder.path(), plan.nats);
        let (nats_port, line) = (nats.port, Proxy::to(&[nats.port]).await);
        let ports = |count: usize| (0..count).map(|_| free_port()).collect::<Vec<_>>();
        let (receiver_ports, hub_ports, both_ports) = (ports(plan.receivers), ports(plan.hubs), ports(plan.both));
        let intake = Proxy::to(&[&receiver_ports[..], &both_ports].concat()).await;
        let front = Proxy::to(&[&hub_ports[..], &both_ports].concat()).await;
        let own = [("PORT", "0"), ("AUTHY_API_KEY", KEY), ("LOG", "warn")].into_iter();
        let variables: Vec<_> = own.chain(plan.variables.iter().map(|(name, value)| (*name, value.as_str()))).collect();
        let mut simulator = Process::start(folder.path(), &["simulator"], &variables);
        let phones = simulator.url().await;
        let provider = Proxy::to(&[Url::parse(&phones).unwrap().port().unwrap()]).await;
        let url = format!("http://127.0.0.1:{}", front.port);
        let shared = shared_variables(&provider, &intake, &line, &url);
        let variables = |port: u16, more: &[(&str, String)]| {
            let more = more.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            let own = [("PORT".to_owned(), port.to_string())];
            shared.iter().cloned().chain(own).chain(more).collect::<Vec<_>>()
        };
        let (mut receivers, mut hubs, mut both) = (Vec::new(), Vec::new(), Vec::new());
        for (at, port) in receiver_ports.into_iter().enumerate() {
            let spool = [("SPOOL", format!("spool-{at}.db"))];
            let more = [&plan.variables[..], &spool].concat();
            receivers.push(Role::start("receiver", folder.path().to_owned(), variables(port, &more), plan.files).await);
        }
        for port in hub_ports {
            hubs.push(Role::start("hub", folder.path().to_owned(), variables(port, &plan.variables), plan.files).await);
        }
        for port in both_ports {
            let variables = variables(port, &plan.variables);
            both.push(Role::start("serve", folder.path().to_owned(), variables, plan.files).await);
        }
        let (nats, http) = (Some(nats), client());
        Self {
            receivers,
            hubs,
            both,
            line,
            front,
            intake,
            provider,
            nats,
            http,
            url,
            phones,
            nats_port,
            nats_arguments: plan.nats,
            simulator,
            folder,
        }
    }

    /// What callbacks are signed for, and where they go.
    pub(crate) fn callback_url(&self) -> String {
        format!("http://127.0.0.1:{}/authy/callback", self.intake.port)
    }

    /// The phone with this number, as the simulator shows it.
    pub(crate) async fn phone(&self, cellphone: &str) -> Value {
        let phones: Value =
            self.http.get(format!("{}/phones", self.phones)).send().await.unwrap().json().await.unwrap();
        let found = phones.as_array().unwrap().iter().find(|phone| phone["cellphone"] == cellphone);
        found.unwrap_or_else(|| panic!("no phone {cellphone} in {phones}")).clone()
    }

    /// The request that an approval became on the phone, once it is there.
    pub(crate) async fn request(&self, cellphone: &str, approval: &Value) -> Value {
        let begun = Instant::now();
        loop {
            let phone = self.phone(cellphone).await;
            let requests = phone["requests"].as_array().unwrap();
            if let Some(request) = requests.iter().find(|one| one["hidden_details"]["approval"] == approval["id"]) {
                return request.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "the request never got to {cellphone}");
        }
    }

    /// The provider calls back about this approval; what it was answered.
    pub(crate) async fn call_back(&self, person: &Person, approval: &Value, status: &str) -> u16 {
        let mut body = callback(self, &person.cellphone, approval).await;
        body["status"] = json!(status);
        self.post(&body).await
    }

    /// Sends a callback, well signed.
    pub(crate) async fn post(&self, body: &Value) -> u16 {
        send_callback(self, body, Some(&sign(self, KEY, body))).await
    }

    /// The same callback in the place of a tap.
    pub(crate) async fn tap(&self, cellphone: &str, approval: &Value, what: &str) -> u16 {
        let person = Person { email: String::new(), cellphone: cellphone.to_owned() };
        let status = if what == "approve" { "approved" } else { "denied" };
        assert_eq!(self.call_back(&person, approval, status).await, 200);
        204
    }

    /// What an address of the simulator answers.
    pub(crate) async fn get(&self, url: &str) -> Value {
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// NATS at the address that everybody knows, with what it had stored.
    pub(crate) fn another_nats(&self) -> Server {
        Server::start_at(self.nats_port, NEWEST, self.folder.path(), self.nats_arguments)
    }

    /// NATS ends as in a power cut.
    pub(crate) fn nats_dies(&mut self) {
        self.nats.take().unwrap().kill();
    }

    /// NATS is back at the same address, with what it had stored.
    pub(crate) fn nats_returns(&mut self) {
        self.nats = Some(self.another_nats());
    }

    /// How `countersign` with these arguments ends beside this fleet, and what it says.
    pub(crate) async fn countersign(&self, arguments: &[&str]) -> (i32, Vec<String>) {
        let url = format!("nats://127.0.0.1:{}", self.line.port);
        let ended = Process::start(self.folder.path(), arguments, &[("NATS_URL", &url)]).ended().await;
        (ended.status.code().unwrap(), ended.output)
    }

    /// What the audit trail says about an approval, oldest first, each as "kind: note".
    pub(crate) async fn audit(&self, approval: &Value) -> Vec<String> {
        let path = self.path().join("data/countersign.db");
        let storage = Storage::open(&format!("sqlite:{}", path.display()), Clock::system()).await.unwrap();
        let rows = storage.audit().of_approval(id(approval).parse().unwrap()).await.unwrap().into_iter();
        rows.map(|row| format!("{}: {}", row.kind, row.note.unwrap_or_default())).collect()
    }

    /// Waits until the audit trail of an approval has a line that begins so.
    pub(crate) async fn audited(&self, approval: &Value, line: &str) {
        let begun = Instant::now();
        loop {
            let trail = self.audit(approval).await;
            if trail.iter().any(|one| one.starts_with(line)) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "it never says {line}: {trail:?}");
        }
    }

    /// Waits until an approval is decided, whoever has heard of it.
    pub(crate) async fn decided(&self, approval: &Value) {
        self.audited(approval, "approval_decided").await;
    }

    /// How a process with `ADMIN_ADDR` says it stands.
    pub(crate) async fn health(&self, port: u16) -> Value {
        let url = format!("http://127.0.0.1:{port}/health/ready");
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// What all processes but the simulator are told.
fn shared_variables(provider: &Proxy, intake: &Proxy, line: &Proxy, url: &str) -> [(String, String); 6] {
    [
        ("AUTHY_API_KEY", KEY.to_owned()),
        ("AUTHY_API_URL", format!("http://127.0.0.1:{}", provider.port)),
        ("AUTHY_CALLBACK_URL", format!("http://127.0.0.1:{}/authy/callback", intake.port)),
        ("NATS_URL", format!("nats://127.0.0.1:{}", line.port)),
        ("PUBLIC_URL", url.to_owned()),
        // Nobody has to notice that a process leaves, unless a test says so.
        ("DRAIN_SECONDS", "0".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// Each request has a connection of its own: nobody knows which process is there the next time.
fn client() -> Client {
    Client::builder().redirect(redirect::Policy::none()).pool_max_idle_per_host(0).build().unwrap()
}
