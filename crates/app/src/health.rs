//! Says whether the process lives, whether it can do its work, and what it has counted, on a listener of its own, for
//! whoever looks after it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use broker::{Embedded, JetStream, Spooled};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use storage::Storage;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::listen::bind;
use crate::server::{self, Heads, Slots};

/// How long a file may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What `/metrics` answers.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The parts whose state is the state of the process.
pub(crate) struct Health {
    /// The database of a hub.
    pub(crate) storage: Option<Storage>,
    /// The event log of one process.
    pub(crate) events: Option<Arc<Embedded>>,
    /// The event log that several processes share.
    pub(crate) nats: Option<Arc<JetStream>>,
    /// The spool of a receiver.
    pub(crate) spool: Option<Arc<Spooled>>,
}

/// Answers `/health/live`, `/health/ready` and `/metrics` (Prometheus text format 0.0.4) on `ADMIN_ADDR`, if that is set, to the very end of the process.
///
/// # Errors
/// A sentence when the port cannot be listened on.
pub(crate) async fn serve(config: &Config, health: Health, slots: Slots, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let Some(address) = config.listen.admin else { return Ok(()) };
    let (listener, _) = bind(address.ip(), address.port(), "ADMIN_ADDR").await?;
    let counted = PrometheusBuilder::new().install_recorder().context("counting cannot begin")?;
    let router = Router::new()
        .route("/metrics", get(move || std::future::ready(([(CONTENT_TYPE, TEXT)], counted.render()))))
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .with_state(Arc::new((Mutex::new(health), lifecycle.stop.clone())));
    lifecycle.keep(server::serve(listener, router, Heads::Short, slots, CancellationToken::new()));
    Ok(())
}

/// `GET /health/ready`: 200 when work can be sent here, 503 when it should go elsewhere; and why, in one word.
async fn ready(State(process): State<Arc<(Mutex<Health>, CancellationToken)>>) -> Response {
    let (health, stop) = &*process;
    if stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "state": "stopping" }))).into_response();
    }
    // One look at a time, however many ask: the files are for callbacks and sign-ins.
    let (status, state) = health.lock().await.state().await;
    (status, Json(state)).into_response()
}

/// What a file answers, if it does and in time.
async fn in_time<T, E>(file: impl Future<Output = Result<T, E>>) -> Option<T> {
    timeout(PATIENCE, file).await.ok()?.ok()
}

impl Health {
    /// A hub that gets no events from NATS still polls the provider and takes codes; a receiver without NATS still
    /// takes callbacks. Both stay ready, and report what is missing. Files are written as well as read, because a full
    /// disk can still be read.
    async fn state(&self) -> (StatusCode, Value) {
        if let Some(storage) = &self.storage
            && in_time(storage.ping()).await.is_none()
        {
            return (StatusCode::SERVICE_UNAVAILABLE, json!({ "state": "no_database" }));
        }
        if let Some(events) = &self.events
            && in_time(events.takes()).await != Some(true)
        {
            return (StatusCode::SERVICE_UNAVAILABLE, json!({ "state": "no_event_log" }));
        }
        let connected = self.nats.as_ref().is_none_or(|nats| nats.is_connected());
        let fault = self.nats.as_ref().and_then(|nats| nats.fault()).filter(|_| connected);
        let Some(spool) = &self.spool else {
            return match fault {
                Some(fault) => (StatusCode::OK, json!({ "state": "no_events", "fault": fault })),
                None => (StatusCode::OK, json!({ "state": if connected { "ready" } else { "no_nats" } })),
            };
        };
        let (spooled, takes) = (in_time(spool.spooled()).await, in_time(spool.takes()).await == Some(true));
        if let (Some(fault), Some(spooled), true) = (&fault, spooled, takes) {
            return (StatusCode::OK, json!({ "state": "no_events", "fault": fault, "spooled": spooled }));
        }
        match spooled {
            Some(0) if takes && connected => (StatusCode::OK, json!({ "state": "ready", "spooled": 0 })),
            Some(spooled) if takes => (StatusCode::OK, json!({ "state": "spooling", "spooled": spooled })),
            _ => (StatusCode::SERVICE_UNAVAILABLE, json!({ "state": "no_spool", "spooled": spooled })),
        }
    }
}

#[cfg(test)]
mod tests {
    use approval::Clock;
    use broker::EmbeddedSettings;

    use super::*;

    #[tokio::test]
    async fn a_process_whose_event_log_takes_nothing_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let log = Embedded::open(&folder.path().join("events.db"), Clock::system(), EmbeddedSettings::default()).await;
        let log = Arc::new(log.unwrap());
        let health = Health { storage: None, events: Some(Arc::clone(&log)), nats: None, spool: None };
        assert_eq!(health.state().await, (StatusCode::OK, json!({ "state": "ready" })));
        log.close().await;
        let told = (StatusCode::SERVICE_UNAVAILABLE, json!({ "state": "no_event_log" }));
        assert_eq!(health.state().await, told);
    }
}
