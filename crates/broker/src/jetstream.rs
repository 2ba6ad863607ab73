//! The event log of many processes: two streams and one durable consumer on a NATS server or cluster.
//!
//! This file is the entry point. `settings` holds the operator's settings, `connect` reaches the server, `publish`
//! sends a message, `streams` creates streams and consumer, `review` checks their settings, `migrate` repairs them,
//! `shared` is the consumer of all hubs, `headers` names the headers of a message, `taking` delivers messages,
//! `letters` keeps dead letters.

mod connect;
mod headers;
mod letters;
mod migrate;
mod publish;
mod review;
mod settings;
mod shared;
mod streams;
mod taking;

use std::time::Duration;

use approval::{subject, told};
use async_nats::jetstream::Context;
use async_nats::{Client, HeaderMap, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

pub use connect::ConnectError;
use connect::Line;
use headers::Headers;
pub use migrate::{Migrated, migrate};
use publish::{store, unreadable};
pub use settings::{Credentials, JetStreamSettings, Tls};
pub use streams::StreamError;
use taking::Taking;

use crate::{Announced, ConsumeError, DeadLetter, EventLog, Intake, Message, Outcome, PublishError, Receipt, Received};

/// An [`EventLog`] that many processes share, wherever they run.
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
    taking: Taking,
    changes: Mutex<Option<Subscriber>>,
    /// Tells our own announcements from those of others.
    me: String,
}

impl JetStream {
    /// Connects, and creates missing streams and the missing consumer if the login may. Existing ones are never
    /// changed. A stream that could lose or hold up events is an error; such a consumer is not used, see
    /// [`Self::fault`].
    ///
    /// # Errors
    /// [`ConnectError`] says what an operator has to mend, within [`JetStreamSettings::start_within`].
    pub async fn connect(settings: JetStreamSettings) -> Result<Self, ConnectError> {
        let deadline = Instant::now() + settings.start_within;
        let line = connect::connect(&settings, deadline).await?;
        let context = streams::context(line.client.clone());
        // A cluster that is just beginning has no leader yet.
        while let Err(error) = streams::ensure(&context, &settings).await {
            if !error.may_pass() || Instant::now() >= deadline {
                return Err(error.into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let taking = Taking::new(context.clone(), settings.clone(), line.connections());
        if settings.takes {
            // A check that is not answered in time is made again before the first message is taken.
            let _ = timeout_at(deadline, taking.prepare()).await;
        }
        let me = line.client.new_inbox();
        Ok(Self { context, line, settings, taking, changes: Mutex::default(), me })
    }

    /// Whether the server can be reached right now, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.line.is_connected()
    }

    /// Why this process takes no events, as a sentence for the operator; `None` if there is no known fault.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        self.taking.fault()
    }

    /// Waits until the server can be reached.
    pub(crate) async fn connected(&self) {
        self.line.connected().await;
    }

    /// Gives back what was taken and not handed out, sends what is still to be sent, and ends the connection.
    pub async fn close(&self) {
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

    /// Publishes what was received from another log, as it is.
    pub(crate) async fn pass_on(&self, received: &Received) -> Result<Receipt, PublishError> {
        let headers = Headers { published: None, ..Headers::of_received(received) }.into_map(received.id.as_str());
        self.store(&received.subject, headers, received.payload.clone()).await
    }

    /// Keeps the dead letter of another log among ours.
    pub(crate) async fn bury_letter(&self, letter: &DeadLetter) -> Result<Receipt, PublishError> {
        let headers = Headers::of_letter(letter).into_map(letter.id.as_str());
        self.store(subject::DEAD_LETTER, headers, letter.payload.clone()).await
    }

    fn client(&self) -> &Client {
        &self.line.client
    }

    /// Publishes and waits for the acknowledgement, for [`JetStreamSettings::ack_within`] at most.
    pub(crate) async fn store(
        &self,
        subject: &str,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<Receipt, PublishError> {
        store(&self.context, self.settings.ack_within, subject, headers, payload).await
    }

    /// Something may have been missed up to now, and nothing is from now on: the server has answered on this line, so it
    /// knows what we listen to.
    async fn missed(&self) -> Announced {
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

impl Intake for JetStream {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        Box::pin(async move {
            let headers = Headers::of(&message).into_map(message.id.as_str());
            self.store(message.subject, headers, message.payload).await
        })
    }

    fn bury(&self, message: Message, reason: &str) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        let headers = Headers::of(&message).dead(reason, None).into_map(message.id.as_str());
        Box::pin(self.store(subject::DEAD_LETTER, headers, message.payload))
    }
}

impl EventLog for JetStream {
    fn next(&self) -> BoxFuture<'_, Result<Received, ConsumeError>> {
        Box::pin(self.taking.next())
    }

    fn settle(&self, received: Received, outcome: Outcome) -> BoxFuture<'_, Result<(), ConsumeError>> {
        Box::pin(self.taking.settle(received, outcome))
    }

    fn dead_letters(&self) -> BoxFuture<'_, Result<Vec<DeadLetter>, ConsumeError>> {
        Box::pin(letters::list(&self.context))
    }

    fn replay(&self, number: u64) -> BoxFuture<'_, Result<bool, ConsumeError>> {
        Box::pin(letters::replay(&self.context, self.settings.ack_within, number))
    }

    fn announce(&self, what: Bytes) -> BoxFuture<'_, Result<(), ConsumeError>> {
        Box::pin(async move {
            let headers = Headers::from(&self.me);
            let told = async {
                self.client().publish_with_headers(subject::CHANGED, headers, what).await.map_err(unreadable)?;
                // What is only queued is gone when the line breaks.
                self.client().flush().await.map_err(unreadable)
            };
            tokio::time::timeout(self.settings.ack_within, told).await.map_err(unreadable)?
        })
    }

    fn announced(&self) -> BoxFuture<'_, Announced> {
        Box::pin(async {
            let mut changes = self.changes.lock().await;
            loop {
                let Some(subscriber) = changes.as_mut() else {
                    self.subscribe(&mut changes).await;
                    return self.missed().await;
                };
                tokio::select! {
                    () = self.line.missed() => return self.missed().await,
                    said = subscriber.next() => match said {
                        Some(said) if headers::is_from(&said, &self.me) => {}
                        Some(said) => return Announced::This(said.payload),
                        None => *changes = None,
                    },
                }
            }
        })
    }
}
