//! Takes verified callbacks from the broker and decides by them. Knows no receiver: only what the broker carries.

use std::time::{Duration, Instant};

use approval::{Approval, Callback, Event, told};
use broker::{Outcome, Received};
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
/// How often a waiting attempt to take an event is noted as working.
const NOTED: Duration = Duration::from_secs(1);
/// An event older than this was delayed on its way, for instance in the spool of a receiver.
const LATE: time::Duration = time::Duration::seconds(5);

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
    let Some(received) = next(hub).await else { return tokio::time::sleep(PAUSE).await };
    let outcome = decide(hub, &received).await;
    if let Outcome::Park(reason) = &outcome {
        tracing::warn!(message.id = received.id.as_str(), reason, "a callback was parked");
    }
    let settling = hub.condition.settling();
    match hub.log.settle(received, outcome).await.map_err(|error| told(&error)) {
        Err(cause) if settling.failed(&cause, Instant::now()) => {
            tracing::error!(error = cause, "callbacks could not be settled; they come again");
        }
        Err(_) => {}
        Ok(()) => {
            if let Some(failures) = settling.worked(Instant::now()) {
                tracing::info!(failures, "callbacks are settled again");
            }
        }
    }
}

/// The next event; `None` if none can be taken now. Notes the success or failure.
async fn next(hub: &Hub) -> Option<Received> {
    let mut next = hub.log.next();
    loop {
        let received = tokio::time::timeout(NOTED, &mut next).await;
        let (events, now, clock) = (hub.condition.events(), Instant::now(), hub.clock.now());
        match received {
            Ok(Ok(received)) => {
                events.took(now, clock);
                return Some(received);
            }
            Ok(Err(error)) => {
                events.failed(&error, now, clock);
                return None;
            }
            Err(_) if hub.log.delivers() => events.waits(now, clock),
            Err(_) => events.waits_for_log(clock),
        }
    }
}

async fn decide(hub: &Hub, received: &Received) -> Outcome {
    let Some(Event::Callback(callback)) = Event::from_bytes(&received.payload) else {
        return Outcome::Park("its schema is not known here".to_owned());
    };
    hub.repairs.called_back();
    hub.condition.set_misses_callbacks(false);
    if hub.clock.now() - callback.received_at > LATE {
        hub.condition.events().came_late(hub.clock.now());
    }
    let decided = decided(hub, &callback).await;
    if decided.is_ok()
        && let Some(failures) = hub.condition.deciding().worked(Instant::now())
    {
        tracing::info!(failures, "callbacks are decided again");
    }
    match decided {
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
            let (message, cause) = (received.id.as_str(), told(&error));
            if hub.condition.deciding().failed(&cause, Instant::now()) {
                tracing::error!(message.id = message, error = cause, "callbacks could not be decided; they come again");
            }
            Outcome::Retry(pause(received.attempt))
        }
    }
}

/// Where its browser waits here, the approval has been read before, and needs not be read again to be approved.
async fn decided(hub: &Hub, callback: &Callback) -> Result<Decided, StorageError> {
    let told = callback.echo.hidden.as_ref().and_then(Approval::claimed_by).and_then(|id| hub.waiters.told(id));
    if let Some(told) = told.filter(|told| told.request.as_ref() == Some(&callback.request))
        && let Some(approval) = hub.storage.approvals().approve_at_once(&told, callback, Heard::Callback).await?
    {
        return Ok(Decided::Now(Box::new(approval)));
    }
    hub.storage.approvals().decide(callback, Heard::Callback).await
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
