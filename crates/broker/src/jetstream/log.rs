//! [`JetStream`] as an [`Intake`] and an [`EventLog`]. Knows no setting and no check.

use std::sync::Arc;

use approval::subject;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;

use super::headers::{self, Headers};
use super::publish::unreadable;
use super::{JetStream, Unusable, letters};
use crate::{Announced, ConsumeError, DeadLetter, EventLog, Intake, Message, Outcome, PublishError, Receipt, Received};

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
        Box::pin(async {
            loop {
                if let Err(error) = self.keeper.usable_or_fault().await {
                    // A caller that tries again at once must not keep the check from running.
                    tokio::task::yield_now().await;
                    return Err(ConsumeError::Unusable(Arc::new(error)));
                }
                match self.taking.next().await {
                    // The connection was lost, which is no news; there will be another one.
                    Err(ConsumeError::Unreadable(_)) if !self.is_usable() => {}
                    taken => return taken,
                }
            }
        })
    }

    fn delivers(&self) -> bool {
        self.is_usable() && self.fault().is_none()
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
            if !self.is_connected() {
                return Err(unreadable(Unusable::NotNow));
            }
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
