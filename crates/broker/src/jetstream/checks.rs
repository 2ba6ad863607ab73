//! Checks server and streams after each connection, after each reported change of a stream, and periodically. Finds the
//! reason while there is no connection. Creates missing streams if the login may. Logs a lasting fault once, and again
//! when it changes. Carries no messages.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::Context;
use futures_util::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use super::connect::{self, ConnectError};
use super::line::Line;
use super::settings::JetStreamSettings;
use super::standing::{Acknowledged, Standing};
use super::stream_error::StreamError;
use super::streams;

/// The client library connects again within this time, unless something prevents it.
const RECONNECTS_WITHIN: Duration = Duration::from_millis(300);
/// How often to look for the reason while there is no connection.
const REASON_EVERY: Duration = Duration::from_secs(2);
/// How often unusable streams are checked again.
const AGAIN: Duration = Duration::from_millis(500);
/// How long the server may take to receive a flush.
const FLUSHED_WITHIN: Duration = Duration::from_secs(2);
/// The longest message, in bytes: a callback of 64 KiB with its headers.
const LONGEST_MESSAGE: usize = 96 * 1024;
/// Reports of the server after which the settings of a stream may have changed.
const CHANGES: [&str; 3] = ["CREATED", "DELETED", "UPDATED"];

/// The task that checks.
pub(super) struct Checks {
    line: Line,
    context: Context,
    settings: JetStreamSettings,
    standing: watch::Sender<Standing>,
    /// Notified when the streams must be checked at once.
    recheck: Arc<Notify>,
    acknowledged: Arc<Acknowledged>,
    /// When NATS last left the request to create a stream unanswered.
    unmade: Option<Instant>,
    /// The fault that was logged last, unless it has ended.
    logged: Option<String>,
    /// The version of the server that was checked last.
    version: String,
}

impl Checks {
    pub(super) fn new(
        line: Line,
        context: Context,
        settings: JetStreamSettings,
        standing: watch::Sender<Standing>,
        recheck: Arc<Notify>,
        acknowledged: Arc<Acknowledged>,
    ) -> Self {
        let (unmade, logged, version) = (None, None, String::new());
        Self { line, context, settings, standing, recheck, acknowledged, unmade, logged, version }
    }

    /// Checks for as long as it is polled, and whenever the server reports a change of a stream.
    pub(super) async fn run(self) {
        let (line, recheck) = (self.line.clone(), Arc::clone(&self.recheck));
        tokio::join!(self.check_again_and_again(), listen(line, recheck));
    }

