//! A hub in this process, with a simulated provider beside it, asked without a line in between.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use approval::{Clock, Entropy, Secret};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use broker::{Embedded, EmbeddedSettings};
use provider::{ApiKey, Authy, AuthySettings, Method};
use serde_json::{Value, json};
use simulator::Simulator;
use site::{Proxies, SiteSettings};
use storage::Storage;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;
use url::Url;

const KEY: &str = "a-key-of-the-tests";
const PASSWORD: &str = "difference engine";

/// A running hub.
pub(crate) struct Hub {
    router: Router,
    phones: Router,
    pub(crate) database: String,
    requests: AtomicU32,
    _folder: TempDir,
}

/// What an address answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The names of its headers, in order.
    pub(crate) names: Vec<String>,
    pub(crate) body: Value,
    cookie: String,
}

impl Hub {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let settings = simulator::Settings {
            name: "Countersign".to_owned(),
            api_key: Secret::new(KEY),
            callback_url: None,
            callback_method: Method::Post,
            state_file: None,
            hosts: Vec::new(),
        };
        let simulator =
            Simulator::open(settings, Clock::system(), Entropy::system(), tasks.clone(), stop.clone()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let phones = simulator.router();
        tokio::spawn(axum::serve(listener, phones.clone()).into_future());
        let database = format!("sqlite:{}", folder.path().join("hub.db").display());
        let log = Embedded::open(&folder.path().join("log.db"), Clock::system(), EmbeddedSettings::default()).await;
        let parts = hub::Parts {
            settings: settings_of_the_hub(),
            storage: Storage::open(&database, Clock::system()).await.unwrap(),
            log: Arc::new(log.unwrap()),
            provider: Authy::new(AuthySettings {
                base_url,
                api_key: ApiKey::new(Secret::new(KEY)).unwrap(),
                timeout: Duration::from_secs(5),
                calls_at_once: 100,
            })
            .unwrap(),
            clock: Clock::system(),
            entropy: Entropy::system(),
            condition: hub::Condition::default(),
        };
        let hub = hub::start(parts, &tasks, CancellationToken::new(), stop).await.unwrap();
        let public_url = Url::parse("http://127.0.0.1:3000").unwrap();
        let settings = SiteSettings { public_url, proxies: Proxies::default(), others: None };
        let router = site::router(hub, settings).unwrap();
        Self { router, phones, database, requests: AtomicU32::new(1), _folder: folder }
    }

    /// Posts JSON with this cookie.
    pub(crate) async fn post(&self, path: &str, cookie: &str, body: Value) -> Answer {
        // Each from a network of its own: what one had wrong before shall not delay the next.
        let from = Ipv4Addr::from_bits(0x0a00_0000 + self.requests.fetch_add(1, Ordering::Relaxed));
        send(&self.router, Some(from), "POST", path, cookie, body).await
    }

    /// Makes an account whose phone is proven, with the authenticator's code.
    pub(crate) async fn sign_up(&self, email: &str, phone: &str) {
        let person = json!({ "full_name": "Ada", "email": email, "country_code": "1", "phone": phone,
            "password": PASSWORD });
        let begun = self.post("/api/users", "", person).await;
        let phone = self.phone(&format!("+1{phone}")).await;
        let code = json!({ "code": phone["authenticator"]["code"] });
        assert_eq!(self.post("/api/session/code", &begun.cookie, code).await.status, StatusCode::OK);
    }

    /// Puts the app on a phone, or takes it off.
    pub(crate) async fn has_app(&self, cellphone: &str, has_app: bool) {
        let id = &self.phone(cellphone).await["authy_id"];
        let switched =
            send(&self.phones, None, "PATCH", &format!("/phones/{id}"), "", json!({ "has_app": has_app })).await;
        assert!(switched.status.is_success());
    }

    async fn phone(&self, cellphone: &str) -> Value {
        let phones = send(&self.phones, None, "GET", "/phones", "", Value::Null).await.body;
        phones.as_array().unwrap().iter().find(|phone| phone["cellphone"] == cellphone).unwrap().clone()
    }
}

fn settings_of_the_hub() -> hub::Settings {
    hub::Settings {
        product: "Countersign".to_owned(),
        logo_url: None,
        seats: hub::SeatLimits { all: 1, per_session: 1, per_address: None, opening: 1 },
        hashing: hub::HashLimits { threads: 2, queue: 100 },
        waiting_guesses: 1024,
        sign_up: hub::SignUpMode::Open,
        sign_in_seconds: 120,
        transaction_seconds: 300,
        limits: hub::Limits {
            pending_pushes: 2,
            refused_pushes: 3,
            push_wait_seconds: 5,
            sign_ups_per_address: 20,
            codes_per_country: 300,
            codes_per_hour: 300,
        },
        session_seconds: 43_200,
        session_idle_seconds: 3600,
        audit_days: 400,
        shared: false,
    }
}

async fn send(router: &Router, from: Option<Ipv4Addr>, method: &str, path: &str, cookie: &str, body: Value) -> Answer {
    let request = Request::builder().method(method).uri(path).header(header::COOKIE, cookie);
    let request = request.header(header::CONTENT_TYPE, "application/json").header(header::HOST, "127.0.0.1:3001");
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    if let Some(from) = from {
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((from, 1))));
    }
    let answer = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let names = parts.headers.keys().map(ToString::to_string).collect();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Answer { status: parts.status, names, body, cookie: cookie_of(&parts.headers) }
}

fn cookie_of(headers: &HeaderMap) -> String {
    let set = headers.get(header::SET_COOKIE).map(|set| set.to_str().unwrap()).unwrap_or_default();
    set.split(';').next().unwrap_or_default().to_owned()
}
