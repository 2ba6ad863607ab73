//! Starts a simulator and a service that it calls back, each on a port of its own.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use approval::{Clock, Entropy, Secret};
use axum::{Router, body::Bytes, extract::State, http::Request};
use provider::Method;
use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::{Value, json};
use simulator::{OpenError, Settings, Simulator};
use time::{Duration, OffsetDateTime};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) const KEY: &str = "d57d919d11e6b221c9bf6f7c882028f9";

/// A running simulator; ends when dropped.
pub(crate) struct TestSimulator {
    pub(crate) base: String,
    pub(crate) http: Client,
    seconds_ahead: Arc<AtomicI64>,
    shutdown: CancellationToken,
}

/// What a simulator should be like.
pub(crate) struct Builder(Settings);

/// A service that takes callbacks.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) url: String,
    calls: watch::Sender<Vec<Call>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

/// One callback as it came.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) query: String,
    pub(crate) body: Bytes,
    pub(crate) nonce: String,
    pub(crate) signature: String,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self(Settings {
            name: "Jarod's Vault".into(),
            api_key: Secret::new(KEY),
            callback_url: None,
            callback_method: Method::Post,
            state_file: None,
            hosts: vec!["simulator".to_owned()],
        })
    }

    pub(crate) fn calling(mut self, url: &str, method: Method) -> Self {
        self.0.callback_url = Some(url.parse().unwrap());
        self.0.callback_method = method;
        self
    }

    pub(crate) fn kept_in(mut self, file: PathBuf) -> Self {
        self.0.state_file = Some(file);
        self
    }

    pub(crate) async fn start(self) -> TestSimulator {
        self.try_start().await.unwrap()
    }

    pub(crate) async fn try_start(self) -> Result<TestSimulator, OpenError> {
        let seconds_ahead = Arc::new(AtomicI64::new(0));
        let ahead = Arc::clone(&seconds_ahead);
        let start = Clock::system().now();
        let clock = Clock::telling(move || start + Duration::seconds(ahead.load(Ordering::Relaxed)));
        let shutdown = CancellationToken::new();
        let simulator = Simulator::open(self.0, clock, Entropy::system(), TaskTracker::new(), shutdown.clone())?;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = shutdown.clone().cancelled_owned();
        tokio::spawn(axum::serve(listener, simulator.router()).with_graceful_shutdown(stop).into_future());
        let http = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap();
        Ok(TestSimulator { base, http, seconds_ahead, shutdown })
    }
}

impl TestSimulator {
    pub(crate) fn pass(&self, time: Duration) {
        self.seconds_ahead.fetch_add(time.whole_seconds(), Ordering::Relaxed);
    }

    /// A GET with the key.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.http.get(self.url(path)).header("X-Authy-API-Key", KEY).send().await.unwrap()).await
    }

    /// A POST of JSON with the key.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        read(self.http.post(self.url(path)).header("X-Authy-API-Key", KEY).json(body).send().await.unwrap()).await
    }

    /// What a program sees of a phone.
    pub(crate) async fn phone(&self, id: u64) -> Value {
        read(self.http.get(self.url(&format!("/phones/{id}"))).send().await.unwrap()).await.1
    }

    pub(crate) async fn switch(&self, id: u64, switches: &Value) -> StatusCode {
        let request = self.http.patch(self.url(&format!("/phones/{id}")));
        request.json(switches).send().await.unwrap().status()
    }

    /// Taps `approve` or `deny`.
    pub(crate) async fn tap(&self, id: u64, uuid: &str, answer: &str) -> StatusCode {
        let url = self.url(&format!("/phones/{id}/requests/{uuid}/{answer}"));
        self.http.post(url).send().await.unwrap().status()
    }

    /// Registers a user with a phone of its own.
    pub(crate) async fn register(&self, national: &str) -> u64 {
        let user = json!({ "user": { "email": "ada@example.com", "cellphone": national, "country_code": 57 } });
        self.post("/protected/json/users/new", &user).await.1["user"]["id"].as_u64().unwrap()
    }

    /// Asks the user's phone; answers the request's id.
    pub(crate) async fn ask(&self, id: u64, request: &Value) -> String {
        let (status, body) = self.post(&format!("/onetouch/json/users/{id}/approval_requests"), request).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["approval_request"]["uuid"].as_str().unwrap().to_owned()
    }

    /// Waits until the phone has as many requests.
    pub(crate) async fn until_asked(&self, id: u64, requests: usize) -> Value {
        loop {
            let phone = self.phone(id).await;
            if phone["requests"].as_array().unwrap().len() >= requests {
                return phone;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Drop for TestSimulator {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Service {
    /// Answers 200 to every callback.
    pub(crate) async fn start() -> Self {
        Self::answering(&[]).await
    }

    /// Gives these answers first, then 200.
    pub(crate) async fn answering(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/authy/callback", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let service = Self { url, calls: watch::Sender::new(Vec::new()), answers };
        let router = Router::new().fallback(take).with_state(service.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        service
    }

    /// Waits until as many callbacks came.
    pub(crate) async fn calls(&self, count: usize) -> Vec<Call> {
        self.calls.subscribe().wait_for(|calls| calls.len() >= count).await.unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.calls.borrow().len()
    }
}

impl Call {
    /// The payload of a POST.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Seconds since 1970.
pub(crate) fn unix_now() -> i64 {
    OffsetDateTime::unix_timestamp(Clock::system().now())
}

async fn take(State(service): State<Service>, request: Request<axum::body::Body>) -> axum::http::StatusCode {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let call = Call {
        method: parts.method.to_string(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: axum::body::to_bytes(body, 1 << 20).await.unwrap(),
        nonce: header(provider::NONCE_HEADER),
        signature: header(provider::SIGNATURE_HEADER),
    };
    let answer = service.answers.lock().unwrap().pop_front().unwrap_or(200);
    service.calls.send_modify(|calls| calls.push(call));
    axum::http::StatusCode::from_u16(answer).unwrap()
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into()))
}
