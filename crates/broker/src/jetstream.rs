//! The event log of many processes: two streams and one durable consumer on a NATS server or cluster.
//!
//! This file is the entry point. `settings` holds the operator's settings, `login` reads credentials, `connect` reaches
//! the server, `line` is the connection. `streams` creates streams and consumer, `info` reads their settings, `review`
//! checks them, `stream_error` has the errors, `migrate` repairs them. `checks` checks server and streams periodically,
//! `standing` is the result, `keeper` waits for it. `publish` sends a message, `headers` names its headers, `shared` is
//! the consumer of all hubs, `taking` delivers messages, `letters` keeps dead letters. `log` offers
//! all this as [`Intake`](crate::Intake) and [`EventLog`](crate::EventLog).

mod checks;
mod connect;
mod headers;
mod info;
mod keeper;
mod letters;
mod line;
mod log;
mod login;
mod migrate;
mod publish;
mod review;
mod settings;
mod shared;
mod standing;
mod stream_error;
mod streams;
mod taking;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use approval::{subject, told};
use async_nats::jetstream::Context;
use async_nats::{Client, HeaderMap, Subscriber};
use bytes::Bytes;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

pub use connect::ConnectError;
use headers::Headers;
use keeper::Keeper;
use line::Line;
pub use migrate::{Migrated, migrate};
use publish::{is_unheard, store};
pub use settings::{Credentials, JetStreamSettings, Tls};
pub use stream_error::StreamError;
use taking::Taking;

use crate::{Announced, DeadLetter, PublishError, Receipt, Received};

/// An [`EventLog`](crate::EventLog) that many processes share, wherever they run.
///
/// A message is acknowledged by the server once its stream has stored it, on the majority of its replicas; the server
/// itself waits for the disk every two minutes by default (`sync_interval`), so that a power loss of all replicas at
/// once may take back the last of it.
///
/// | promise | kept by |
/// |---|---|
/// | Kept | `JetStream::store` answers after the stream's acknowledgement; `streams::events` drops nothing that is younger than its `max_age`, and refuses what does not fit (`DiscardPolicy::New`) |
/// | Once | `Nats-Msg-Id` and the stream's `duplicate_window` |
/// | Alone | one durable consumer for all, `AckPolicy::Explicit`, `ack_wait` is the lease: `streams::hubs` |
/// | Again | `Hold` refuses (`NAK`) what is dropped; the server hands out again after the lease, without a limit (`max_deliver` -1) |
/// | Apart | `max_ack_pending` is -1: what waits for its time holds up nothing |
/// | Parked | `letters::park` acknowledges the original only once the dead letter is acknowledged |
/// | Whole | a payload is never touched |
/// | Calm | whatever is taken has a `Hold` before anything is waited for |
/// | Told | a subscription without a group; `Line::missed` when it may have lost something |
///
/// A late settlement, after the lease has run out, still settles: the message was dealt with.
#[derive(Debug)]
pub struct JetStream {
    context: Context,
    line: Line,
    settings: JetStreamSettings,
    keeper: Keeper,
    taking: Taking,
    changes: Mutex<Option<Subscriber>>,
    /// Tells our own announcements from those of others.
    me: String,
}

impl JetStream {
    /// Begins to connect, and returns without waiting for the server. After each connection, missing streams and the
    /// missing consumer are created if the login may. Existing ones are never changed. A stream or consumer that could
    /// lose or hold up events is not used, see [`Self::fault`].
    ///
    /// # Errors
    /// [`ConnectError::Address`].
    pub async fn open(settings: JetStreamSettings) -> Result<Self, ConnectError> {
        let line = connect::in_background(&settings).await?;
        let context = streams::context(line.client.clone());
        let keeper = Keeper::start(line.clone(), context.clone(), settings.clone());
        let taking = Taking::new(context.clone(), settings.clone(), line.generations());
        let me = line.client.new_inbox();
        Ok(Self { context, line, settings, keeper, taking, changes: Mutex::default(), me })
    }

    /// Connects as [`Self::open`] does, and waits until server and streams can be used.
    ///
    /// # Errors
    /// [`ConnectError`] says what an operator has to mend, within [`JetStreamSettings::start_within`].
    pub async fn connect(settings: JetStreamSettings) -> Result<Self, ConnectError> {
        let deadline = Instant::now() + settings.start_within;
        let log = Self::open(settings).await?;
        log.keeper.usable_by(deadline).await?;
        log.prepare(deadline).await;
        Ok(log)
    }

    /// Waits until it is known whether NATS can be used, for [`JetStreamSettings::start_within`] at most. A server that
    /// is away or not ready yet is no error: it is used as soon as it can be.
    ///
    /// # Errors
    /// [`ConnectError`] for faults that no retry can repair: the address, the login, TLS, the server's version, a
    /// stream that could lose events.
    pub async fn started(&self) -> Result<(), ConnectError> {
        let deadline = Instant::now() + self.settings.start_within;
        // A server that has not answered by then counts as away.
        let _ = timeout_at(deadline, self.keeper.first_check(deadline)).await;
        if let Some(error) = self.keeper.error().filter(|error| !error.may_pass()) {
            return Err(error);
        }
        self.prepare(deadline).await;
        Ok(())
    }

