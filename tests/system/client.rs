//! An HTTP client for the tests: follows no redirect and keeps no cookie, so that both are seen.

use reqwest::{Client, redirect};

/// A client without a memory.
pub(crate) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(redirect::Policy::none()).build().unwrap()
}

/// What `url` answers: status and body.
pub(crate) async fn get(url: &str) -> (u16, String) {
    let answer = client().get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}
