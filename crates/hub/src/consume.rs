//! Takes verified callbacks from the broker and decides by them. Knows no receiver: only what the broker carries.

use std::time::Duration;

use approval::{Callback, Event};
use broker::{Outcome, Received};
use storage::{Decided, Heard};

use crate::hub::Hub;

/// Callbacks decided side by side; the database takes one write at a time anyway.
const CONSUMERS: usize = 2;
/// A callback whose approval is not known by then never will be: no approval lives longer.
const KNOWN_WITHIN: time::Duration = time::Duration::minutes(11);
/// The longest pause before an unsettled callback is looked at again.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

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
        Err(error) => {
            tracing::error!(%error, "callbacks cannot be taken");
            return tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let outcome = decide(hub, &received).await;
    if let Outcome::Park(reason) = &outcome {
        tracing::warn!(event.seq = received.seq, reason, "a callback was parked");
    }
    if let Err(error) = hub.log.settle(received, outcome).await {
        tracing::error!(%error, "a callback could not be settled; it will come again");
    }
}

async fn decide(hub: &Hub, received: &Received) -> Outcome {
    let Some(Event::Callback(callback)) = Event::from_bytes(&received.payload) else {
        return Outcome::Park("its schema is not known here".to_owned());
    };
    hub.repairs.called_back();
    match hub.storage.decide(&callback, Heard::Callback).await {
        Ok(Decided::Now(approval)) => {
            hub.changed(&approval);
            let age = hub.clock.now() - callback.received_at;
            let (id, status) = (approval.id, approval.status);
            tracing::info!(approval.id = %id, %status, age_ms = age.whole_milliseconds(), "decided");
            Outcome::Done
        }
        Ok(Decided::Before(approval)) => {
            hub.changed(&approval);
            tracing::info!(approval.id = %approval.id, status = %approval.status, "a callback came after the decision");
            Outcome::Done
        }
        Ok(Decided::Nothing(doubt)) => {
            tracing::warn!(reason = doubt.words(), "a callback decides nothing");
            Outcome::Done
        }
        Ok(Decided::Unknown) => unknown(hub, &callback, received.attempt),
        Err(error) => {
            tracing::error!(%error, "a callback could not be decided");
            Outcome::Retry(pause(received.attempt))
        }
    }
}

/// The callback may have outrun the row it is for.
fn unknown(hub: &Hub, callback: &Callback, attempt: u32) -> Outcome {
    if hub.clock.now() - callback.received_at > KNOWN_WITHIN {
        return Outcome::Park("no approval is known by its request id".to_owned());
    }
    Outcome::Retry(pause(attempt))
}

/// 50 ms at first, doubled each time.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(50).saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_PAUSE)
}
