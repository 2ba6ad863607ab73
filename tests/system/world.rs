//! `countersign serve` and `countersign simulator` as processes of their own, and the phones between them.

use std::net::TcpListener;

use approval::Clock;
use reqwest::{Client, Method};
use serde_json::Value;
use storage::Storage;
use tempfile::{TempDir, tempdir};

use crate::browser::id;
use crate::client::client;
use crate::process::Process;

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

    /// Starts both; `more` variables are for the product.
    pub(crate) async fn start_with(more: &[(&str, &str)]) -> Self {
        let folder = tempdir().unwrap();
        let (port, provider_port) = (free_port(), free_port());
        let phones = format!("http://127.0.0.1:{provider_port}");
        let own = [("PORT", &*port), ("AUTHY_API_KEY", KEY), ("AUTHY_API_URL", &phones)];
        let variables: Vec<_> =
            own.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let simulator = Self::simulator(&folder, &provider_port, &port).await;
        let (serve, url) = Self::serve(&folder, &variables).await;
        Self { folder, http: client(), url, phones, serve, simulator, variables }
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

    /// Ends the provider.
    pub(crate) async fn provider_goes_down(&mut self) {
        self.simulator.kill().await;
    }

    /// From now on the provider takes calls and does nothing about them.
    pub(crate) async fn provider_hangs(&self) {
        self.simulator.signal("STOP").await;
    }

    /// Starts the provider again, with the phones as they were; what it was asked meanwhile was never done.
    pub(crate) async fn provider_comes_back(&mut self) {
        self.simulator.kill().await;
        let port = |url: &str| url.rsplit(':').next().unwrap().to_owned();
        self.simulator = Self::simulator(&self.folder, &port(&self.phones), &port(&self.url)).await;
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
        let (storage, id, mut trail) = (self.storage().await, id(approval).parse().unwrap(), Vec::new());
        for _ in 0..20_000 {
            let rows = storage.audit_of(id).await.unwrap().into_iter();
            trail = rows.map(|row| format!("{}: {}", row.kind, row.note.unwrap_or_default())).collect();
            if ready(&trail) {
                return trail;
            }
        }
        panic!("the trail stays {trail:?}")
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
        for _ in 0..5000 {
            if let Some(found) = ready(&self.phone(cellphone).await) {
                return found;
            }
        }
        panic!("the phone never got there: {}", self.phone(cellphone).await)
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

    async fn simulator(folder: &TempDir, port: &str, product: &str) -> Process {
        let callback = format!("http://127.0.0.1:{product}/authy/callback");
        let own = [("PORT", port), ("AUTHY_API_KEY", KEY), ("SIMULATOR_STATE", "phones.json")];
        let variables = [&own[..], &[("AUTHY_CALLBACK_URL", &*callback)]].concat();
        let mut simulator = Process::start(folder.path(), &["simulator"], &variables);
        simulator.url().await;
        simulator
    }
}

/// A port that was free a moment ago. Each process has to know the other's address before either has begun.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}
