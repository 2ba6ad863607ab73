//! Takes verified callbacks from the broker and decides by them. Knows no receiver: only what the broker carries.

use std::time::Duration;

use approval::{Approval, Callback, Event, told};
use broker::{ConsumeError, Outcome, Received};
use storage::{Decided, Heard, StorageError};

use crate::{hub::Hub, metrics};

/// Callbacks decided side by side; the database takes one write at a time anyway.
const CONSUMERS: usize = 2;
/// A callback whose approval is not known by then never will be: no approval lives longer. It is told by the clocks of two
/// machines; so nothing is parked before it was looked at [`LOOKS`] times.
const KNOWN_WITHIN: time::Duration = time::Duration::minutes(11);
/// Within the pauses between them, 3 s, the request id of every approval has been stored that ever will be.
const LOOKS: u32 = 7;
/// The longest pause before an unsettled callback is looked at again.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// The pause after callbacks could not be taken at all.
const PAUSE: Duration = Duration::from_millis(500);

/// Starts the consumers.
pub(crate) fn start(hub: &Hub) {
    for _ in 0..CONSUMERS {
        let this = hub.clone();
        hub.spawn(async move {
            loop {
                step(&this).await;
            }
        });
    }
}

async fn step(hub: &Hub) {
    let received = match hub.log.next().await {
        Ok(received) => received,
        // The event log has logged the cause and the remedy.
        Err(ConsumeError::Unusable(_)) => return tokio::time::sleep(PAUSE).await,
        Err(error) => {
            tracing::error!(error = %told(&error), "callbacks cannot be taken");
            return tokio::time::sleep(PAUSE).await;
        }
    };
    let outcome = decide(hub, &received).await;
    if let Outcome::Park(reason) = &outcome {
        tracing::warn!(message.id = received.id.as_str(), reason, "a callback was parked");
    }
    if let Err(error) = hub.log.settle(received, outcome).await {
        tracing::error!(error = %told(&error), "a callback could not be settled; it will come again");
    }
}

async fn decide(hub: &Hub, received: &Received) -> Outcome {
    let Some(Event::Callback(callback)) = Event::from_bytes(&received.payload) else {
        return Outcome::Park("its schema is not known here".to_owned());
    };
    hub.repairs.called_back();
    match decided(hub, &callback).await {
        Ok(Decided::Now(approval)) => {
            hub.changed(&approval);
            metrics::decided(Heard::Callback, approval.status);
            let age = hub.clock.now() - callback.received_at;
            let (id, status) = (approval.id, approval.status);
            let (message, age_ms) = (received.id.as_str(), age.whole_milliseconds());
            tracing::info!(approval.id = %id, message.id = message, %status, age_ms, "decided");
            Outcome::Done
        }
        Ok(Decided::Before(approval)) => {
            hub.changed(&approval);
            let (id, status) = (approval.id, approval.status);
            tracing::info!(approval.id = %id, message.id = received.id.as_str(), %status, "a callback came after the decision");
            Outcome::Done
        }
        Ok(Decided::Nothing(doubt)) => {
            tracing::warn!(message.id = received.id.as_str(), reason = doubt.words(), "a callback decides nothing");
            Outcome::Done
        }
        Ok(Decided::Unknown) => unknown(hub.clock.now() - callback.received_at, received.attempt),
        Err(error) => {
            tracing::error!(message.id = received.id.as_str(), error = %told(&error), "a callback could not be decided");
            Outcome::Retry(pause(received.attempt))
        }
    }
}

/// Where its browser waits here, the approval has been read before, and needs not be read again to be approved.
async fn decided(hub: &Hub, callback: &Callback) -> Result<Decided, StorageError> {
    let told = callback.echo.hidden.as_ref().and_then(Approval::claimed_by).and_then(|id| hub.waiters.told(id));
    if let Some(told) = told.filter(|told| told.request.as_ref() == Some(&callback.request))
        && let Some(approval) = hub.storage.approve_at_once(&told, callback, Heard::Callback).await?
    {
        return Ok(Decided::Now(Box::new(approval)));
    }
    hub.storage.decide(callback, Heard::Callback).await
}

/// The callback may have outrun the row it is for, unless it is older than any approval lives.
fn unknown(age: time::Duration, attempt: u32) -> Outcome {
    if age > KNOWN_WITHIN && attempt >= LOOKS {
        return Outcome::Park("no approval is known by its request id".to_owned());
    }
    Outcome::Retry(pause(attempt))
}

/// 50 ms at first, doubled each time.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(50).saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_is_looked_at_again_less_and_less_often_and_parked_when_it_is_too_old() {
        let (first, hundredth) = (unknown(time::Duration::ZERO, 1), unknown(KNOWN_WITHIN, 100));
        assert_eq!(first, Outcome::Retry(Duration::from_millis(50)));
        assert_eq!(hundredth, Outcome::Retry(LONGEST_PAUSE));
        let behind = unknown(KNOWN_WITHIN * 100, LOOKS - 1);
        assert!(matches!(behind, Outcome::Retry(_)), "the clock of the receiver may be wrong");
        let too_old = unknown(KNOWN_WITHIN + time::Duration::SECOND, 60);
        assert_eq!(too_old, Outcome::Park("no approval is known by its request id".to_owned()));
    }

    #[test]
    fn the_pauses_fit_into_the_hand_outs_that_an_event_has() {
        let waited: Duration = (1..60).map(pause).sum();
        assert!(waited > Duration::try_from(KNOWN_WITHIN).unwrap(), "{waited:?}");
    }
}
