//! Calls the service back after a tap, as the provider does: signed, once, and no more after three errors in a row.

mod payload;

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use provider::{ApiKey, CallbackUrl, Method, NONCE_HEADER, SIGNATURE_HEADER, canonical, http_client, sign};
use reqwest::{Client, RequestBuilder, header, redirect};
use time::OffsetDateTime;
use tokio::{task::JoinHandle, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use approval::{Entropy, told};

use crate::{
    error::OpenError,
    phone::{Phone, Switches},
    request::Request,
    settings::Settings,
    state::App,
    store::Store,
};

/// One callback to send.
pub(crate) struct Callback {
    authy_id: u32,
    uuid: Uuid,
    body: Bytes,
    switches: Switches,
}

impl Callback {
    /// What the provider says about a request that was answered `now`.
    pub(crate) fn new(app: &App, phone: &Phone, request: &Request, now: OffsetDateTime, entropy: &Entropy) -> Self {
        let body = payload::of(app, phone, request, now, entropy);
        Self { authy_id: phone.authy_id, uuid: request.uuid, body, switches: phone.switches }
    }
}

/// Sends callbacks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Courier {
    key: ApiKey,
    settings: Arc<Settings>,
    store: Arc<Store>,
    http: Client,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Courier {
    /// For one attempt. The provider's own limit is published nowhere.
    const TIMEOUT: Duration = Duration::from_secs(5);

    pub(crate) fn new(
        settings: Arc<Settings>,
        store: Arc<Store>,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Result<Self, OpenError> {
        let key = ApiKey::new(settings.api_key.clone())?;
        let builder = Client::builder().timeout(Self::TIMEOUT).redirect(redirect::Policy::none()).no_proxy();
        let http = http_client(settings.callback_url.as_ref().map(CallbackUrl::target), builder)?;
        Ok(Self { key, settings, store, http, tasks, shutdown })
    }

    /// Sends in the background. The task ends after the first attempt.
    pub(crate) fn deliver(&self, callback: Callback) -> JoinHandle<()> {
        let courier = self.clone();
        self.tasks.spawn(async move {
            // Nobody waits for what is not sent.
            let delay = if courier.is_off(&callback) { 0 } else { callback.switches.delay_ms };
            let delay = sleep(Duration::from_millis(delay.into()));
            if courier.shutdown.run_until_cancelled(delay).await.is_none() {
                return;
            }
            courier.attempt(&callback).await;
            courier.mark_notified(&callback);
            if callback.switches.duplicate {
                let again = courier.clone();
                courier.tasks.spawn(async move { again.attempt(&callback).await });
            }
        })
    }

    async fn attempt(&self, callback: &Callback) {
        if self.is_off(callback) {
            return;
        }
        let now = self.store.read(|_, now| now);
        let Some(request) = self.request(callback, now) else { return };
        // The provider counts HTTP error answers. Nobody listening is counted like one, so that the page shows it.
        let success = match request.send().await {
            Ok(response) => {
                tracing::info!(status = response.status().as_u16(), "callback sent");
                response.status().is_success()
            }
            Err(error) => {
                tracing::warn!(error = %told(&error.without_url()), "callback not delivered");
                false
            }
        };
        let Ok(()) = self.store.change(|state, _| {
            state.callback.count(success);
            Ok::<_, Infallible>(())
        });
    }

    /// Whether nothing is sent: by the phone's switch, after too many errors, or because nobody said where to.
    fn is_off(&self, callback: &Callback) -> bool {
        callback.switches.never_call_back
            || self.settings.callback_url.is_none()
            || self.store.read(|state, _| state.callback.disabled)
    }

    /// The signed request; `None` where no URL is set.
    fn request(&self, callback: &Callback, now: OffsetDateTime) -> Option<RequestBuilder> {
        let url = self.settings.callback_url.as_ref()?;
        let params = match canonical(&callback.body) {
            Ok(params) => params,
            Err(error) => {
                tracing::error!(error = %told(&error), "a callback of this request cannot be signed");
                return None;
            }
        };
        let method = self.settings.callback_method;
        let nonce = now.unix_timestamp().to_string();
        let signature = sign(&self.key, url, method, &nonce, &params);
        let request = self.unsigned(url, method, &params, &callback.body);
        Some(request.header(SIGNATURE_HEADER, signature).header(NONCE_HEADER, nonce))
    }

    fn unsigned(&self, url: &CallbackUrl, method: Method, params: &str, body: &Bytes) -> RequestBuilder {
        let mut target = url.target().clone();
        match method {
            Method::Post => self.http.post(target).header(header::CONTENT_TYPE, "application/json").body(body.clone()),
            Method::Get => {
                target.set_query(Some(params));
                self.http.get(target)
            }
        }
    }

    fn mark_notified(&self, callback: &Callback) {
        // The user may have been deleted meanwhile; then there is nothing to mark.
        let _ = self.store.change(|state, _| {
            let request = state.phone(callback.authy_id).and_then(|phone| phone.request(callback.uuid)).ok_or(())?;
            request.notified = true;
            Ok::<_, ()>(())
        });
    }
}