    async fn check_again_and_again(mut self) {
        loop {
            let mut changes = self.line.changes();
            let pause = if self.line.is_connected() { self.check().await } else { self.find_reason().await };
            tokio::select! {
                _ = changes.changed() => {}
                () = self.recheck.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Checks server and streams. Returns the time until the next check.
    async fn check(&mut self) -> Duration {
        let generation = self.line.generation();
        let line = self.line.clone();
        let found = tokio::select! {
            found = self.find() => found,
            () = line.disconnected() => return Duration::ZERO,
        };
        if generation != self.line.generation() {
            return Duration::ZERO;
        }
        let was_usable = matches!(&*self.standing.borrow(), Standing::Usable(at) if *at == generation);
        let unanswered = matches!(found, Err(ConnectError::Stream(StreamError::Unanswered(..))));
        if !(was_usable && unanswered) {
            self.note(found.map(|()| Standing::Usable(generation)));
        }
        if matches!(&*self.standing.borrow(), Standing::Usable(_)) { self.settings.review_every } else { AGAIN }
    }

    async fn find(&mut self) -> Result<(), ConnectError> {
        // After a flush the server's own information has arrived.
        let flushed = timeout(FLUSHED_WITHIN, self.line.client.flush()).await;
        if !matches!(flushed, Ok(Ok(()))) {
            let elapsed = io::Error::from(io::ErrorKind::TimedOut);
            return Err(StreamError::Unanswered(streams::EVENTS, Arc::new(elapsed)).into());
        }
        self.look_at_server(&self.line.client.server_info().version)?;
        let may_make = self.unmade.is_none_or(|at| at.elapsed() >= self.settings.review_every);
        let found = streams::ensure(&self.context, &self.settings, may_make).await;
        if may_make {
            // Without the permission to create it, each attempt waits for an answer in vain, and the server logs a
            // refusal.
            self.unmade = matches!(found, Err(StreamError::StreamMissing(_))).then(Instant::now);
        }
        let [events, dead_letters] = found?;
        self.acknowledged.events.store(events, Ordering::Relaxed);
        self.acknowledged.dead_letters.store(dead_letters, Ordering::Relaxed);
        Ok(())
    }

    /// Fails for a server that is too old; warns once about one that is unsafe or takes no long messages.
    fn look_at_server(&mut self, version: &str) -> Result<(), ConnectError> {
        connect::check_version(version)?;
        if self.version == version {
            return Ok(());
        }
        version.clone_into(&mut self.version);
        if connect::has_known_holes(version) {
            tracing::warn!(
                version,
                "this NATS server can be exhausted by a stranger before he logs in (CVE-2026-27571, CVE-2026-33219); \
                 update it to 2.11.15, 2.12.6 or newer"
            );
        }
        let max_payload = self.line.client.max_payload();
        if max_payload < LONGEST_MESSAGE {
            tracing::warn!(
                max_payload,
                "this NATS server takes no long messages, and a callback has up to 96 KiB; raise its max_payload"
            );
        }
        Ok(())
    }

    /// Finds out why there is no connection. Returns the time until the next attempt.
    async fn find_reason(&mut self) -> Duration {
        let line = self.line.clone();
        if timeout(RECONNECTS_WITHIN, line.connected()).await.is_ok() {
            return Duration::ZERO;
        }
        let tried = tokio::select! {
            () = line.connected() => return Duration::ZERO,
            tried = connect::once(&self.settings) => tried,
        };
        // Without an error the server can be reached again, and the client library will notice it.
        if let Err(error) = tried {
            self.note(Err(error));
        }
        REASON_EVERY
    }

    fn note(&mut self, found: Result<Standing, ConnectError>) {
        let reason = found.as_ref().err().map(ToString::to_string);
        if reason != self.logged {
            self.log(found.as_ref().err());
            self.logged = reason;
        }
        self.standing.send_replace(found.unwrap_or_else(Standing::Unusable));
    }

    fn log(&self, error: Option<&ConnectError>) {
        let sentence = error.map(|error| error.sentence(&self.settings.credentials));
        match (error, self.settings.takes) {
            (Some(ConnectError::Unreachable(_)), _) => {
                tracing::warn!(error = sentence, "NATS cannot be reached; it is tried again and again");
            }
            (Some(_), true) => tracing::error!(error = sentence, "no events are taken from NATS"),
            (Some(_), false) => tracing::error!(error = sentence, "no events are published to NATS"),
            (None, true) => tracing::info!("events are taken from NATS again"),
            (None, false) => tracing::info!("events are published to NATS again"),
        }
    }
}

/// Has the streams checked again whenever the server reports that one was created, deleted or changed. Without
/// permission for these reports the periodic check notices it.
async fn listen(line: Line, recheck: Arc<Notify>) {
    let mut reports = Vec::new();
    for stream in [streams::EVENTS, streams::DEAD_LETTERS] {
        let subject = format!("$JS.EVENT.ADVISORY.STREAM.*.{stream}");
        reports.extend(line.client.subscribe(subject).await);
    }
    let mut reports = futures_util::stream::select_all(reports);
    while let Some(report) = reports.next().await {
        if report.subject.split('.').any(|token| CHANGES.contains(&token)) {
            line.begin_generation();
            recheck.notify_one();
        }
    }
}
