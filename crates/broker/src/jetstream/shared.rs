//! The consumer that all hubs share, which is used only while its settings are safe. They are checked before its first
//! use, after each reconnect or reported change of a stream, and every 10 s. A role creates the consumer if it is missing and the login may, and never
//! changes it. Delivers no messages itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use approval::told;
use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{FromConsumer as _, PullConsumer, pull};
use async_nats::jetstream::stream::ConsumerCreateStrictErrorKind;
use tokio::time::Instant;

use super::review::{self, Pull};
use super::settings::JetStreamSettings;
use super::stream_error::StreamError;
use super::{info, streams};

/// Messages fetched ahead: few, since each waits for its consumer within its lease.
pub(super) const AHEAD: usize = 32;

/// How long one pull request stays open. Shutdown waits for it: a message delivered to a closed client is redelivered
/// only after its lease.
pub(super) const PULL_EXPIRES: Duration = Duration::from_millis(250);

/// Checks the shared consumer.
#[derive(Debug)]
pub(super) struct SharedConsumer {
    context: Context,
    settings: JetStreamSettings,
    /// The generation of the line: results of checks hold for one.
    generations: Arc<AtomicU64>,
    /// When NATS last left a request to create the consumer unanswered.
    unmade: Mutex<Option<Instant>>,
    /// Why no events are taken; `None` while they are.
    fault: Mutex<Option<String>>,
}

/// A consumer whose settings were checked.
#[derive(Debug, Clone)]
pub(super) struct Reviewed {
    pub(super) consumer: PullConsumer,
    generation: u64,
    at: Instant,
}

impl SharedConsumer {
    pub(super) fn new(context: Context, settings: JetStreamSettings, generations: Arc<AtomicU64>) -> Self {
        Self { context, settings, generations, unmade: Mutex::default(), fault: Mutex::default() }
    }

    /// The known fault, if any.
    pub(super) fn fault(&self) -> Option<String> {
        locked(&self.fault).clone()
    }

    /// True once `reviewed` must be checked again.
    pub(super) fn is_due(&self, reviewed: &Reviewed) -> bool {
        reviewed.generation != self.generation() || reviewed.at.elapsed() >= self.settings.review_every
    }

    /// The consumer, if its settings are safe. A fault is logged when it appears and when it ends. A check that NATS does
    /// not answer is no fault of `checked`, the consumer that was checked before in this generation: it stays in use.
    ///
    /// # Errors
    /// [`StreamError`] says what an operator has to do.
    pub(super) async fn review(&self, checked: Option<&Reviewed>) -> Result<Reviewed, StreamError> {
        let generation = self.generation();
        let found = self.find().await;
        let checked = checked.filter(|checked| checked.generation == self.generation());
        if let (Err(StreamError::Unanswered(..)), Some(checked)) = (&found, checked) {
            return Ok(Reviewed { at: Instant::now(), ..checked.clone() });
        }
        self.note(found.as_ref().err());
        Ok(Reviewed { consumer: found?, generation, at: Instant::now() })
    }

    async fn find(&self) -> Result<PullConsumer, StreamError> {
        let stream = info::of_stream(&self.context, streams::EVENTS).await?;
        let config = stream.ok_or(StreamError::StreamMissing(streams::EVENTS))?.config;
        if let Some(fault) = review::stream_fault(&config, &streams::events(&self.settings)) {
            return Err(StreamError::Unsafe(streams::EVENTS, fault));
        }
        let info = match info::of_consumer(&self.context, streams::EVENTS, streams::HUBS).await? {
            Some(info) => info,
            None => self.make().await?.cached_info().clone(),
        };
        if let Some(fault) = review::consumer_fault(&info, &config.subjects, pull(&self.settings)) {
            return Err(StreamError::Unsafe(streams::HUBS, fault));
        }
        let config = pull::Config::try_from_consumer_config(info.config.clone());
        let config = config.map_err(|error| StreamError::Unanswered(streams::HUBS, Arc::from(error)))?;
        Ok(PullConsumer::new(config, info, self.context.clone()))
    }

    /// Creates the missing consumer. The server does not answer a login that may not create it, so such a login would
    /// wait at each call: after an unanswered request the next one is sent only after [`JetStreamSettings::review_every`].
    async fn make(&self) -> Result<PullConsumer, StreamError> {
        if locked(&self.unmade).is_some_and(|at| at.elapsed() < self.settings.review_every) {
            return Err(StreamError::ConsumerMissing(streams::HUBS));
        }
        let made = self.context.create_consumer_strict_on_stream(streams::hubs(&self.settings), streams::EVENTS).await;
        made.map_err(|error| match error.kind() {
            ConsumerCreateStrictErrorKind::TimedOut => {
                *locked(&self.unmade) = Some(Instant::now());
                StreamError::ConsumerMissing(streams::HUBS)
            }
            _ => StreamError::Unanswered(streams::HUBS, Arc::new(error)),
        })
    }

    fn note(&self, error: Option<&StreamError>) {
        let fault = error.map(|error| told(error));
        let mut known = locked(&self.fault);
        if *known == fault {
            return;
        }
        if let Some(fault) = &fault {
            tracing::error!(error = fault, "no events are taken from NATS");
        } else {
            tracing::info!("events are taken from NATS again");
        }
        *known = fault;
    }

    fn generation(&self) -> u64 {
        self.generations.load(Ordering::Relaxed)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is one assignment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pull that hubs make.
pub(super) const fn pull(settings: &JetStreamSettings) -> Pull {
    Pull { messages: AHEAD, expires: PULL_EXPIRES, lease: settings.lease }
}
