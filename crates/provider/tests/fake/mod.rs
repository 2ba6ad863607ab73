//! A provider that answers what a test tells it to, and remembers what it was asked.

use std::{
    collections::VecDeque,
    future,
    sync::{Arc, Mutex},
    time::Duration,
};

use approval::Secret;
use axum::{
    Router,
    body::{Bytes, HttpBody as _, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use provider::{ApiKey, Authy, AuthySettings};
use tokio::net::TcpListener;

pub(crate) const KEY: &str = "canary-key-7f3a";

/// One request as the provider saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

#[derive(Clone)]
enum Reply {
    Answer(StatusCode, Bytes),
    Silence,
}

#[derive(Clone, Default)]
pub(crate) struct Fake {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    address: String,
}

impl Fake {
    /// Answers every request like this.
    pub(crate) async fn answering(status: u16, body: &str) -> Self {
        Self::start(vec![Reply::Answer(StatusCode::from_u16(status).unwrap(), Bytes::copy_from_slice(body.as_bytes()))])
            .await
    }

    /// Answers one request after the other like this, and the last for ever.
    pub(crate) async fn answering_in_turn(answers: &[(u16, &str)]) -> Self {
        let reply = |&(status, body): &(u16, &str)| {
            Reply::Answer(StatusCode::from_u16(status).unwrap(), Bytes::copy_from_slice(body.as_bytes()))
        };
        Self::start(answers.iter().map(reply).collect()).await
    }

    /// Takes requests and never answers.
    pub(crate) async fn silent() -> Self {
        Self::start(vec![Reply::Silence]).await
    }

    async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/base/", listener.local_addr().unwrap());
        let fake = Self { replies: Arc::new(Mutex::new(replies.into())), address, ..Self::default() };
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    pub(crate) fn client(&self) -> Authy {
        client(&self.address, Duration::from_secs(10))
    }

    pub(crate) fn impatient_client(&self) -> Authy {
        client(&self.address, Duration::from_millis(300))
    }

    /// Makes one call at once.
    pub(crate) fn crowded_client(&self) -> Authy {
        client_with(&self.address, Duration::from_secs(1), 1)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The one request there was.
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

pub(crate) fn client(base_url: &str, timeout: Duration) -> Authy {
    client_with(base_url, timeout, 100)
}

fn client_with(base_url: &str, timeout: Duration, calls_at_once: usize) -> Authy {
    let api_key = ApiKey::new(Secret::new(KEY)).unwrap();
    Authy::new(AuthySettings { base_url: base_url.parse().unwrap(), api_key, timeout, calls_at_once }).unwrap()
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    assert!(body.size_hint().upper().is_some(), "every request tells its length");
    let body = to_bytes(body, usize::MAX).await.unwrap();
    fake.seen.lock().unwrap().push(Seen {
        line: format!("{} {}", parts.method, parts.uri),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let reply = {
        let mut replies = fake.replies.lock().unwrap();
        if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
    };
    match reply {
        Some(Reply::Answer(status, body)) => {
            // The provider mixes up its content types.
            (status, [("content-type", "text/html"), (RETRY_AFTER.as_str(), "17"), ("location", "/elsewhere")], body)
                .into_response()
        }
        _ => future::pending().await,
    }
}
