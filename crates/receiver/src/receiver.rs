//! One callback on its way from the request to the event log.

use std::{sync::Arc, time::Duration};

use approval::{Clock, Event};
use axum::extract::Request;
use broker::{Intake, Message, PublishError, Receipt};
use provider::{ApiKeys, CallbackUrl, verify};
use tokio::time::timeout;

use crate::{
    answer::{Refused, Taken},
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

impl Receiver {
    /// Verifies, then reads, then publishes; returns once the log has it.
    pub(crate) async fn take(&self, request: Request) -> Result<Taken, Refused> {
        let received_at = self.clock.now();
        let raw = Raw::read(request).await?;
        let verified = verify(&self.keys, &self.callback_url, &raw.signed())?;
        let (id, with) = (verified.message_id(), verified.signed_with());
        match verified.callback(received_at) {
            Ok(callback) => {
                let request = callback.request.clone();
                let message = Message::event(id.clone(), Event::Callback(callback).to_bytes().into());
                let receipt = acknowledged(self.log.publish(message)).await?;
                Ok(Taken::Published { id, request, receipt, with })
            }
            Err(reason) => {
                let message = Message::raw(id.clone(), raw.into_params());
                acknowledged(self.log.bury(message, &reason.to_string())).await?;
                Ok(Taken::Buried { id, reason, with })
            }
        }
    }
}

async fn acknowledged(storing: impl Future<Output = Result<Receipt, PublishError>>) -> Result<Receipt, Refused> {
    match timeout(LOG_DEADLINE, storing).await {
        Ok(stored) => stored.map_err(|error| Refused::Unavailable(Some(error))),
        Err(_) => Err(Refused::Unavailable(None)),
    }
}
