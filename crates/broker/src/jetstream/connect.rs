//! Reaching the server: who we are, how long we try, and whether the line holds. Knows no stream.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use thiserror::Error;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::settings::{Credentials, JetStreamSettings};
use super::streams::StreamError;

/// Why the event log cannot be used.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("the address is none that NATS is reached at")]
    Address,
    /// Nobody answers.
    #[error("no NATS server answers there")]
    Unreachable(#[source] async_nats::ConnectError),
    /// The server does not let us in.
    #[error("the NATS server refuses this login")]
    Refused,
    /// A file of credentials cannot be read.
    #[error("the credentials cannot be read from {}", .0.display())]
    Credentials(PathBuf, #[source] std::io::Error),
    /// The server and we cannot agree on TLS.
    #[error("the NATS server and we cannot agree on TLS")]
    Tls(#[source] async_nats::ConnectError),
    /// The server is older than what the promises rest on.
    #[error("the NATS server is version {0}, and Countersign needs {OLDEST_WORDS} or newer")]
    TooOld(String),
    /// The streams will not do.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

/// The oldest server that keeps the promises: older ones ignore what they do not know, and say nothing.
const OLDEST: (u32, u32) = (2, 11);
const OLDEST_WORDS: &str = "2.11";
/// From these on a stranger cannot exhaust the server before it has logged in (CVE-2026-27571, CVE-2026-33219).
const MENDED: [(u32, u32, u32); 2] = [(2, 11, 15), (2, 12, 6)];

/// A line to the server, and whether it holds.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) client: Client,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    connected: watch::Sender<bool>,
    /// Number of connections made so far.
    connections: Arc<AtomicU64>,
    missed: Notify,
}

impl Line {
    pub(super) fn is_connected(&self) -> bool {
        *self.state.connected.borrow()
    }

    /// Number of connections made so far.
    pub(super) fn connections(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.state.connections)
    }

    pub(super) async fn connected(&self) {
        let mut connected = self.state.connected.subscribe();
        // The sender lives as long as this line.
        let _ = connected.wait_for(|connected| *connected).await;
    }

    /// Waits until something that is not stored may have been lost on its way to us.
    pub(super) async fn missed(&self) {
        self.state.missed.notified().await;
    }
}

impl State {
    fn new() -> Self {
        Self { connected: watch::Sender::new(true), connections: Arc::default(), missed: Notify::new() }
    }

    fn hear(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.connections.fetch_add(1, Ordering::Relaxed);
                self.connected.send_replace(true);
                self.missed.notify_one();
                tracing::info!("connected to NATS");
            }
            Event::SlowConsumer(_) => {
                self.missed.notify_one();
                tracing::warn!("NATS sends more than is taken; what was dropped is read again");
            }
            Event::Disconnected | Event::Closed => {
                self.connected.send_replace(false);
                tracing::warn!("the connection to NATS is lost");
            }
            // Their texts may quote what was sent.
            Event::ServerError(_) | Event::ClientError(_) => tracing::warn!("NATS reports an error"),
            Event::LameDuckMode => tracing::info!("the NATS server is about to stop"),
            Event::Draining => {}
        }
    }
}

/// Connects within the time that the settings leave for the start. What trying again cannot mend is told at once.
pub(super) async fn connect(settings: &JetStreamSettings, deadline: Instant) -> Result<Line, ConnectError> {
    let state = Arc::new(State::new());
    let addresses: Vec<_> = settings.url.expose().split(',').map(|one| one.trim().to_owned()).collect();
    loop {
        let options = options(settings, &state).await?;
        let error = match options.connect(&addresses[..]).await {
            Ok(client) => return checked(client, state),
            Err(error) => error,
        };
        match error.kind() {
            ConnectErrorKind::ServerParse => return Err(ConnectError::Address),
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                return Err(ConnectError::Refused);
            }
            _ if is_about_tls(&error) => return Err(ConnectError::Tls(error)),
            _ if Instant::now() >= deadline => return Err(ConnectError::Unreachable(error)),
            _ => sleep(Duration::from_millis(200)).await,
        }
    }
}

async fn options(settings: &JetStreamSettings, state: &Arc<State>) -> Result<ConnectOptions, ConnectError> {
    let state = Arc::clone(state);
    let mut options = ConnectOptions::new()
        .name("countersign")
        .custom_inbox_prefix(format!("_INBOX.{}", settings.inbox))
        .connection_timeout(Duration::from_secs(2))
        .request_timeout(Some(settings.ack_within))
        // A server that hangs is noticed within three of them.
        .ping_interval(Duration::from_secs(2))
        .reconnect_delay_callback(|tries| Duration::from_millis(50 << tries.min(3)))
        .event_callback(move |event| {
            let state = Arc::clone(&state);
            async move { state.hear(&event) }
        })
        .require_tls(settings.tls.required);
    if let Some(authorities) = &settings.tls.authorities {
        options = options.add_root_certificates(authorities.clone());
    }
    if let Some((certificate, key)) = &settings.tls.certificate {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    let unreadable = |path: &PathBuf| {
        let path = path.clone();
        move |error| ConnectError::Credentials(path, error)
    };
    Ok(match &settings.credentials {
        Credentials::None => options,
        Credentials::Password { user, password } => {
            options.user_and_password(user.clone(), password.expose().to_owned())
        }
        Credentials::Token(token) => options.token(token.expose().to_owned()),
        Credentials::Nkey(path) => {
            let seed = std::fs::read_to_string(path).map_err(unreadable(path))?;
            options.nkey(seed.trim().to_owned())
        }
        Credentials::File(path) => options.credentials_file(path).await.map_err(unreadable(path))?,
    })
}

/// Whether it is the fault of certificates or of a server that speaks no TLS: what was read is then no TLS, or none that
/// we trust.
fn is_about_tls(error: &async_nats::ConnectError) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        cause = error.source();
    }
    error.kind() == ConnectErrorKind::Tls
}

fn checked(client: Client, state: Arc<State>) -> Result<Line, ConnectError> {
    let version = client.server_info().version;
    let parts = parts(&version);
    if (parts.0, parts.1) < OLDEST {
        return Err(ConnectError::TooOld(version));
    }
    let mended = MENDED.iter().any(|&(major, minor, patch)| parts >= (major, minor, patch) && parts.1 == minor);
    if !mended && (parts.0, parts.1) <= (MENDED[1].0, MENDED[1].1) {
        tracing::warn!(
            version,
            "this NATS server can be exhausted by a stranger before he logs in (CVE-2026-27571, CVE-2026-33219); \
             update it to 2.11.15, 2.12.6 or newer"
        );
    }
    Ok(Line { client, state })
}

/// `2.12.6-RC.1` as (2, 12, 6); what is no number counts as 0.
fn parts(version: &str) -> (u32, u32, u32) {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or_default());
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn whatever_may_have_been_lost_is_told_once_and_a_line_that_is_down_counts_as_down() {
        let state = State::new();
        for event in [Event::SlowConsumer(7), Event::Connected] {
            state.hear(&event);
            state.missed.notified().await;
        }
        state.hear(&Event::Disconnected);
        assert!(!*state.connected.borrow());
        assert!(state.missed.notified().now_or_never().is_none());
    }

    #[test]
    fn a_version_is_read_with_whatever_stands_behind_it() {
        assert_eq!(parts("2.15.1"), (2, 15, 1));
        assert_eq!(parts("2.12.6-RC.1"), (2, 12, 6));
        assert_eq!(parts("3"), (3, 0, 0));
        assert!(parts("2.9.10") < (2, 11, 0));
    }
}
