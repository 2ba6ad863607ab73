//! HTTP clients: how long they keep an idle connection, and whose certificates they trust. Knows no API.

use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use thiserror::Error;
use url::Url;

/// Why there is no HTTP client.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The machine has no certificates of authorities, so no `https:` server can be trusted.
    #[error("no certificates of authorities are on this machine; install ca-certificates or set SSL_CERT_FILE")]
    NoAuthorities,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
}

/// An idle connection is used again for this long, so that the calls of a burst share one. A balancer that closes idle
/// connections keeps them for a second at least. A request on a closing connection is lost without an answer, and must
/// not be repeated if it rings a phone.
const LONGEST_IDLE: Duration = Duration::from_millis(250);
/// At most this many idle connections are kept. Each takes a file descriptor.
pub(crate) const IDLE_CONNECTIONS: usize = 8;

/// Builds a client that calls `target` alone. Without TLS it needs no certificates.
///
/// # Errors
/// [`ClientError`] when `target` has TLS and the machine has no certificates, or the builder's settings cannot work.
pub fn http_client(target: Option<&Url>, builder: ClientBuilder) -> Result<Client, ClientError> {
    // Chooses the cryptography of the process. It fails only if that was chosen before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let is_plain = target.is_none_or(|url| url.scheme() == "http");
    let builder = builder.pool_idle_timeout(LONGEST_IDLE).pool_max_idle_per_host(IDLE_CONNECTIONS);
    let builder = if is_plain { builder.tls_certs_only([]) } else { builder };
    builder.build().map_err(|error| {
        if is_plain || has_authorities() { ClientError::Setup(error) } else { ClientError::NoAuthorities }
    })
}

/// True if the machine has certificates of authorities: those of its system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
#[must_use]
pub fn has_authorities() -> bool {
    !rustls_native_certs::load_native_certs().certs.is_empty()
}
