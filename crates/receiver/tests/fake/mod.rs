//! An event log that remembers what it was given, and the provider that signs callbacks.

use std::sync::{Arc, Mutex};

use approval::{Clock, MessageId, Secret};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use broker::{Intake, Message, PublishError, Receipt};
use futures_util::future::{BoxFuture, FutureExt as _, pending, ready};
use provider::{ApiKey, ApiKeys, CallbackUrl, NONCE_HEADER, SIGNATURE_HEADER, canonical, sign};
use receiver::{Receiver, router};
use time::{OffsetDateTime, macros::datetime};
use tower::ServiceExt as _;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-22 12:00:00.123 UTC);
pub(crate) const KEY: &str = "canary-key-7f3a";
pub(crate) const NONCE: &str = "1512923419";

pub(crate) const BODY: &str = concat!(
    r#"{"authy_id":688611,"device_uuid":2102943,"callback_action":"approval_request_status","#,
    r#""uuid":"4a725520-bff5","status":"approved","approval_request":{"transaction":{"details":{"Number":"47"},"#,
    r#""hidden_details":{"digest":"00"},"message":"canary-message","status":"approved"},"logos":null}}"#
);

/// How the log behaves.
#[derive(Clone, Copy)]
pub(crate) enum Mood {
    Well,
    Broken,
    Silent,
}

pub(crate) struct FakeLog {
    mood: Mood,
    pub(crate) published: Mutex<Vec<Message>>,
    pub(crate) buried: Mutex<Vec<(Message, String)>>,
}

impl FakeLog {
    pub(crate) fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self { mood, published: Mutex::default(), buried: Mutex::default() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.published.lock().unwrap().is_empty() && self.buried.lock().unwrap().is_empty()
    }

    pub(crate) fn ids(&self) -> Vec<MessageId> {
        self.published.lock().unwrap().iter().map(|message| message.id.clone()).collect()
    }

    fn acknowledge(&self, store: impl FnOnce()) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        match self.mood {
            Mood::Well => {
                store();
                ready(Ok(Receipt::Stored)).boxed()
            }
            Mood::Broken => ready(Err(PublishError::Closed)).boxed(),
            Mood::Silent => pending().boxed(),
        }
    }
}

impl Intake for FakeLog {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        if matches!(self.mood, Mood::Well) && self.ids().contains(&message.id) {
            return ready(Ok(Receipt::Duplicate)).boxed();
        }
        self.acknowledge(|| self.published.lock().unwrap().push(message))
    }

    fn bury(&self, message: Message, reason: &str) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        self.acknowledge(|| self.buried.lock().unwrap().push((message, reason.to_owned())))
    }
}

pub(crate) fn receiving(log: &Arc<FakeLog>, keys: ApiKeys) -> Router {
    receiving_for(log, keys, url())
}

/// A receiver for callbacks that are signed for this URL.
pub(crate) fn receiving_for(log: &Arc<FakeLog>, keys: ApiKeys, callback_url: CallbackUrl) -> Router {
    router(Receiver { keys, callback_url, log: log.clone(), clock: Clock::telling(|| NOW) }, None)
}

/// The same beside pages.
pub(crate) fn beside(log: &Arc<FakeLog>, callback_url: CallbackUrl, pages: Router) -> Router {
    let clock = Clock::telling(|| NOW);
    router(Receiver { keys: key().into(), callback_url, log: log.clone(), clock }, Some(pages))
}

/// The signature of a posted callback for this URL.
pub(crate) fn sign_for(callback_url: &str, body: &str) -> String {
    let url = callback_url.parse().unwrap();
    sign(&key(), &url, provider::Method::Post, NONCE, &canonical(body.as_bytes()).unwrap())
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) async fn send(log: &Arc<FakeLog>, request: Request<Body>) -> Answer {
    send_to(receiving(log, key().into()), request).await
}

pub(crate) async fn send_to(router: Router, request: Request<Body>) -> Answer {
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// The callback as the provider posts it.
pub(crate) fn post(body: &str) -> Request<Body> {
    post_signed_with(&key(), body)
}

/// The same of an application with another key.
pub(crate) fn post_signed_with(key: &ApiKey, body: &str) -> Request<Body> {
    let signature = sign(key, &url(), provider::Method::Post, NONCE, &canonical(body.as_bytes()).unwrap());
    request(Method::POST, "/authy/callback", &signature, body.to_owned())
}

/// The callback as the provider puts it into a query.
pub(crate) fn get(body: &str) -> Request<Body> {
    let query = canonical(body.as_bytes()).unwrap();
    let signature = sign(&key(), &url(), provider::Method::Get, NONCE, &query);
    request(Method::GET, &format!("/authy/callback?{query}"), &signature, String::new())
}

pub(crate) fn request(method: Method, uri: &str, signature: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(uri)
        .header(SIGNATURE_HEADER, signature)
        .header(NONCE_HEADER, NONCE)
        .body(body.into())
        .unwrap()
}

fn key() -> ApiKey {
    key_of(KEY)
}

pub(crate) fn key_of(text: &str) -> ApiKey {
    ApiKey::new(Secret::new(text)).unwrap()
}

fn url() -> CallbackUrl {
    "https://app.example.com/authy/callback".parse().unwrap()
}
