//! Answers liveness, readiness and metrics on a listener of its own, from the start of the process to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context as _;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics::gauge;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use strum::VariantArray as _;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::ending::Ending;
use crate::finding::{Finding, Level, Part};
use crate::lifecycle::Lifecycle;
use crate::listen::bind_one;
use crate::readiness::Parts;
use crate::report::Report;
use crate::server::{self, Heads, Slots, Terms};

/// What `/metrics` answers.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The health of the process. Cheap to clone; a role adds its parts as it opens them.
#[derive(Debug, Clone)]
pub(crate) struct Health(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    parts: Mutex<Parts>,
    started: AtomicBool,
    /// Cancelled when the process begins to end.
    draining: CancellationToken,
    /// Held while the parts are checked.
    look: tokio::sync::Mutex<Option<(Instant, Report)>>,
}

/// Answers `/health/live`, `/health/ready` and `/metrics` (Prometheus text format 0.0.4) on `ADMIN_ADDR`, if that is
/// set, until the process exits. The state is `starting` until [`Health::ready`] is called, so a role calls this before
/// it opens anything.
///
/// # Errors
/// A sentence when the port cannot be listened on.
pub(crate) async fn serve(config: &Config, slots: Slots, lifecycle: &Lifecycle) -> anyhow::Result<Health> {
    let health = Health(Arc::new(Shared {
        parts: Mutex::default(),
        started: AtomicBool::default(),
        draining: lifecycle.ending.draining.clone(),
        look: tokio::sync::Mutex::default(),
    }));
    let Some(address) = config.listen.admin else { return Ok(health) };
    let (listener, _) = bind_one(address.ip(), address.port(), "ADMIN_ADDR").await?;
    let counted = PrometheusBuilder::new().install_recorder().context("counting cannot begin")?;
    let router = Router::new()
        .route("/metrics", get(numbers))
        .route("/health/live", get(|| async { "live\n" }))
        .route("/health/ready", get(ready))
        .with_state((health.clone(), counted));
    let (keep_alive, ending) = (config.listen.keep_alive(), Ending::never());
    let terms = Terms { heads: Heads::Short, slots, patience: server::PATIENCE, keep_alive, ending };
    lifecycle.keep(server::serve(listener, router, terms));
    Ok(health)
}

impl Health {
    /// Adds parts that are open now.
    pub(crate) fn add(&self, add: impl FnOnce(&mut Parts)) {
        // Each part is added by one assignment.
        add(&mut self.0.parts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All parts are open: from now on they determine the state. Logs their findings.
    pub(crate) async fn ready(&self) {
        self.0.started.store(true, Ordering::Relaxed);
        let report = self.report().await;
        // The plan logged its own findings, and the broker logs when NATS fails and when it works again.
        let logged = self.parts().found_at_start;
        let is_new =
            |finding: &&Finding| !matches!(finding.part, Part::Nats | Part::Events) && !logged.contains(finding);
        report.findings.iter().filter(is_new).for_each(Finding::log);
    }

    /// Checks the parts, one check at a time: many requests must not keep the files from callbacks and sign-ins.
    async fn report(&self) -> Report {
        if self.0.draining.is_cancelled() {
            return Report::stopping();
        }
        if !self.0.started.load(Ordering::Relaxed) {
            return Report::starting();
        }
        let asked = Instant::now();
        let mut last = self.0.look.lock().await;
        // A check that began after this one was asked for answers for all that waited meanwhile.
        if let Some((begun, report)) = &*last
            && *begun >= asked
        {
            return report.clone();
        }
        let begun = Instant::now();
        let report = self.parts().report().await;
        *last = Some((begun, report.clone()));
        report
    }

    fn parts(&self) -> Parts {
        self.0.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// `GET /health/ready`: 200 when work can be sent here, else 503; with the state and the findings.
async fn ready(State((health, _)): State<(Health, PrometheusHandle)>) -> Response {
    let report = health.report().await;
    (report.state.status(), Json(report.json())).into_response()
}

/// `GET /metrics`: the counters, and gauges of the current state.
async fn numbers(State((health, counted)): State<(Health, PrometheusHandle)>) -> Response {
    show(&health.report().await);
    ([(CONTENT_TYPE, TEXT)], counted.render()).into_response()
}

/// Sets the gauges: 1 while work can be sent here, and the number of findings by part and level, 0 for no finding.
fn show(report: &Report) {
    gauge!("countersign_ready").set(if report.state.takes_work() { 1.0 } else { 0.0 });
    for part in Part::VARIANTS.iter().copied() {
        for level in Level::VARIANTS.iter().copied() {
            let findings = report.findings.iter().filter(|finding| finding.part == part && finding.level == level);
            let number = u32::try_from(findings.count()).unwrap_or(u32::MAX);
            gauge!("countersign_findings", "part" => part.word(), "level" => level.word()).set(f64::from(number));
        }
    }
}
