//! A hub in this process, called without a connection, by clients with no session or a pending one.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use approval::{Clock, Entropy};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use broker::{Embedded, EmbeddedSettings};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use site::{ForwardedHeader, Proxies, SiteSettings};
use storage::Storage;
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;
use url::Url;

use crate::cpu;
use crate::provider;

/// Where browsers reach the hub.
const ORIGIN: &str = "http://127.0.0.1:3000";

/// Held by one hub at a time: another test on the same cores would add to what is measured.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A running hub.
pub(crate) struct Hub {
    router: Router,
    requests: AtomicU32,
    _folder: TempDir,
    _alone: tokio::sync::MutexGuard<'static, ()>,
}

/// A client with a pending session.
pub(crate) struct Pending {
    pub(crate) cookie: String,
    /// The approval that the session waits for.
    pub(crate) approval: String,
}

/// A request, to be sent again and again.
#[derive(Clone, Default)]
pub(crate) struct Input {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Bytes of the body in one piece, after 16 pieces of one byte; `None` for the whole body at once.
    pub(crate) pieces: Option<usize>,
}

impl Hub {
    /// Starts a hub that trusts `header` of the proxies at 10.0.0.0/8, from which all requests here come.
    pub(crate) async fn start(header: ForwardedHeader) -> Self {
        let alone = ALONE.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("hub.db").display());
        let log = Embedded::open(&folder.path().join("log.db"), Clock::system(), EmbeddedSettings::default()).await;
        let parts = hub::Parts {
            settings: settings(),
            storage: Storage::open(&database, Clock::system()).await.unwrap(),
            log: Arc::new(log.unwrap()),
            provider: provider::start(),
            clock: Clock::system(),
            entropy: Entropy::system(),
            condition: hub::Condition::default(),
        };
        let (leaving, stop) = (CancellationToken::new(), CancellationToken::new());
        let hub = hub::start(parts, &TaskTracker::new(), leaving, stop).await.unwrap();
        let proxies = Proxies { trusted: "10.0.0.0/8, fd00::/8".parse().unwrap(), header };
        let settings = SiteSettings { public_url: Url::parse(ORIGIN).unwrap(), proxies, others: None };
        let router = site::router(hub, settings).unwrap();
        Self { router, requests: AtomicU32::new(1), _folder: folder, _alone: alone }
    }

    /// Sends `input`; returns its CPU time, up to the first piece of the answer.
    pub(crate) async fn cost(&self, input: &Input) -> Duration {
        let request = self.request(input);
        let ((status, _, body), cost) = cpu::cost(self.answer(request)).await;
        let is_fault = status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
        assert!(!is_fault, "{} {}: {status} {body:?}", input.method, input.path);
        cost
    }

    /// Sends `input`; returns the status of the answer.
    pub(crate) async fn status(&self, input: &Input) -> StatusCode {
        self.answer(self.request(input)).await.0
    }

    /// Somebody who has just signed up.
    pub(crate) async fn pending(&self) -> Pending {
        let count = self.requests.load(Ordering::Relaxed);
        let person = json!({ "full_name": "Ada Lovelace", "email": format!("ada{count}@example.com"),
            "country_code": "1", "phone": "2025550110", "password": "difference engine" });
        let (status, headers, body) = self.answer(self.request(&Input::json("/api/users", &person))).await;
        assert_eq!(status, StatusCode::CREATED, "{body:?}");
        let cookie = headers[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
        let body: Value = serde_json::from_slice(&body).unwrap();
        Pending { cookie, approval: body["approval"]["id"].as_str().unwrap().to_owned() }
    }

    /// Each request comes from another network, so that no limit refuses the next one cheaply.
    fn request(&self, input: &Input) -> Request<Body> {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        let from = SocketAddr::from((Ipv4Addr::from_bits(0x0a00_0000 + (count << 8)), 1));
        let mut request = Request::builder().method(input.method).uri(&input.path).header(header::HOST, "127.0.0.1");
        if !input.headers.iter().any(|(name, _)| *name == "origin") {
            request = request.header(header::ORIGIN, ORIGIN);
        }
        for (name, value) in &input.headers {
            request = request.header(*name, value);
        }
        request.extension(ConnectInfo(from)).body(input.sent()).unwrap()
    }

    async fn answer(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Bytes) {
        let answer: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let first = body.into_data_stream().next().await;
        (parts.status, parts.headers, first.map(Result::unwrap).unwrap_or_default())
    }
}

impl Input {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), ..Self::default() }
    }

    pub(crate) fn form(path: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", "application/x-www-form-urlencoded".to_owned())];
        Self { method: "POST", path: path.into(), headers, body: body.into(), pieces: None }
    }

    pub(crate) fn json(path: impl Into<String>, body: &Value) -> Self {
        Self::raw_json(path, body.to_string())
    }

    pub(crate) fn raw_json(path: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { method: "POST", path: path.into(), headers, body: body.into(), pieces: None }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn in_pieces(self, of: usize) -> Self {
        Self { pieces: Some(of), ..self }
    }

    fn sent(&self) -> Body {
        let Some(size) = self.pieces else { return Body::from(self.body.clone()) };
        let (short, long) = self.body.split_at(16);
        let pieces: Vec<_> = short.chunks(1).chain(long.chunks(size)).map(Bytes::copy_from_slice).collect();
        Body::from_stream(futures_util::stream::iter(pieces.into_iter().map(Ok::<_, axum::Error>)))
    }
}

fn settings() -> hub::Settings {
    hub::Settings {
        product: "Countersign".to_owned(),
        logo_url: None,
        seats: hub::SeatLimits { all: 20_000, per_session: 20, per_address: None, opening: 500 },
        hashing: hub::HashLimits { threads: 2, queue: 100 },
        waiting_guesses: 1024,
        sign_in_seconds: 120,
        transaction_seconds: 300,
        sign_up: hub::SignUpMode::Open,
        limits: hub::Limits {
            codes_per_hour: 1_000_000,
            pending_pushes: 2,
            refused_pushes: 3,
            push_wait_seconds: 5,
            sign_ups_per_address: 20,
            codes_per_country: 300,
        },
        session_seconds: 43_200,
        session_idle_seconds: 3600,
        audit_days: 400,
        shared: false,
    }
}
