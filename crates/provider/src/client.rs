//! How the provider's API is called: where, with which key, how long, and how often.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    Client, RequestBuilder,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use url::Url;

use crate::{
    ApiKey, ClientError, ProviderError,
    answer::Answer,
    lines::{IDLE_CONNECTIONS, http_client},
};

/// A client of the Authy API. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Authy {
    http: Client,
    base: Url,
    timeout: Duration,
    calls: Arc<Semaphore>,
    reads: Arc<Semaphore>,
}

/// What an [`Authy`] needs.
pub struct AuthySettings {
    /// Where the API is; its paths follow after this.
    pub base_url: Url,
    /// The application's key.
    pub api_key: ApiKey,
    /// How long any one call may take, repeats included.
    pub timeout: Duration,
    /// The most calls at once; further ones wait. [`AuthySettings::OTHER_CONNECTIONS`] come on top of these.
    pub calls_at_once: usize,
}

impl AuthySettings {
    /// Connections beside those of the counted calls: for reads of a request's status, and idle ones.
    pub const OTHER_CONNECTIONS: usize = READS_AT_ONCE + IDLE_CONNECTIONS;
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
    /// There is no HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Whether a call does the same when it is made again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Harmless,
    Never,
}

const API_KEY_HEADER: HeaderName = HeaderName::from_static("x-authy-api-key");
/// Reads of requests at once. They have places of their own, so that a final poll never waits behind pushes.
const READS_AT_ONCE: usize = 8;
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

impl Authy {
    /// A client for these settings. Connects to nothing yet.
    ///
    /// # Errors
    /// [`SettingsError`] when the settings cannot work.
    pub fn new(settings: AuthySettings) -> Result<Self, SettingsError> {
        let AuthySettings { base_url: mut base, api_key, timeout, calls_at_once } = settings;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(SettingsError::BaseUrl);
        }
        base.set_query(None);
        base.set_fragment(None);
        let mut key = HeaderValue::from_str(api_key.expose()).map_err(|_| SettingsError::ApiKey)?;
        key.set_sensitive(true);
        let builder = Client::builder()
            .default_headers(HeaderMap::from_iter([(API_KEY_HEADER, key)]))
            .connect_timeout(timeout / 2)
            // A redirect would hand our key to whomever it names.
            .redirect(redirect::Policy::none());
        let http = http_client(Some(&base), builder)?;
        let (calls, reads) = (Semaphore::new(calls_at_once.max(1)), Semaphore::new(READS_AT_ONCE));
        Ok(Self { http, base, timeout, calls: Arc::new(calls), reads: Arc::new(reads) })
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
        self.call_in(&self.calls, request, repeat).await
    }

    /// As [`Authy::call`], in the places for reads of a request's status.
    pub(crate) async fn read(&self, request: RequestBuilder) -> Result<Answer, ProviderError> {
        self.call_in(&self.reads, request, Repeat::Harmless).await
    }

    async fn call_in(
        &self,
        places: &Semaphore,
        request: RequestBuilder,
        repeat: Repeat,
    ) -> Result<Answer, ProviderError> {
        let end = Instant::now() + self.timeout;
        // A call without a place by then would have too little time left.
        let Ok(Ok(_place)) = timeout(self.timeout / 2, places.acquire()).await else {
            return Err(ProviderError::Crowded);
        };
        let attempts = async {
            for pause in PAUSES.into_iter().filter(|_| repeat == Repeat::Harmless) {
                let Some(again) = request.try_clone() else { break };
                match attempt(again).await {
                    Err(ProviderError::Down(_) | ProviderError::NoDescriptor(_)) => sleep(pause).await,
                    // The other side may have been about to close the connection.
                    Err(ProviderError::Slow(Some(error))) if error.is_request() && !error.is_timeout() => {}
                    settled => return settled,
                }
            }
            attempt(request).await
        };
        timeout_at(end, attempts).await.unwrap_or(Err(ProviderError::Slow(None)))
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
