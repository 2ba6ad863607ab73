//! Connects to the server: login, options, and the errors of a failed attempt. Knows no stream.

use std::error::Error as _;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use approval::told;
use async_nats::{AuthError, Client, ConnectErrorKind, ConnectOptions, ServerAddr};
use thiserror::Error;

use super::line::{Line, State};
use super::login;
use super::settings::{Credentials, JetStreamSettings};
use super::stream_error::StreamError;
use crate::Cause;

/// Why the event log cannot be used.
#[derive(Debug, Clone, Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("the address is none that NATS is reached at")]
    Address,
    /// Nobody answers.
    #[error("no NATS server answers there")]
    Unreachable(#[source] Cause),
    /// The server does not let us in.
    #[error("the NATS server refuses this login")]
    Refused,
    /// The file of credentials that this variable names cannot be read.
    #[error("the credentials cannot be read from the file that {0} names")]
    Credentials(&'static str, #[source] Arc<io::Error>),
    /// The server and we cannot agree on TLS.
    #[error("the NATS server and we cannot agree on TLS")]
    Tls(#[source] Cause),
    /// The server sends nothing before a TLS handshake.
    #[error("the NATS server begins with TLS (handshake_first); set NATS_TLS_FIRST=true")]
    TlsFirst,
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
const FIXED_VERSIONS: [(u32, u32, u32); 2] = [(2, 11, 15), (2, 12, 6)];
/// How long one attempt to connect to one address may take.
const HANDSHAKE: Duration = Duration::from_secs(2);

/// Why the credentials could not be read. Kept here because the client library's error does not carry it.
type Unread = Arc<Mutex<Option<io::Error>>>;

impl ConnectError {
    /// True if the same attempt may succeed later without another setting: the server is away, has no `JetStream` yet,
    /// or has no streams yet.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Stream(error) => error.may_pass(),
            _ => false,
        }
    }

    /// The whole sentence for an operator, with the remedy for refused `credentials`.
    pub(super) fn sentence(&self, credentials: &Credentials) -> String {
        match self {
            Self::Refused | Self::Credentials(..) => format!("{}; {}", told(self), credentials.remedy()),
            Self::TooOld(_) => format!("{self}; update it"),
            _ => told(self),
        }
    }
}

/// A connection that is made in the background as soon as possible, and again whenever it breaks.
///
/// # Errors
/// [`ConnectError::Address`].
pub(super) async fn in_background(settings: &JetStreamSettings) -> Result<Line, ConnectError> {
    let state = Arc::new(State::new());
    let heard = Arc::clone(&state);
    let options = options(settings, &Unread::default()).retry_on_initial_connect().event_callback(move |event| {
        let state = Arc::clone(&heard);
        async move { state.hear(&event) }
    });
    let client = options.connect(&addresses(settings)?[..]).await.map_err(|_| ConnectError::Address)?;
    Ok(Line::new(client, state))
}

/// One attempt to connect, to each address once.
///
/// # Errors
/// [`ConnectError`] says why there is no connection, or that the server is too old.
pub(super) async fn once(settings: &JetStreamSettings) -> Result<Client, ConnectError> {
    let (addresses, unread) = (addresses(settings)?, Unread::default());
    let error = match options(settings, &unread).connect(&addresses[..]).await {
        Ok(client) => return check_version(&client.server_info().version).map(|()| client),
        Err(error) => error,
    };
    let unread = unread.lock().unwrap_or_else(PoisonError::into_inner).take();
    Err(match error.kind() {
        ConnectErrorKind::ServerParse => ConnectError::Address,
        ConnectErrorKind::Authentication if unread.is_some() => {
            let unread = unread.unwrap_or_else(|| io::ErrorKind::Other.into());
            ConnectError::Credentials(settings.credentials.variable(), Arc::new(unread))
        }
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => ConnectError::Refused,
        _ if is_about_tls(&error) => ConnectError::Tls(Arc::new(error)),
        // Such a server closes the connection after about the same time as our attempt, so either error is possible.
        ConnectErrorKind::TimedOut | ConnectErrorKind::Io
            if !is_refused(&error) && begins_with_tls(settings, &addresses).await =>
        {
            ConnectError::TlsFirst
        }
        _ => ConnectError::Unreachable(Arc::new(error)),
    })
}

/// Fails for a server that is too old.
///
/// # Errors
/// [`ConnectError::TooOld`].
pub(super) fn check_version(version: &str) -> Result<(), ConnectError> {
    let parts = parts(version);
    if (parts.0, parts.1) < OLDEST { Err(ConnectError::TooOld(version.to_owned())) } else { Ok(()) }
}

/// True for a version that a client can exhaust before it logs in.
pub(super) fn has_known_holes(version: &str) -> bool {
    let parts = parts(version);
    let mended = FIXED_VERSIONS.iter().any(|&(major, minor, patch)| parts >= (major, minor, patch) && parts.1 == minor);
    !mended && (parts.0, parts.1) <= (FIXED_VERSIONS[1].0, FIXED_VERSIONS[1].1)
}

fn addresses(settings: &JetStreamSettings) -> Result<Vec<ServerAddr>, ConnectError> {
    let addresses = settings.url.expose().split(',').map(|one| one.trim().parse());
    addresses.collect::<Result<_, _>>().map_err(|_| ConnectError::Address)
}

fn options(settings: &JetStreamSettings, unread: &Unread) -> ConnectOptions {
    let mut options = match &settings.credentials {
        Credentials::None => ConnectOptions::new(),
        credentials => with_credentials(credentials, unread),
    };
    options = options
        .name("countersign")
        .custom_inbox_prefix(format!("_INBOX.{}", settings.inbox))
        .connection_timeout(HANDSHAKE)
        .request_timeout(Some(settings.ack_within))
        // A server that hangs is noticed within three of them.
        .ping_interval(Duration::from_secs(2))
        .reconnect_delay_callback(|tries| Duration::from_millis(25 << tries.min(6)))
        .require_tls(settings.tls.required);
    if settings.tls_first {
        options = options.tls_first();
    }
    if let Some(authorities) = &settings.tls.authorities {
        options = options.add_root_certificates(authorities.clone());
    }
    if let Some((certificate, key)) = &settings.tls.certificate {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}

/// Credentials that are read at each connection, on a thread that may wait for a disk.
fn with_credentials(credentials: &Credentials, unread: &Unread) -> ConnectOptions {
    let (credentials, unread) = (credentials.clone(), Arc::clone(unread));
    ConnectOptions::with_auth_callback(move |nonce| {
        let (credentials, unread) = (credentials.clone(), Arc::clone(&unread));
        async move {
            let read = tokio::task::spawn_blocking(move || login::auth(&credentials, &nonce)).await;
            read.map_err(io::Error::other).flatten().map_err(|error| {
                let words = AuthError::new(error.kind());
                *unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                words
            })
        }
    })
}

/// True if a server that sends nothing first answers a TLS handshake.
async fn begins_with_tls(settings: &JetStreamSettings, addresses: &[ServerAddr]) -> bool {
    if settings.tls_first {
        return false;
    }
    match options(settings, &Unread::default()).tls_first().connect(addresses).await {
        Ok(_) => true,
        Err(error) if error.kind() == ConnectErrorKind::Tls => false,
        Err(error) => error.kind() == ConnectErrorKind::AuthorizationViolation || is_about_tls(&error),
    }
}

/// True if nothing listens at the address.
fn is_refused(error: &async_nats::ConnectError) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
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

/// `2.12.6-RC.1` as (2, 12, 6); what is no number counts as 0.
fn parts(version: &str) -> (u32, u32, u32) {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or_default());
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_with_whatever_stands_behind_it() {
        assert_eq!(parts("2.15.1"), (2, 15, 1));
        assert_eq!(parts("2.12.6-RC.1"), (2, 12, 6));
        assert_eq!(parts("3"), (3, 0, 0));
        assert!(parts("2.9.10") < (2, 11, 0));
        assert!(has_known_holes("2.11.0") && has_known_holes("2.12.5") && !has_known_holes("2.15.1"));
    }
}
