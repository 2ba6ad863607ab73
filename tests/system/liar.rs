//! A provider that calls nobody back and, when it is asked, answers about something else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::Browser;
use crate::world::World;

/// The provider's user of every request here.
const USER: u32 = 4711;

/// What it says of its first request, of its second, and so on: whose, which, and the status.
type Answers = Arc<[(u32, Option<&'static str>, &'static str)]>;

/// Such a provider.
#[derive(Clone)]
pub(crate) struct Liar {
    pub(crate) url: String,
    answers: Answers,
    questions: Arc<AtomicU32>,
}

#[tokio::test]
async fn approved_read_from_the_provider_of_another_user_or_request_or_in_another_word_approves_nothing() {
    let answers = [
        (USER, None, "approved"),
        (1234, None, "approved"),
        (USER, Some("request-0"), "approved"),
        (USER, None, "Approved"),
        (USER, None, "pending"),
    ];
    let liar = Liar::start(Arc::new(answers)).await;
    let world = World::start_with(&[("AUTHY_API_URL", &liar.url), ("SIGN_IN_SECONDS", "8")]).await;
    let mut waiting = Vec::new();
    for (line, _) in answers.iter().enumerate() {
        let mut browser = Browser::default();
        let person = json!({ "full_name": "Ada", "email": format!("ada{line}@example.com"), "country_code": "1",
            "phone": format!("202555011{line}"), "password": "difference engine" });
        let approval = browser.post(&world, "/api/users", person).await.json()["approval"].clone();
        let sent = browser.until_is(&world, &approval, |now| now["delivery"] == "sent").await;
        waiting.push((browser, sent));
    }
    let mut ends = Vec::new();
    for (browser, approval) in &mut waiting {
        let end = browser.until_is(&world, approval, |now| now["status"] != "pending").await;
        ends.push(end["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(ends, ["approved", "expired", "expired", "expired", "expired"]);
    for (line, doubt) in [(1, "names another user"), (3, "has an unknown status")] {
        let trail = world.audit(&waiting[line].1).await;
        assert!(trail.contains(&format!("callback_refused: {doubt}")), "{trail:?}");
    }
}

impl Liar {
    /// One that says of its only request that it waits.
    pub(crate) async fn undecided() -> Self {
        Self::start(Arc::new([(USER, None, "pending")])).await
    }

    /// How often it was asked about requests.
    pub(crate) fn questions(&self) -> u32 {
        self.questions.load(Ordering::SeqCst)
    }

    async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let liar = Self { url, answers, questions: Arc::default() };
        let asked = Arc::new(AtomicU32::new(0));
        let user = Json(json!({ "message": "User created successfully.", "user": { "id": USER }, "success": true }));
        let create = move || async move {
            let uuid = format!("request-{}", asked.fetch_add(1, Ordering::SeqCst));
            Json(json!({ "approval_request": { "uuid": uuid }, "success": true }))
        };
        let router = Router::new()
            .route("/protected/json/users/new", post(async move || user))
            .route("/onetouch/json/users/{id}/approval_requests", post(create))
            .route("/onetouch/json/approval_requests/{uuid}", get(read))
            .with_state(liar.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        liar
    }
}

async fn read(State(liar): State<Liar>, Path(uuid): Path<String>) -> Json<Value> {
    liar.questions.fetch_add(1, Ordering::SeqCst);
    let number: usize = uuid.strip_prefix("request-").unwrap().parse().unwrap();
    let (user, other, status) = liar.answers[number];
    let uuid = other.unwrap_or(&uuid);
    Json(json!({ "approval_request": { "uuid": uuid, "_authy_id": user, "status": status }, "success": true }))
}
