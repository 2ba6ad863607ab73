//! Handing messages out, and what becomes of each.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use approval::told;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::message::AckKind;
use async_nats::jetstream::{self, Context};
use futures_util::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::headers::Headers;
use super::letters;
use super::publish::unreadable;
use super::settings::JetStreamSettings;
use super::shared::{AHEAD, PULL_EXPIRES, Reviewed, SharedConsumer};
use crate::message::Hold;
use crate::{ConsumeError, Outcome, Received};

/// How much later the server's word that this time is over may come. Without it the line was lost, and is asked anew.
const LATE: Duration = Duration::from_millis(400);

/// How long a message that could not be parked stays away.
const UNPARKED: Duration = Duration::from_secs(20);

/// Takes messages from the shared consumer.
pub(super) struct Taking {
    context: Context,
    settings: JetStreamSettings,
    shared: SharedConsumer,
    source: Mutex<Source>,
    /// Refusals of what was dropped, on their way.
    refusals: TaskTracker,
}

/// Where messages come from, as far as it was found already.
#[derive(Default)]
struct Source {
    consumer: Option<Reviewed>,
    asked: Option<Asked>,
}

/// Messages that were asked for.
struct Asked {
    batch: pull::Batch,
    /// When the server has surely said its last word on them.
    until: Instant,
}

impl Asked {
    /// The next of them; `None` when no more will come.
    async fn next(&mut self) -> Result<Option<jetstream::Message>, ConsumeError> {
        let next = timeout_at(self.until, self.batch.next()).await.map_err(unreadable)?;
        next.transpose().map_err(unreadable)
    }
}

impl Taking {
    pub(super) fn new(context: Context, settings: JetStreamSettings, generations: Arc<AtomicU64>) -> Self {
        let shared = SharedConsumer::new(context.clone(), settings.clone(), generations);
        Self { context, settings, shared, source: Mutex::default(), refusals: TaskTracker::new() }
    }

    /// Checks the shared consumer, so that a fault is known before the first message is taken.
    pub(super) async fn prepare(&self) {
        // `review` logs an error, and keeps it as the fault.
        let _ = self.shared.review(None).await;
    }

    /// The known fault, if any.
    pub(super) fn fault(&self) -> Option<String> {
        self.shared.fault()
    }

    /// The next message that is not worn out.
    pub(super) async fn next(&self) -> Result<Received, ConsumeError> {
        loop {
            let received = self.take().await?;
            if received.attempt <= self.settings.max_attempts {
                return Ok(received);
            }
            if let Err(error) = self.settle(received, Outcome::Park(self.worn_out())).await {
                tracing::error!(error = %told(&error), "a worn out message could not be parked; it comes again");
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

    /// Asks for nothing more, and gives back what was asked for and comes to nobody now, so that none of it has to wait for
    /// the end of its lease.
    pub(super) async fn give_back(&self) {
        if let Some(mut asked) = self.source.lock().await.asked.take() {
            // Given back while there is still something asked for, it would come here again.
            let mut unwanted = Vec::new();
            while let Ok(Some(message)) = asked.next().await {
                unwanted.push(message);
            }
            for message in unwanted {
                let _ = message.ack_with(AckKind::Nak(None)).await;
            }
        }
        self.refusals.close();
        self.refusals.wait().await;
    }

    /// Lets the server know what became of a hand-out.
    async fn answer(&self, ticket: String, answer: AckKind) -> Result<(), ConsumeError> {
        self.context.client().publish(ticket, answer.into()).await.map_err(unreadable)
    }

    async fn take(&self) -> Result<Received, ConsumeError> {
        let mut source = self.source.lock().await;
        loop {
            // It stays where it is while it is waited for: whoever waits may be dropped, and what was asked for may not.
            let Some(asked) = &mut source.asked else {
                source.asked = Some(self.ask(&mut source.consumer).await?);
                continue;
            };
            match asked.next().await {
                Ok(Some(message)) => return self.received(message),
                Ok(None) => source.asked = None,
                Err(error) => {
                    // The line was lost, or the consumer is gone: the next call begins anew.
                    *source = Source::default();
                    return Err(error);
                }
            }
        }
    }

    async fn ask(&self, consumer: &mut Option<Reviewed>) -> Result<Asked, ConsumeError> {
        // A caller may stop waiting during a review, so the checked consumer stays in its place until the review ends.
        let reviewed = match consumer.as_ref() {
            Some(checked) if !self.shared.is_due(checked) => Ok(checked.clone()),
            checked => self.shared.review(checked).await,
        };
        *consumer = reviewed.as_ref().ok().cloned();
        let reviewed = reviewed.map_err(|error| ConsumeError::Unusable(Arc::new(error)))?;
        let pull = reviewed.consumer.batch().max_messages(AHEAD).expires(PULL_EXPIRES);
        let batch = pull.messages().await.map_err(unreadable)?;
        Ok(Asked { batch, until: Instant::now() + PULL_EXPIRES + LATE })
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
            hold: self.hold(ticket.clone()),
            ticket,
        })
    }

    /// A hold that refuses the message when it is dropped, so that it comes again at once.
    fn hold(&self, ticket: String) -> Hold {
        let (runtime, refusals, client) = (Handle::current(), self.refusals.clone(), self.context.client());
        Hold::new(move || {
            refusals.spawn_on(async move { client.publish(ticket, AckKind::Nak(None).into()).await }, &runtime);
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
