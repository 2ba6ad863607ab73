//! What can be learned about people from the work that is done: which statements ran and how often a password was
//! hashed, for addresses that are known and those that are not. Alone in its process, because all of it is listened to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(dead_code, reason = "shared with the bench, which uses more of it")]
mod hub;
mod work;

use axum::http::StatusCode;
use serde_json::{Value, json};

use hub::{Answer, Hub};
use work::Work;

const PASSWORD: &str = "difference engine";
const KNOWN: &str = "ada@example.com";

/// Every case in one test: what another did meanwhile would be counted too.
#[tokio::test]
async fn what_is_answered_and_what_is_done_tells_nobody_who_has_an_account_or_an_app() {
    let listening = work::listen();
    let hub = Hub::start().await;
    hub.sign_up(KNOWN, "2025550110").await;
    hub.sign_up("with.app@example.com", "2025550111").await;
    hub.sign_up("without.app@example.com", "2025550112").await;
    hub.has_app("+12025550112", false).await;

    let wrong =
        async |email: &str| measured(&hub, &listening, "/api/session", sign_in(email, "not the password")).await;
    let (known, unknown) = (wrong(KNOWN).await, wrong("nobody@example.com").await);
    assert_alike("a wrong password, known and unknown", &known, &unknown);
    assert_eq!((known.0.status, known.1.passwords), (StatusCode::FORBIDDEN, 1), "{:?}", known.1);
    assert!(!known.1.statements.is_empty(), "statements were heard");
    let (with, without) = (wrong("with.app@example.com").await, wrong("without.app@example.com").await);
    assert_alike("a wrong password, with the app and without", &with, &without);
    assert_alike("a wrong password, with the app and unknown", &with, &unknown);

    let right = async |email: &str| measured(&hub, &listening, "/api/session", sign_in(email, PASSWORD)).await;
    let (with, without) = (right("with.app@example.com").await, right("without.app@example.com").await);
    assert_alike("the right password, with the app and without", &with, &without);
    assert_eq!(with.0.status, StatusCode::CREATED);

    let sign_up = async |email: &str, phone: &str| measured(&hub, &listening, "/api/users", person(email, phone)).await;
    let (known, unknown) = (sign_up(KNOWN, "2025550120").await, sign_up("nobody@example.com", "2025550121").await);
    assert_alike("a sign-up, known and unknown", &known, &unknown);
    assert_eq!((known.0.status, known.1.passwords), (StatusCode::CREATED, 1), "{:?}", known.1);
    let (with, without) =
        (sign_up("one@example.com", "2025550111").await, sign_up("two@example.com", "2025550112").await);
    assert_alike("a sign-up to a phone with the app and without", &with, &without);
    assert_alike("a sign-up to a phone that somebody has and to a new one", &with, &unknown);
}

/// What an address answers to `body`, and the work for it.
async fn measured(hub: &Hub, listening: &work::Listening, path: &str, body: Value) -> (Answer, Work) {
    listening.to(hub.post(path, "", body)).await
}

fn assert_alike(what: &str, one: &(Answer, Work), other: &(Answer, Work)) {
    assert_eq!(one.0.status, other.0.status, "{what}");
    assert_eq!(one.0.names, other.0.names, "{what}");
    assert_eq!(shape(&one.0.body), shape(&other.0.body), "{what}");
    assert_eq!(one.1, other.1, "{what}");
}

/// A body without what is another at each answer: the ids, the times, the number, and what was sent in.
fn shape(body: &Value) -> Value {
    let mut shape = body.clone();
    if let Some(approval) = shape.get_mut("approval") {
        for own in ["id", "number", "created_at", "expires_at"] {
            approval[own] = json!("another each time");
        }
        for own in ["Number", "Email Address", "Where"] {
            approval["details"][own] = json!("another each time");
        }
    }
    shape
}

fn sign_in(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

fn person(email: &str, phone: &str) -> Value {
    json!({ "full_name": "Ada", "email": email, "country_code": "1", "phone": phone, "password": PASSWORD })
}
