//! Opens the event log: a file of this process, or NATS for many. Its complaints never quote an address, which may hold a
//! password.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use approval::{Clock, told};
use broker::{
    ConnectError, Credentials, Embedded, EmbeddedSettings, JetStream, JetStreamSettings, Migrated, OpenError, Tls,
};

use crate::config::{ConfigError, Nats, Receiver};
use crate::database::DatabaseUrl;
use crate::lifecycle::Lifecycle;

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
    let log = Embedded::open(&path, Clock::system(), EmbeddedSettings::default()).await;
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

/// The log on NATS. `role` is the word in the process's inbox subjects; only a `hub` consumes events. `None` if no server
/// is configured.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn on_nats(nats: &Nats, role: &'static str) -> anyhow::Result<Option<Arc<JetStream>>> {
    let Some(settings) = settings(nats, role)? else { return Ok(None) };
    let log = JetStream::connect(JetStreamSettings { takes: role == "hub", ..settings })
        .await
        .map_err(|error| sentence(&error))?;
    Ok(Some(Arc::new(log)))
}

/// Creates or repairs the streams and the consumer on NATS. `None` if no server is configured.
///
/// # Errors
/// A sentence that says what is in the way.
pub(crate) async fn migrate_nats(nats: &Nats) -> anyhow::Result<Option<Migrated>> {
    let Some(settings) = settings(nats, "operator")? else { return Ok(None) };
    Ok(Some(broker::migrate(settings).await.map_err(|error| sentence(&error))?))
}

fn settings(nats: &Nats, inbox: &'static str) -> anyhow::Result<Option<JetStreamSettings>> {
    let Some(url) = &nats.url else { return Ok(None) };
    Ok(Some(JetStreamSettings {
        credentials: credentials(nats)?,
        tls: Tls {
            required: nats.tls,
            authorities: nats.ca.clone(),
            certificate: nats.cert.clone().zip(nats.key.clone()),
        },
        replicas: nats.replicas.into(),
        inbox,
        ..JetStreamSettings::at(url.expose())
    }))
}

fn sentence(error: &ConnectError) -> anyhow::Error {
    let told = told(error);
    match error {
        ConnectError::Refused | ConnectError::Credentials(..) => {
            anyhow!(
                "NATS refused the login ({told}); check NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY or NATS_CREDS"
            )
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
    let path = &receiver.spool;
    let settings = EmbeddedSettings {
        max_attempts: u32::MAX,
        remember: Duration::ZERO,
        survives_power_loss: true,
        max_bytes: Some(u64::from(receiver.spool_mb) * 1024 * 1024),
        ..EmbeddedSettings::default()
    };
    let spool = Embedded::open(path, Clock::system(), settings).await;
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

fn credentials(nats: &Nats) -> Result<Credentials, ConfigError> {
    let mut found = Vec::new();
    match (&nats.user, &nats.password) {
        (Some(user), Some(password)) => {
            found.push(Credentials::Password { user: user.clone(), password: password.clone() });
        }
        (None, None) => {}
        _ => return Err(ConfigError::value("NATS_USER", "and NATS_PASSWORD go together; set both or neither")),
    }
    found.extend(nats.token.clone().map(Credentials::Token));
    found.extend(nats.nkey.clone().map(Credentials::Nkey));
    found.extend(nats.creds.clone().map(Credentials::File));
    if nats.cert.is_some() != nats.key.is_some() {
        return Err(ConfigError::value("NATS_CERT", "and NATS_KEY go together; set both or neither"));
    }
    match found.len() {
        0 => Ok(Credentials::None),
        1 => Ok(found.remove(0)),
        _ => Err(ConfigError::value(
            "NATS_USER",
            "NATS_TOKEN, NATS_NKEY and NATS_CREDS exclude each other; set one of them",
        )),
    }
}
