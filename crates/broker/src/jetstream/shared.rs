//! The consumer that all hubs share: found as it must be, or not used. It is looked at before it is used first, after each
//! reconnect, and every 30 s; a role makes it if it is missing and the login may, and never changes it.
//! Hands out nothing itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use approval::told;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{FromConsumer as _, PullConsumer, pull};
use async_nats::jetstream::context::ConsumerInfoErrorKind;
use async_nats::jetstream::stream::{ConsumerCreateStrictErrorKind, Stream};
use tokio::sync::watch;
use tokio::time::Instant;

use super::review::{self, Pull};
use super::settings::JetStreamSettings;
use super::streams::{self, StreamError};

/// How many messages are fetched ahead: few, since each waits for its consumer within its lease.
pub(super) const AHEAD: usize = 32;

/// How long one pull request stays open. Shutdown waits for it: a message that is delivered to a closed client is
/// redelivered only after its lease.
pub(super) const PULL_EXPIRES: Duration = Duration::from_millis(250);

/// Looks at the shared consumer.
#[derive(Debug)]
pub(super) struct Shared {
    context: Context,
    settings: JetStreamSettings,
    /// How often a connection was made.
    connections: Arc<AtomicU64>,
    /// The connection on which the server did not let this login make the consumer.
    unmade: AtomicU64,
    /// Why events cannot be taken; `None` while they can.
    fault: watch::Sender<Option<String>>,
}

/// A consumer that was found as it must be.
#[derive(Debug)]
pub(super) struct Reviewed {
    pub(super) consumer: PullConsumer,
    connection: u64,
    at: Instant,
}

impl Shared {
    pub(super) fn new(context: Context, settings: JetStreamSettings, connections: Arc<AtomicU64>) -> Self {
        Self { context, settings, connections, unmade: AtomicU64::new(u64::MAX), fault: watch::Sender::default() }
    }

    /// Why events cannot be taken, as far as is known.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.borrow().clone()
    }

    /// True once `reviewed` has to be looked at again.
    pub(super) fn is_due(&self, reviewed: &Reviewed) -> bool {
        reviewed.connection != self.connection() || reviewed.at.elapsed() >= self.settings.review_every
    }

    /// The consumer, if it is as it must be. A fault is logged when it is found and when it is gone.
    ///
    /// # Errors
    /// [`StreamError`] says what an operator has to do.
    pub(super) async fn review(&self) -> Result<Reviewed, StreamError> {
        let connection = self.connection();
        let found = self.find().await;
        self.note(found.as_ref().err());
        Ok(Reviewed { consumer: found?, connection, at: Instant::now() })
    }

    async fn find(&self) -> Result<PullConsumer, StreamError> {
        let stream = self.context.get_stream(streams::EVENTS).await;
        let stream = stream.map_err(|error| StreamError::Unanswered(streams::EVENTS, Arc::new(error)))?;
        let config = &stream.cached_info().config;
        if let Some(fault) = review::stream_fault(config, &streams::events(&self.settings)) {
            return Err(StreamError::Unsafe(streams::EVENTS, fault));
        }
        let info = match info(&stream).await? {
            Some(info) => info,
            None => self.make(&stream).await?.cached_info().clone(),
        };
        if let Some(fault) = review::consumer_fault(&info, &config.subjects, pull(&self.settings)) {
            return Err(StreamError::Unsafe(streams::HUBS, fault));
        }
        let config = pull::Config::try_from_consumer_config(info.config.clone());
        let config = config.map_err(|error| StreamError::Unanswered(streams::HUBS, Arc::from(error)))?;
        Ok(PullConsumer::new(config, info, self.context.clone()))
    }

    /// Makes the missing consumer, unless this login may not: then the server does not answer.
    async fn make(&self, stream: &Stream) -> Result<PullConsumer, StreamError> {
        let connection = self.connection();
        if self.unmade.load(Ordering::Relaxed) == connection {
            return Err(StreamError::Missing(streams::HUBS));
        }
        stream.create_consumer_strict(streams::hubs(&self.settings)).await.map_err(|error| match error.kind() {
            ConsumerCreateStrictErrorKind::TimedOut => {
                self.unmade.store(connection, Ordering::Relaxed);
                StreamError::Missing(streams::HUBS)
            }
            _ => StreamError::Unanswered(streams::HUBS, Arc::new(error)),
        })
    }

    fn note(&self, error: Option<&StreamError>) {
        let fault = error.map(|error| told(error));
        self.fault.send_if_modified(|known| {
            if *known == fault {
                return false;
            }
            if let Some(fault) = &fault {
                tracing::error!(error = fault, "no events are taken from NATS");
            } else {
                tracing::info!("events are taken from NATS again");
            }
            *known = fault;
            true
        });
    }

    fn connection(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }
}

/// How the consumer is set up; `None` if it is missing.
pub(super) async fn info(stream: &Stream) -> Result<Option<async_nats::jetstream::consumer::Info>, StreamError> {
    match stream.consumer_info(streams::HUBS).await {
        Ok(info) => Ok(Some(info)),
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => Ok(None),
        Err(error) => Err(StreamError::Unanswered(streams::HUBS, Arc::new(error))),
    }
}

/// What hubs ask of the consumer.
pub(super) const fn pull(settings: &JetStreamSettings) -> Pull {
    Pull { messages: AHEAD, expires: PULL_EXPIRES, lease: settings.lease }
}
