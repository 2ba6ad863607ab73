//! A provider for tests in which it is not well: it takes every phone, every request and every code, but for the one answer
//! that a test gives it for a phone. Nobody ever taps on its phones.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::{Browser, Person};
use crate::world::World;

/// What it says of a code that is right.
pub(crate) const VALID: &str = r#"{"token":"is valid","success":"true","message":"Token is valid."}"#;

/// Such a provider.
#[derive(Clone)]
pub(crate) struct StandIn {
    pub(crate) url: String,
    wrong: Option<Step>,
    answers: Arc<[Wrong]>,
    questions: Arc<AtomicU32>,
}

/// What it is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// To ask the phone.
    Push,
    /// To say what the phone said.
    Question,
    /// To check a code.
    Check,
}

/// How it does not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It answers this.
    Says(u16, &'static str),
    /// It sends the caller to where every code is valid.
    SendsElsewhere,
    /// It hangs up in the middle of its answer.
    HangsUp,
    /// It never answers.
    Silent,
}

impl StandIn {
    /// One that does everything at once.
    pub(crate) async fn well() -> Self {
        Self::start(None, &[]).await
    }

    /// One that is asked to do `step` for the first phone, for the second, and so on, and does it so.
    pub(crate) async fn wrong_at(step: Step, answers: &[Wrong]) -> Self {
        Self::start(Some(step), answers).await
    }

    /// How often it was asked what a phone said.
    pub(crate) fn questions(&self) -> u32 {
        self.questions.load(Ordering::SeqCst)
    }

    async fn start(wrong: Option<Step>, answers: &[Wrong]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stand_in = Self { url, wrong, answers: answers.into(), questions: Arc::default() };
        let router = Router::new()
            .route("/protected/json/users/new", post(register))
            .route("/onetouch/json/users/{user}/approval_requests", post(push))
            .route("/onetouch/json/approval_requests/{request}", get(question))
            .route("/protected/json/sms/{user}", get(async || r#"{"success":true}"#))
            .route("/protected/json/verify/{code}/{user}", get(check))
            .fallback(async || VALID)
            .with_state(stand_in.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        stand_in
    }

    /// What is wrong with this step for this phone, or what it says if nothing is.
    async fn answer(&self, step: Step, phone: usize, well: String) -> Response {
        match self.answers.get(phone).filter(|_| self.wrong == Some(step)) {
            None => well.into_response(),
            Some(Wrong::Says(status, body)) => (StatusCode::from_u16(*status).unwrap(), *body).into_response(),
            Some(Wrong::SendsElsewhere) => (StatusCode::FOUND, [(header::LOCATION, "/elsewhere")]).into_response(),
            Some(Wrong::HangsUp) => {
                let half = Bytes::from_static(VALID.as_bytes()).slice(..20);
                Body::from_stream(stream::iter([Ok(half), Err(io::Error::other("gone"))])).into_response()
            }
            Some(Wrong::Silent) => std::future::pending().await,
        }
    }
}

/// Somebody signs up with the phone of this number, and waits.
pub(crate) async fn signing_up(world: &World, name: &str, phone: usize) -> (Browser, Person, Value) {
    let person = Person { email: format!("{name}@example.com"), cellphone: format!("+120255501{phone:02}") };
    let body = json!({ "full_name": name, "email": person.email, "country_code": "1", "phone": &person.cellphone[2..],
        "password": "difference engine" });
    let mut browser = Browser::default();
    let answer = browser.post(world, "/api/users", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    (browser, person, answer.json()["approval"].clone())
}

/// Its users and requests are called by the last two digits of their phone.
async fn register(Json(body): Json<Value>) -> Json<Value> {
    let phone = body["user"]["cellphone"].as_str().unwrap();
    let user: u32 = phone[phone.len() - 2..].parse().unwrap();
    Json(json!({ "user": { "id": user }, "success": true }))
}

async fn push(State(this): State<StandIn>, Path(user): Path<usize>) -> Response {
    let well = json!({ "approval_request": { "uuid": user.to_string() }, "success": true });
    this.answer(Step::Push, user, well.to_string()).await
}

async fn question(State(this): State<StandIn>, Path(request): Path<usize>) -> Response {
    this.questions.fetch_add(1, Ordering::SeqCst);
    let pending = json!({ "uuid": request.to_string(), "_authy_id": request, "status": "pending" });
    let well = json!({ "approval_request": pending, "success": true });
    this.answer(Step::Question, request, well.to_string()).await
}

async fn check(State(this): State<StandIn>, Path((_, user)): Path<(String, usize)>) -> Response {
    this.answer(Step::Check, user, VALID.to_owned()).await
}
