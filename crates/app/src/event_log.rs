//! Opens the event log: a file of this process, or NATS for many. Its complaints never quote an address, which may hold a
//! password.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use approval::{Clock, Secret, told};
use broker::{
    ConnectError, Credentials, Embedded, EmbeddedSettings, JetStream, JetStreamSettings, Migrated, OpenError, Tls,
};

use tokio::time::Instant;

use crate::config::{ConfigError, Nats, Receiver};
use crate::database::DatabaseUrl;
use crate::lifecycle::Lifecycle;
use crate::nats_url;

/// The error for a role that needs NATS and is not told where it is.
pub(crate) const NO_NATS: ConfigError =
    ConfigError::Missing { variable: "NATS_URL", advice: "set it to where NATS is, as in nats://127.0.0.1:4222" };

/// Says that NATS is missing before a role that needs it has opened, and so made, any file.
///
/// # Errors
/// [`NO_NATS`] where no server is configured.
pub(crate) fn needs_nats(nats: &Nats) -> Result<(), ConfigError> {
    if nats.url.is_some() { Ok(()) } else { Err(NO_NATS) }
}

/// The log in a file beside the database.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn beside(database: &DatabaseUrl) -> anyhow::Result<Arc<Embedded>> {
    let path = database.broker();
    let log = Embedded::open(&path, steady_clock(), EmbeddedSettings::default()).await;
    log.map(Arc::new).map_err(|error| {
        let (path, told) = (path.display(), told(&error));
        anyhow!("the event log {path} cannot be used ({told}); mend that or set DATABASE_URL to another folder")
    })
}

/// The same for a process that is of no use without it.
///
/// # Errors
/// As [`beside`].
pub(crate) async fn relied_on(database: &DatabaseUrl, lifecycle: &Lifecycle) -> anyhow::Result<Arc<Embedded>> {
    let log = beside(database).await?;
    let ended = log.clone();
    lifecycle.needs("the event log", async move { ended.ended().await });
    Ok(log)
}

/// The log on NATS for a role; NATS need not be reachable yet, see [`started`]. `role` is the word in the process's
/// inbox subjects; only a `hub` consumes events. `None` if no server is configured.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn on_nats(nats: &Nats, role: &'static str) -> anyhow::Result<Option<Arc<JetStream>>> {
    let Some(settings) = settings(nats, role)? else { return Ok(None) };
    let takes = role == "hub";
    let log = JetStream::open(JetStreamSettings { takes, ..settings.clone() }).await;
    Ok(Some(Arc::new(log.map_err(|error| sentence(nats, &error, &settings.credentials))?)))
}

/// Waits until it is known whether NATS can be used, for 8 s at most. A server that is away or not ready yet is no
/// error: it is used as soon as it is ready.
///
/// # Errors
/// A sentence about a fault that no retry can repair.
pub(crate) async fn started(log: &JetStream, nats: &Nats, lifecycle: &Lifecycle) -> anyhow::Result<()> {
    let credentials = credentials(nats)?.0;
    // A process that is asked to end meanwhile ends as one that has started.
    let Some(started) = lifecycle.ending.draining.run_until_cancelled(log.started()).await else { return Ok(()) };
    started.map_err(|error| sentence(nats, &error, &credentials))
}

/// The log on NATS for a command, which needs it at once. `None` if no server is configured.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn reached(nats: &Nats) -> anyhow::Result<Option<Arc<JetStream>>> {
    let Some(settings) = settings(nats, "operator")? else { return Ok(None) };
    let credentials = settings.credentials.clone();
    let log = JetStream::connect(JetStreamSettings { takes: false, ..settings }).await;
    Ok(Some(Arc::new(log.map_err(|error| sentence(nats, &error, &credentials))?)))
}

/// Creates or repairs the streams and the consumer on NATS. `None` if no server is configured.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn migrate_nats(nats: &Nats) -> anyhow::Result<Option<Migrated>> {
    let Some(settings) = settings(nats, "operator")? else { return Ok(None) };
    let credentials = settings.credentials.clone();
    Ok(Some(broker::migrate(settings).await.map_err(|error| sentence(nats, &error, &credentials))?))
}

