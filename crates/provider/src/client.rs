//! How the provider's API is called: where, with which key, how long, and how often.

use std::{fmt, time::Duration};

use reqwest::{
    Client, RequestBuilder,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use thiserror::Error;
use tokio::time::{sleep, timeout};
use url::Url;

use crate::{ApiKey, ProviderError, answer::Answer};

/// A client of the Authy API. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Authy {
    http: Client,
    base: Url,
    timeout: Duration,
}

/// What an [`Authy`] needs.
pub struct AuthySettings {
    /// Where the API is; its paths follow after this.
    pub base_url: Url,
    /// The application's key.
    pub api_key: ApiKey,
    /// How long any one call may take, repeats included.
    pub timeout: Duration,
}

/// Why no client can be made of the settings.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The base URL is not one of `http` or `https`.
    #[error("the provider's URL must begin with http:// or https://")]
    BaseUrl,
    /// The key has characters that no HTTP header can carry.
    #[error("the API key has characters that no HTTP header can carry")]
    ApiKey,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// Whether a call does the same when it is made again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Harmless,
    Never,
}

const API_KEY_HEADER: HeaderName = HeaderName::from_static("x-authy-api-key");
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

impl Authy {
    /// A client for these settings. Connects to nothing yet.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings cannot work.
    pub fn new(settings: AuthySettings) -> Result<Self, SettingsError> {
        let AuthySettings { base_url: mut base, api_key, timeout } = settings;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(SettingsError::BaseUrl);
        }
        base.set_query(None);
        base.set_fragment(None);
        let mut key = HeaderValue::from_str(api_key.expose()).map_err(|_| SettingsError::ApiKey)?;
        key.set_sensitive(true);
        // An error says only that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .default_headers(HeaderMap::from_iter([(API_KEY_HEADER, key)]))
            .connect_timeout(timeout / 2)
            // A redirect would hand our key to whomever it names.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(SettingsError::Client)?;
        Ok(Self { http, base, timeout })
    }

    /// How long any one call may take, repeats included.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn get(&self, path: &[&str]) -> RequestBuilder {
        self.http.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &[&str]) -> RequestBuilder {
        self.http.post(self.url(path))
    }

    /// Sends `request` and reads the answer, whatever it is; as often as it is harmless while the provider is down.
    pub(crate) async fn call(&self, request: RequestBuilder, repeat: Repeat) -> Result<Answer, ProviderError> {
        let attempts = async {
            for pause in PAUSES.into_iter().filter(|_| repeat == Repeat::Harmless) {
                let Some(again) = request.try_clone() else { break };
                match attempt(again).await {
                    Err(ProviderError::Down(_)) => sleep(pause).await,
                    settled => return settled,
                }
            }
            attempt(request).await
        };
        timeout(self.timeout, attempts).await.unwrap_or(Err(ProviderError::Slow(None)))
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

async fn attempt(request: RequestBuilder) -> Result<Answer, ProviderError> {
    let answer = Answer::read(request.send().await?).await?;
    match answer.error() {
        down @ ProviderError::Down(_) if !answer.succeeded() => Err(down),
        _ => Ok(answer),
    }
}

impl fmt::Debug for Authy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authy")
    }
}
