//! One callback on its way from the request to the event log.

use std::{sync::Arc, time::Duration};

use approval::{Clock, Event, told};
use axum::extract::Request;
use broker::{Intake, Message, PublishError, Receipt};
use provider::{ApiKeys, CallbackUrl, Rejected, Verified, verify};
use tokio::time::timeout;

use crate::{
    address::{Addresses, CALLBACK_PATH},
    answer::{Refused, Taken},
    pool::VerifyPool,
    raw::Raw,
};

/// What it takes to receive callbacks.
pub struct Receiver {
    /// What callbacks are signed with.
    pub keys: ApiKeys,
    /// The URL they are signed for.
    pub callback_url: CallbackUrl,
    /// Where they go.
    pub log: Arc<dyn Intake>,
    /// Tells when they came.
    pub clock: Clock,
}

/// How long the log may take to acknowledge.
const LOG_DEADLINE: Duration = Duration::from_secs(8);
/// How long it may take to be told of a repeat, which is answered 200 in any case.
const REPEAT_DEADLINE: Duration = Duration::from_secs(1);

impl Receiver {
    /// Logs the URL that is signed and the paths at which callbacks are taken, where the URL has another path than
    /// `/authy/callback`.
    pub fn report(&self) {
        if let Some(path) = Addresses::of(&self.callback_url).configured() {
            tracing::info!(
                signed = self.callback_url.signed(),
                path,
                also = CALLBACK_PATH,
                "callbacks are verified for the signed URL, and taken at two paths"
            );
        }
    }

    /// Verifies, then reads, then publishes; returns once the log has it.
    pub(crate) async fn take(self: &Arc<Self>, pool: &VerifyPool, request: Request) -> Result<Taken, Refused> {
        let received_at = self.clock.now();
        let raw = Raw::read(request).await?;
        let (raw, verified) = self.verified(pool, raw).await?;
        let (id, with) = (verified.message_id(), verified.signed_with());
        match verified.callback(received_at) {
            Ok(callback) => {
                let request = callback.request.clone();
                let message = Message::event(id.clone(), Event::Callback(callback).to_bytes().into());
                let repeat = message.clone();
                let receipt = acknowledged(self.log.publish(message)).await?;
                if receipt == Receipt::Duplicate {
                    self.tell_of_repeat(Message { id: id.again(), ..repeat }).await;
                }
                Ok(Taken::Published { id, request, receipt, with })
            }
            Err(reason) => {
                let message = Message::raw(id.clone(), raw.into_params());
                acknowledged(self.log.bury(message, &reason.to_string())).await?;
                Ok(Taken::Buried { id, reason, with })
            }
        }
    }

    /// Verifies short callbacks here, as nearly all genuine ones are, and long ones in the pool, because any client can
    /// send unsigned ones. A genuine long one waits there for its turn: the provider disables the callback URL after
    /// three errors.
    async fn verified(self: &Arc<Self>, pool: &VerifyPool, raw: Raw) -> Result<(Raw, Verified), Refused> {
        if !raw.signed().is_costly() {
            let verified = self.verify(&raw)?;
            return Ok((raw, verified));
        }
        let this = Arc::clone(self);
        let checked = pool.run(move || this.verify(&raw).map(|verified| (raw, verified))).await;
        Ok(checked.map_err(|_| Refused::Busy)??)
    }

    fn verify(&self, raw: &Raw) -> Result<Verified, Rejected> {
        verify(&self.keys, &self.callback_url, &raw.signed())
    }

    /// The log keeps one of each message, so that nobody would hear of a callback that is sent again, perhaps by somebody
    /// who caught it. Its repeats are therefore handed in once more, as one message, which a hub finds decided and writes
    /// down. What was asked for is safe before: of a repeat that cannot be told there is the line in our log.
    async fn tell_of_repeat(&self, again: Message) {
        match timeout(REPEAT_DEADLINE, self.log.publish(again)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(error = %told(&error), "a repeat of a callback could not be told"),
            Err(_) => tracing::warn!("a repeat of a callback could not be told in time"),
        }
    }
}

async fn acknowledged(storing: impl Future<Output = Result<Receipt, PublishError>>) -> Result<Receipt, Refused> {
    match timeout(LOG_DEADLINE, storing).await {
        Ok(stored) => stored.map_err(|error| Refused::Unavailable(Some(error))),
        Err(_) => Err(Refused::Unavailable(None)),
    }
}
