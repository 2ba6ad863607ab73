//! `countersign serve` and `countersign simulator` as processes of their own, and the phones between them.

use std::os::unix::fs::symlink;
use std::time::Instant;

use approval::Clock;
use reqwest::{Client, Method};
use serde_json::Value;
use storage::Storage;
use tempfile::{TempDir, tempdir};

use crate::browser::id;
use crate::cgroup::Cgroup;
use crate::client::client;
use crate::port::free_port;
use crate::process::{PATIENCE, Process};

/// What both processes sign with.
pub(crate) const KEY: &str = "a-key-of-the-tests";

/// A running system.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) http: Client,
    /// Where the product answers.
    pub(crate) url: String,
    /// Where the simulated provider answers.
    pub(crate) phones: String,
    pub(crate) serve: Process,
    pub(crate) simulator: Process,
    variables: Vec<(String, String)>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts both; `more` variables are for both, and each takes those that it knows.
    pub(crate) async fn start_with(more: &[(&str, &str)]) -> Self {
        let folder = tempdir().unwrap();
        let (port, provider_port) = (free_port().to_string(), free_port().to_string());
        let phones = format!("http://127.0.0.1:{provider_port}");
        // Nobody has to notice that a process leaves, unless a test says so.
        let own = [("PORT", &*port), ("AUTHY_API_KEY", KEY), ("AUTHY_API_URL", &phones), ("DRAIN_SECONDS", "0")];
        let variables: Vec<_> =
            own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let simulator = Self::simulator(&folder, &provider_port, &variables).await;
        let (serve, url) = Self::serve(&folder, &variables).await;
        Self { folder, http: client(), url, phones, serve, simulator, variables }
    }

    /// A world whose product has a limit of open files.
    pub(crate) async fn start_limited(files: u32) -> Self {
        Self::start_limited_with(files, &[]).await
    }

    /// The same with these variables.
    pub(crate) async fn start_limited_with(files: u32, more: &[(&str, &str)]) -> Self {
        let mut world = Self::start_with(more).await;
        world.kill().await;
        let variables: Vec<_> = world.variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        world.serve = Process::start_limited(files, world.folder.path(), &["serve"], &variables);
        world.url = world.serve.url().await;
        world
    }

    /// Starts the product again, within a group that limits its memory.
    pub(crate) async fn restart_within(&mut self, cgroup: &Cgroup) {
        self.kill().await;
        let variables: Vec<_> = self.variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.serve = Process::start_by(&cgroup.shell(), self.folder.path(), &["serve"], &variables);
        self.url = self.serve.url().await;
    }

    /// What callbacks are signed for, and where they go.
    pub(crate) fn callback_url(&self) -> String {
        format!("{}/authy/callback", self.url)
    }

    /// Kills the product, as a power cut would.
    pub(crate) async fn kill(&mut self) {
        self.serve.kill().await;
    }

    /// Starts the product again, at the same address and with the same data.
    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        (self.serve, self.url) = Self::serve(&self.folder, &self.variables).await;
    }

    /// The same with these variables as well.
    pub(crate) async fn restart_with(&mut self, more: &[(&str, &str)]) {
        self.variables.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.restart().await;
    }

    /// The product once more, beside the first, on the same database; where it answers.
    pub(crate) async fn another(&self) -> (TempDir, Process, String) {
        let folder = tempdir().unwrap();
        // By another name: each keeps its own events beside what it calls its database.
        symlink(self.folder.path().join("data/countersign.db"), folder.path().join("shared.db")).unwrap();
        let own = [("PORT", "0"), ("DATABASE_URL", "sqlite:shared.db")];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (serve, url) = Self::serve(&folder, &[&self.variables[..], &own].concat()).await;
        (folder, serve, url)
    }

    /// Ends the provider.
    pub(crate) async fn provider_goes_down(&mut self) {
        self.simulator.kill().await;
    }

    /// From now on the provider takes calls and does nothing about them.
    pub(crate) async fn provider_hangs(&self) {
        self.simulator.halt().await;
    }

    /// Starts the provider again, with the phones as they were; what it was asked meanwhile was never done.
    pub(crate) async fn provider_comes_back(&mut self) {
        self.simulator.kill().await;
        let port = self.phones.rsplit(':').next().unwrap();
        self.simulator = Self::simulator(&self.folder, port, &self.variables).await;
    }

    /// The product's database, as another process on it has it.
    pub(crate) async fn storage(&self) -> Storage {
        let path = self.folder.path().join("data/countersign.db");
        Storage::open(&format!("sqlite:{}", path.display()), Clock::system()).await.unwrap()
    }

    /// What the audit trail says about an approval, oldest first, each as "kind: note".
    pub(crate) async fn audit(&self, approval: &Value) -> Vec<String> {
        self.audit_when(approval, |_| true).await
    }

    /// Waits until the audit trail of an approval has this line; the whole trail then.
    pub(crate) async fn audited(&self, approval: &Value, line: &str) -> Vec<String> {
        self.audit_when(approval, |trail| trail.iter().any(|one| one == line)).await
    }

    /// The audit trail of an approval once `ready` is content with it.
    pub(crate) async fn audit_when(&self, approval: &Value, ready: impl Fn(&[String]) -> bool) -> Vec<String> {
        let (storage, id) = (self.storage().await, id(approval).parse().unwrap());
        let begun = Instant::now();
        loop {
            let rows = storage.audit().of_approval(id).await.unwrap().into_iter();
            let trail: Vec<_> = rows.map(|row| format!("{}: {}", row.kind, row.note.unwrap_or_default())).collect();
            if ready(&trail) {
                return trail;
            }
            assert!(begun.elapsed() < PATIENCE, "the trail stays {trail:?}");
        }
    }

    /// The phone with this number, as the simulator shows it.
    pub(crate) async fn phone(&self, cellphone: &str) -> Value {
        let phones: Value =
            self.http.get(format!("{}/phones", self.phones)).send().await.unwrap().json().await.unwrap();
        let found = phones.as_array().unwrap().iter().find(|phone| phone["cellphone"] == cellphone);
        found.unwrap_or_else(|| panic!("no phone {cellphone} in {phones}")).clone()
    }

    /// The phone, once `ready` finds on it what is waited for. What the simulator shows changes by events of other
    /// processes, so it is looked at until then.
    pub(crate) async fn phone_when<T>(&self, cellphone: &str, ready: impl Fn(&Value) -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            let phone = self.phone(cellphone).await;
            if let Some(found) = ready(&phone) {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "the phone never got there: {phone}");
        }
    }

    /// The request that an approval became on the phone, once it is there.
    pub(crate) async fn request(&self, cellphone: &str, approval: &Value) -> Value {
        let is_its = |request: &&Value| request["hidden_details"]["approval"] == approval["id"];
        self.phone_when(cellphone, |phone| phone["requests"].as_array().unwrap().iter().find(is_its).cloned()).await
    }

    /// Taps `approve` or `deny` on it; answers after the callback.
    pub(crate) async fn tap(&self, cellphone: &str, approval: &Value, what: &str) -> u16 {
        let request = self.request(cellphone, approval).await;
        let id = self.phone(cellphone).await["authy_id"].clone();
        let url = format!("{}/phones/{id}/requests/{}/{what}", self.phones, request["uuid"].as_str().unwrap());
        self.http.post(url).send().await.unwrap().status().as_u16()
    }

    /// Sets switches of a phone.
    pub(crate) async fn switch(&self, cellphone: &str, switches: Value) {
        let id = self.phone(cellphone).await["authy_id"].clone();
        let url = format!("{}/phones/{id}", self.phones);
        let answer = self.http.request(Method::PATCH, url).json(&switches).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    async fn serve(folder: &TempDir, variables: &[(String, String)]) -> (Process, String) {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        let mut serve = Process::start(folder.path(), &["serve"], &variables);
        let url = serve.url().await;
        (serve, url)
    }

    /// `products` are the variables of the product, which it calls back.
    async fn simulator(folder: &TempDir, port: &str, products: &[(String, String)]) -> Process {
        let products: Vec<_> = products.iter().map(|(name, value)| (&**name, &**value)).collect();
        let product = products.iter().find(|(name, _)| *name == "PORT").unwrap().1;
        let callback = format!("http://127.0.0.1:{product}/authy/callback");
        let own = [("PORT", port), ("SIMULATOR_STATE", "phones.json"), ("AUTHY_CALLBACK_URL", &*callback)];
        let variables = [&products[..], &own].concat();
        let mut simulator = Process::start(folder.path(), &["simulator"], &variables);
        simulator.url().await;
        simulator
    }
}