fn settings(nats: &Nats, inbox: &'static str) -> anyhow::Result<Option<JetStreamSettings>> {
    let Some(url) = &nats.url else { return Ok(None) };
    if nats.ca.is_none() && (nats.tls || url.expose().contains("tls://")) && !provider::has_authorities() {
        return Err(no_authorities());
    }
    let (credentials, url) = credentials(nats)?;
    if nats.cert.is_some() != nats.key.is_some() {
        return Err(ConfigError::value("NATS_CERT", "and NATS_KEY go together; set both or neither").into());
    }
    Ok(Some(JetStreamSettings {
        credentials,
        tls: Tls {
            required: nats.tls,
            authorities: nats.ca.clone(),
            certificate: nats.cert.clone().zip(nats.key.clone()),
        },
        tls_first: nats.tls_first,
        replicas: nats.replicas.into(),
        max_bytes: nats.stream_mb.map(|megabytes| u64::from(megabytes) * 1024 * 1024),
        inbox,
        ..JetStreamSettings::at(url.expose())
    }))
}

fn no_authorities() -> anyhow::Error {
    anyhow!(
        "NATS cannot be used over TLS: no certificates of authorities are on this machine; install ca-certificates, or \
         set SSL_CERT_FILE or NATS_CA"
    )
}

fn sentence(nats: &Nats, error: &ConnectError, credentials: &Credentials) -> anyhow::Error {
    let told = told(error);
    match error {
        // The server asks for TLS although its address does not.
        ConnectError::Tls(_) if nats.ca.is_none() && !provider::has_authorities() => no_authorities(),
        ConnectError::Refused | ConnectError::Credentials(..) => {
            anyhow!("NATS refused the login ({told}); {}", credentials.remedy())
        }
        ConnectError::Stream(_) => anyhow!("NATS cannot be used: {told}"),
        _ => anyhow!("NATS cannot be used ({told}); repair it, or set NATS_URL to another server"),
    }
}

/// The spool of a receiver: what it acknowledged survives a power loss too.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn spool(receiver: &Receiver) -> anyhow::Result<Arc<Embedded>> {
    open_spool(&receiver.spool, Some(u64::from(receiver.spool_mb) * 1024 * 1024)).await
}

/// An existing spool, while its receiver does not run.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn left_spool(path: &Path) -> anyhow::Result<Arc<Embedded>> {
    anyhow::ensure!(
        path.is_file(),
        "there is no spool {}; name the file that SPOOL names for its receiver",
        path.display()
    );
    open_spool(path, None).await
}

async fn open_spool(path: &Path, max_bytes: Option<u64>) -> anyhow::Result<Arc<Embedded>> {
    let settings = EmbeddedSettings {
        max_attempts: u32::MAX,
        remember: Duration::ZERO,
        survives_power_loss: true,
        max_bytes,
        ..EmbeddedSettings::default()
    };
    let spool = Embedded::open(path, steady_clock(), settings).await;
    spool.map(Arc::new).map_err(|error| match error {
        OpenError::InUse => {
            anyhow!("the spool {} is another receiver's; set SPOOL to a file of this one's own", path.display())
        }
        error => {
            let (path, told) = (path.display(), told(&error));
            anyhow!("the spool {path} cannot be used ({told}); mend that or set SPOOL to another file")
        }
    })
}

/// The clock of a file's leases and retries, which never goes back: else a retry would come late after the machine's
/// clock was set back.
fn steady_clock() -> Clock {
    let begun = Instant::now();
    Clock::system().never_back(move || begun.elapsed())
}

/// The configured login, and the addresses without it. Credential files are not read here: the log reads them at each
/// connection.
fn credentials(nats: &Nats) -> Result<(Credentials, Secret), ConfigError> {
    let (url, in_url) = match &nats.url {
        Some(url) => nats_url::without_login(url)?,
        None => (Secret::new(""), None),
    };
    let mut found = Vec::from_iter(in_url);
    match (&nats.user, &nats.password, &nats.password_file) {
        (Some(user), _, Some(path)) => {
            found.push(Credentials::PasswordFile { user: user.clone(), path: path.clone() });
        }
        (Some(user), Some(password), None) => {
            found.push(Credentials::Password { user: user.clone(), password: password.clone() });
        }
        (None, None, None) => {}
        _ => return Err(ConfigError::value("NATS_USER", "and NATS_PASSWORD go together; set both or neither")),
    }
    match (&nats.token, &nats.token_file) {
        (_, Some(path)) => found.push(Credentials::TokenFile(path.clone())),
        (Some(token), None) => found.push(Credentials::Token(token.clone())),
        (None, None) => {}
    }
    found.extend(nats.nkey.clone().map(Credentials::Nkey));
    found.extend(nats.creds.clone().map(Credentials::File));
    match found.len() {
        0 => Ok((Credentials::None, url)),
        1 => Ok((found.remove(0), url)),
        _ => Err(ConfigError::value(
            "NATS_USER",
            "NATS_TOKEN, NATS_NKEY, NATS_CREDS and a login in NATS_URL exclude each other; set one of them",
        )),
    }
}