    /// Whether the server can be reached right now, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.line.is_connected()
    }

    /// True while the server can be reached, and is new enough, and its streams were found safe on this connection.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.keeper.is_usable()
    }

    /// Why this process takes or publishes no events, as a sentence for the operator that says what to do; `None`
    /// without a known fault. Faults are a refused login, a server that is too old, and a stream or consumer that must
    /// not be used. A server that cannot be reached is no fault, see [`Self::is_connected`].
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.keeper.fault().or_else(|| self.taking.fault())
    }

    /// Waits until server and streams can be used.
    pub(crate) async fn usable(&self) {
        self.keeper.usable().await;
    }

    /// Changes with each connection, and with each reported change of a stream.
    pub(crate) fn generation(&self) -> u64 {
        self.line.generation()
    }

    /// Gives back what was taken and not handed out, sends what is still to be sent, and ends the connection.
    pub async fn close(&self) {
        self.keeper.stop();
        if !self.is_connected() {
            return;
        }
        let sent = async {
            self.taking.give_back().await;
            let _ = self.client().flush().await;
            let _ = self.client().drain().await;
        };
        // Of a server that does not listen any more nothing is waited for.
        let _ = tokio::time::timeout(Duration::from_secs(1), sent).await;
    }

    /// Checks the consumer if this process takes events and NATS can be used. A check without an answer in time is
    /// repeated before the first message is taken.
    async fn prepare(&self, deadline: Instant) {
        if self.settings.takes && self.is_usable() {
            let _ = timeout_at(deadline, self.taking.prepare()).await;
        }
    }

    /// Publishes what was received from another log, as it is.
    pub(crate) async fn pass_on(&self, received: &Received) -> Result<Receipt, PublishError> {
        let headers = Headers { published: None, ..Headers::of_received(received) }.into_map(received.id.as_str());
        self.store(&received.subject, headers, received.payload.clone()).await
    }

    /// Keeps what was received from another log as a dead letter.
    pub(crate) async fn bury_received(&self, received: &Received, reason: &str) -> Result<Receipt, PublishError> {
        let headers = Headers::of_received(received).dead(reason, Some(received.published_at));
        let headers = headers.into_map(received.id.as_str());
        self.store(subject::DEAD_LETTER, headers, received.payload.clone()).await
    }

    /// Keeps the dead letter of another log among ours.
    pub(crate) async fn bury_letter(&self, letter: &DeadLetter) -> Result<Receipt, PublishError> {
        let headers = Headers::of_letter(letter).into_map(letter.id.as_str());
        self.store(subject::DEAD_LETTER, headers, letter.payload.clone()).await
    }

    fn client(&self) -> &Client {
        &self.line.client
    }

    /// Publishes and waits for the acknowledgement, for [`JetStreamSettings::ack_within`] at most. Only the stream that
    /// was found safe may acknowledge.
    async fn store(&self, subject: &str, headers: HeaderMap, payload: Bytes) -> Result<Receipt, PublishError> {
        let deadline = Instant::now() + self.settings.ack_within;
        let unwritable = |error: Unusable| PublishError::Unwritable(Arc::new(error));
        if timeout_at(deadline, self.keeper.usable()).await.is_err() {
            return Err(unwritable(Unusable::NotNow));
        }
        let stream = if subject == subject::DEAD_LETTER { streams::DEAD_LETTERS } else { streams::EVENTS };
        let highest = self.keeper.acknowledged().of(stream);
        let before = highest.load(Ordering::Relaxed);
        let within = deadline.saturating_duration_since(Instant::now());
        let stored = match store(&self.context, within, subject, headers, payload).await {
            Ok(stored) => stored,
            Err(error) => {
                if is_unheard(&error) {
                    self.keeper.invalidate();
                }
                return Err(error);
            }
        };
        // A stream that was deleted and created again counts from 1 again, and perhaps keeps nothing.
        let is_new = stored.receipt == Receipt::Stored && stored.sequence <= before;
        if stored.stream != stream || is_new {
            self.keeper.invalidate();
            return Err(unwritable(Unusable::AnotherStream));
        }
        highest.fetch_max(stored.sequence, Ordering::Relaxed);
        Ok(stored.receipt)
    }

    /// Something may have been missed up to now, and nothing is from now on: the server has answered on this line, so it
    /// knows what we listen to.
    async fn missed(&self) -> Announced {
        self.line.connected().await;
        if let Err(error) = self.context.get_stream(streams::EVENTS).await {
            tracing::warn!(error = %told(&error), "NATS does not answer; what it announces meanwhile is read later");
        }
        Announced::Missed
    }

    /// The subscription to announcements, made at the first call and after it was lost.
    async fn subscribe(&self, changes: &mut Option<Subscriber>) {
        loop {
            match self.client().subscribe(subject::CHANGED).await {
                Ok(subscriber) => {
                    *changes = Some(subscriber);
                    return;
                }
                Err(error) => tracing::error!(error = %told(&error), "announcements cannot be listened to"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Why nothing was published although nothing was refused.
#[derive(Debug, Error)]
enum Unusable {
    #[error("NATS cannot be used at the moment")]
    NotNow,
    #[error("another stream took the message than the one that was checked")]
    AnotherStream,
}
