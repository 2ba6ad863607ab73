//! A hub in this process, asked by its own functions, with a wall clock that a test moves and a provider that never calls
//! back. Another process can be played on its database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use approval::{ApprovalId, Clock, Entropy, Secret, Status};
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use broker::{Embedded, EmbeddedSettings, EventLog};
use hub::Visitor;
use hub::caller::{Caller, MaybeCaller};
use hub::live::poll;
use hub::person::Typed;
use hub::steps::begin::{self, PushOutcome, SignUp};
use provider::{ApiKey, Authy, AuthySettings};
use serde_json::{Value, json};
use storage::Storage;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long each approval lives: the provider is asked 4 s before the end.
pub(crate) const LIFE: Duration = Duration::from_secs(7);

/// What becomes of the wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Drift {
    /// It jumps by so many milliseconds.
    Jump(i64),
    /// It jumps again and again.
    Steps { every_ms: u64, by_ms: i64 },
}

/// A running hub.
pub(crate) struct Hub {
    inner: hub::Hub,
    ahead: Arc<AtomicI64>,
    provider: Phones,
    stop: CancellationToken,
    database: String,
    _folder: TempDir,
}

/// An approval, and the session that waits for it.
pub(crate) struct Waiting {
    pub(crate) id: ApprovalId,
    caller: Caller,
}

#[derive(Clone)]
struct Phones {
    word: &'static str,
    questions: Arc<AtomicU32>,
}

impl Hub {
    /// Starts a hub whose provider says `word` of every request.
    pub(crate) async fn start(word: &'static str) -> Self {
        Self::start_on(word, |log| Arc::new(log)).await
    }

    /// The same with another event log around the embedded one.
    pub(crate) async fn start_on(word: &'static str, around: impl FnOnce(Embedded) -> Arc<dyn EventLog>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let (hand, system) = (Arc::clone(&ahead), Clock::system());
        let clock = Clock::telling(move || system.now() + time::Duration::milliseconds(hand.load(Ordering::SeqCst)));
        let database = format!("sqlite:{}", folder.path().join("hub.db").display());
        let log = Embedded::open(&folder.path().join("log.db"), Clock::system(), EmbeddedSettings::default()).await;
        let provider = Phones { word, questions: Arc::default() };
        let parts = hub::Parts {
            settings: settings(),
            storage: Storage::open(&database, clock.clone()).await.unwrap(),
            log: around(log.unwrap()),
            provider: provider.clone().start().await,
            clock,
            entropy: Entropy::system(),
            condition: hub::Condition::default(),
        };
        let stop = CancellationToken::new();
        let inner = Box::pin(hub::start(parts, &TaskTracker::new(), stop.clone(), stop.clone())).await.unwrap();
        Self { inner, ahead, provider, stop, database, _folder: folder }
    }

    /// Moves the wall clock from now on.
    pub(crate) fn drift(&self, drift: Drift) {
        match drift {
            Drift::Jump(by) => {
                self.ahead.fetch_add(by, Ordering::SeqCst);
            }
            Drift::Steps { every_ms, by_ms } => {
                let (ahead, stop) = (Arc::clone(&self.ahead), self.stop.clone());
                tokio::spawn(stop.run_until_cancelled_owned(async move {
                    loop {
                        ahead.fetch_add(by_ms, Ordering::SeqCst);
                        sleep(Duration::from_millis(every_ms)).await;
                    }
                }));
            }
        }
    }

    /// The database as another process opens it.
    pub(crate) async fn other_process(&self) -> Storage {
        Storage::open(&self.database, Clock::system()).await.unwrap()
    }

    /// Somebody signs up, and waits.
    pub(crate) async fn sign_up(&self) -> Waiting {
        self.sign_up_as("ada@example.com").await
    }

    /// The same with this address.
    pub(crate) async fn sign_up_as(&self, email: &str) -> Waiting {
        let (phone, password) = (Secret::new("2025550110"), Secret::new("difference engine"));
        let person = Typed {
            full_name: "Ada Lovelace",
            email,
            country_code: "1",
            phone: &phone,
            meant: None,
            password: &password,
        };
        let wanted = SignUp { person, invitation: None };
        let begun = begin::sign_up(&self.inner, &wanted, MaybeCaller(None), &visitor()).await.unwrap();
        let PushOutcome::Asked(approval) = begun.phone else { panic!("the phone is not asked") };
        let caller = MaybeCaller::of(&self.inner, begun.token).await.unwrap().required().unwrap();
        Waiting { id: approval.id, caller }
    }

    /// Waits until the approval has its final status.
    pub(crate) async fn final_status(&self, waiting: &Waiting) -> Status {
        let mut since = 0;
        loop {
            let wait = Duration::from_secs(10);
            let newest = poll::newest(&self.inner, &waiting.caller, &visitor(), waiting.id, since, wait).await.unwrap();
            if newest.status.is_final() {
                return newest.status;
            }
            since = newest.version;
        }
    }

    /// How often the provider was asked.
    pub(crate) fn questions(&self) -> u32 {
        self.provider.questions.load(Ordering::SeqCst)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Phones {
    async fn start(self) -> Authy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new()
            .route("/protected/json/users/new", post(async || Json(json!({ "user": { "id": 7 }, "success": true }))))
            .route("/onetouch/json/users/{user}/approval_requests", post(push))
            .route("/onetouch/json/approval_requests/{request}", get(question))
            .with_state(self);
        tokio::spawn(axum::serve(listener, router).into_future());
        let api_key = ApiKey::new(Secret::new("a-key-of-the-tests")).unwrap();
        Authy::new(AuthySettings { base_url, api_key, timeout: Duration::from_secs(5), calls_at_once: 100 }).unwrap()
    }
}

static PUSHES: AtomicU32 = AtomicU32::new(1);

async fn push(Json(request): Json<Value>) -> Json<Value> {
    assert!(request["seconds_to_expire"].as_u64().unwrap() < LIFE.as_secs(), "{request}");
    let uuid = format!("request-{}", PUSHES.fetch_add(1, Ordering::SeqCst));
    Json(json!({ "approval_request": { "uuid": uuid }, "success": true }))
}

async fn question(State(phones): State<Phones>, Path(request): Path<String>) -> Json<Value> {
    phones.questions.fetch_add(1, Ordering::SeqCst);
    let state = json!({ "uuid": request, "_authy_id": 7, "status": phones.word });
    Json(json!({ "approval_request": state, "success": true }))
}

fn visitor() -> Visitor {
    Visitor::new("Firefox on Linux".to_owned(), None, None, true)
}

fn settings() -> hub::Settings {
    hub::Settings {
        product: "Countersign".to_owned(),
        logo_url: None,
        seats: hub::SeatLimits { all: 100, per_session: 20, per_address: None, opening: 50 },
        hashing: hub::HashLimits { threads: 2, queue: 100 },
        waiting_guesses: 1024,
        sign_in_seconds: u32::try_from(LIFE.as_secs()).unwrap(),
        transaction_seconds: 300,
        sign_up: hub::SignUpMode::Open,
        limits: hub::Limits {
            codes_per_hour: 1000,
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
