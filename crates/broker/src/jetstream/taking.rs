//! Handing messages out, and what becomes of each.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::message::AckKind;
use async_nats::jetstream::{self, Context};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::connect::JetStreamSettings;
use super::headers::Headers;
use super::{letters, streams, unreadable};
use crate::message::Hold;
use crate::{ConsumeError, Outcome, Received};

/// How many messages are fetched ahead: few, since each waits for its consumer within its lease.
const AHEAD: usize = 32;

/// How long a message that could not be parked stays away.
const UNPARKED: Duration = Duration::from_secs(20);

/// Takes messages from the shared consumer.
pub(super) struct Taking {
    context: Context,
    settings: JetStreamSettings,
    /// Made at the first call and after it has ended.
    messages: Mutex<Option<Box<pull::Stream>>>,
}

impl Taking {
    pub(super) fn new(context: Context, settings: JetStreamSettings) -> Self {
        Self { context, settings, messages: Mutex::default() }
    }

    /// The next message that is not worn out.
    pub(super) async fn next(&self) -> Result<Received, ConsumeError> {
        loop {
            let received = self.take().await?;
            if received.attempt <= self.settings.max_attempts {
                return Ok(received);
            }
            if let Err(error) = self.settle(received, Outcome::Park(self.worn_out())).await {
                tracing::error!(error = &error as &dyn Error, "a worn out message could not be parked; it comes again");
            }
        }
    }

    pub(super) async fn settle(&self, mut received: Received, outcome: Outcome) -> Result<(), ConsumeError> {
        let outcome = match outcome {
            Outcome::Retry(_) if received.attempt >= self.settings.max_attempts => Outcome::Park(self.worn_out()),
            outcome => outcome,
        };
        let answer = match outcome {
            Outcome::Done => AckKind::Ack,
            Outcome::Retry(delay) => AckKind::Nak((!delay.is_zero()).then_some(delay)),
            Outcome::Park(reason) => {
                match letters::park(&self.context, self.settings.ack_within, &received, &reason).await {
                    Ok(()) => AckKind::Ack,
                    Err(error) => {
                        // Not at once: it must not come before what can be dealt with.
                        self.answer(received.ticket.clone(), AckKind::Nak(Some(UNPARKED))).await?;
                        received.hold.let_go();
                        return Err(error);
                    }
                }
            }
        };
        self.answer(received.ticket.clone(), answer).await?;
        received.hold.let_go();
        Ok(())
    }

    /// Gives back what was fetched ahead, so that nobody has to wait for the end of its lease.
    pub(super) async fn give_back(&self) {
        let mut messages = self.messages.lock().await;
        let Some(stream) = messages.as_mut() else { return };
        while let Some(Some(Ok(message))) = stream.next().now_or_never() {
            let _ = message.ack_with(AckKind::Nak(None)).await;
        }
        *messages = None;
    }

    /// Lets the server know what became of a hand-out.
    async fn answer(&self, ticket: String, answer: AckKind) -> Result<(), ConsumeError> {
        self.context.client().publish(ticket, answer.into()).await.map_err(unreadable)
    }

    async fn take(&self) -> Result<Received, ConsumeError> {
        let mut messages = self.messages.lock().await;
        loop {
            let stream = match messages.as_mut() {
                Some(stream) => stream,
                None => messages.insert(Box::new(self.open().await?)),
            };
            match stream.next().await {
                Some(Ok(message)) => return self.received(message),
                Some(Err(error)) => {
                    // Made anew by the next call, which may find the consumer gone.
                    *messages = None;
                    return Err(unreadable(error));
                }
                None => *messages = None,
            }
        }
    }

    async fn open(&self) -> Result<pull::Stream, ConsumeError> {
        let stream = self.context.get_stream_no_info(streams::EVENTS).await.map_err(unreadable)?;
        let consumer = stream.get_or_create_consumer(streams::HUBS, streams::hubs(&self.settings));
        let consumer = consumer.await.map_err(unreadable)?;
        streams::trusted(&consumer.cached_info().config).map_err(unreadable)?;
        let messages = consumer.stream().max_messages_per_batch(AHEAD);
        let messages = messages.expires(Duration::from_secs(20)).heartbeat(Duration::from_secs(5));
        messages.messages().await.map_err(unreadable)
    }

    /// Fails for what carries no place in a stream: no server hands out such a thing.
    fn received(&self, message: jetstream::Message) -> Result<Received, ConsumeError> {
        let info = message.info().map_err(unreadable)?;
        let (seq, delivered, published_at) = (info.stream_sequence, info.delivered, info.published);
        let ticket = message.reply.as_ref().map(ToString::to_string).unwrap_or_default();
        let message = message.message;
        let headers = Headers::read(message.headers.as_ref(), &message.subject, &message.payload);
        Ok(Received {
            seq: i64::try_from(seq).unwrap_or(i64::MAX),
            id: headers.id,
            schema: headers.schema,
            subject: headers.subject,
            payload: message.payload,
            attempt: u32::try_from(delivered).unwrap_or(u32::MAX),
            published_at,
            hold: hold(self.context.client(), ticket.clone()),
            ticket,
        })
    }

    fn worn_out(&self) -> String {
        format!("given up on after {} attempts", self.settings.max_attempts)
    }
}

impl fmt::Debug for Taking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taking").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A hold that refuses the message when it is dropped, so that it comes again at once.
fn hold(client: Client, ticket: String) -> Hold {
    let runtime = Handle::current();
    Hold::new(move || {
        runtime.spawn(async move { client.publish(ticket, AckKind::Nak(None).into()).await });
    })
}
