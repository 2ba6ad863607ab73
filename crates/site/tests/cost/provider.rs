//! A provider that accepts every user, on a thread of its own, so that its work is not measured.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use approval::Secret;
use axum::Router;
use axum::http::header;
use axum::routing::{get, post};
use provider::{ApiKey, Authy, AuthySettings};
use tokio::net::TcpListener;
use url::Url;

/// Starts a provider; returns a client for it.
pub(crate) fn start() -> Authy {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, phones()).await.unwrap();
        });
    });
    let address: SocketAddr = told.recv().unwrap();
    let base_url = Url::parse(&format!("http://{address}")).unwrap();
    let api_key = ApiKey::new(Secret::new("a-key-of-the-tests")).unwrap();
    Authy::new(AuthySettings { base_url, api_key, timeout: Duration::from_secs(5), calls_at_once: 100 }).unwrap()
}

/// Every user is new, and every request is delivered.
fn phones() -> Router {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let json = |text: String| ([(header::CONTENT_TYPE, "application/json")], text);
    let user = async move || {
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        json(format!(r#"{{"success":true,"message":"ok","user":{{"id":{id}}}}}"#))
    };
    let request = async move || {
        let id = COUNT.fetch_add(1, Ordering::Relaxed);
        json(format!(r#"{{"success":true,"approval_request":{{"uuid":"request-{id}"}}}}"#))
    };
    let sent = async move || json(r#"{"success":true,"message":"sent","cellphone":"+1-XXX-XXX-XX10"}"#.to_owned());
    Router::new()
        .route("/protected/json/users/new", post(user))
        .route("/onetouch/json/users/{id}/approval_requests", post(request))
        .route("/protected/json/{way}/{id}", get(sent))
        .route("/protected/json/verify/{code}/{id}", get(sent))
}
