//! Follows one pending approval from the push to its end: hands it to the provider, asks the provider itself when no
//! callback comes, and ends it when its time is up. One short-lived task for each; only those that another hub may have
//! left behind are looked for.

use std::num::NonZeroU32;
use std::time::Duration;

use approval::{Approval, Change, Delivery, RequestId, Status, told};
use provider::ProviderError;
use storage::StorageError;
use time::OffsetDateTime;
use tokio::time::sleep;

use crate::{
    hub::Hub,
    phone::{
        ask::{PLANNED, ask, moments},
        sending,
        until::until,
    },
    settings::PROVIDER_ENDS_BEFORE,
};

/// What a former process left is asked about this long after the start: the callbacks that reached its event log come first.
const AFTER_START: time::Duration = time::Duration::seconds(1);

/// How long to wait before what the database did not take is written again.
const AGAIN: Duration = Duration::from_secs(1);
/// How often approvals are looked for whose hub may have ended.
const LOOK: Duration = Duration::from_secs(10);
/// An approval that is younger is still with the hub that made it.
const YOUNG: time::Duration = time::Duration::seconds(15);

/// A question to the provider: its number, and when it is put.
type Ask = (u8, OffsetDateTime);

/// Pushes a new approval and follows it to its end, which does not wait for the push.
pub(crate) fn push_and_follow(hub: &Hub, approval: Approval) {
    let (this, pushed) = (hub.clone(), approval.clone());
    take_on(hub, approval, None);
    // Whoever asked has been answered: the phone rings although the hub leaves.
    hub.finish(async move { push(&this, &pushed).await });
}

/// Follows an approval that is on no phone because push is off for the account: a code for it is sent instead.
pub(crate) fn by_code_alone(hub: &Hub, approval: Approval) {
    let (this, pushed) = (hub.clone(), approval.clone());
    take_on(hub, approval, None);
    hub.finish(async move { sending::send_unasked(&this, &pushed).await });
}

/// Follows an approval, unless it is followed here. `soon` is a question beside those that are planned.
fn take_on(hub: &Hub, approval: Approval, soon: Option<Ask>) {
    if hub.followed.add(approval.id) {
        let this = hub.clone();
        hub.spawn(async move { follow(&this, approval, soon).await });
    }
}

/// Goes on following the approvals that a former process left pending, and, where other hubs share the database, those
/// that one of them leaves behind.
///
/// # Errors
/// When the database cannot be read or written.
pub(crate) async fn resume(hub: &Hub) -> Result<(), StorageError> {
    adopt(hub).await?;
    if hub.settings.shared {
        let this = hub.clone();
        hub.spawn(async move {
            loop {
                sleep(LOOK).await;
                if let Err(error) = adopt(&this).await {
                    tracing::error!(error = %told(&error), "approvals left behind could not be looked for");
                }
            }
        });
    }
    Ok(())
}

/// Follows whatever is pending and nobody follows here. Several hubs may follow one approval: each question is still
/// asked once, and ending it twice is ending it once.
async fn adopt(hub: &Hub) -> Result<(), StorageError> {
    let now = hub.clock.now();
    for approval in hub.storage.pending().await? {
        let age = now - approval.created_at;
        if hub.settings.shared && age < YOUNG {
            continue;
        }
        let approval = match approval.delivery {
            Delivery::Sending if !hub.settings.shared || age > hub.provider.timeout() + YOUNG => {
                cut_off(hub, approval).await?
            }
            _ => approval,
        };
        let soon = (!hub.settings.shared && approval.request.is_some()).then(|| after_start(&approval, now));
        take_on(hub, approval, soon);
    }
    Ok(())
}

/// The one process was away, and with it whoever takes callbacks: a tap meanwhile may have been heard by nobody. One such
/// question for each ten seconds of an approval's life, numbered after those that are planned.
fn after_start(approval: &Approval, now: OffsetDateTime) -> Ask {
    let tens = u8::try_from((now - approval.created_at).whole_seconds() / 10).unwrap_or(u8::MAX);
    (tens.saturating_add(PLANNED), now + AFTER_START)
}

/// The push was under way when its process ended. It is not repeated: it may have arrived.
async fn cut_off(hub: &Hub, approval: Approval) -> Result<Approval, StorageError> {
    let now = hub.storage.delivered(approval.id, Delivery::Unknown, None).await?;
    if let Some(now) = &now {
        hub.changed(now);
    }
    Ok(now.unwrap_or(approval))
}

/// Hands the request to the provider, once: after a time-out it may have arrived, so it is never repeated.
async fn push(hub: &Hub, approval: &Approval) {
    // Taken back already, it needs not ring.
    if hub.storage.approval(approval.id).await.is_ok_and(|row| row.is_some_and(|row| row.status.is_final())) {
        return;
    }
    let left = (approval.expires_at - PROVIDER_ENDS_BEFORE - hub.clock.now()).whole_seconds();
    let seconds = u32::try_from(left).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
    let (user, shown, hidden) = (&approval.provider_user, &approval.shown, approval.hidden());
    let asked = hub.provider.create_request(user, shown, &hidden, &approval.logos, seconds).await;
    let (delivery, request) = match asked {
        Ok(request) => (Delivery::Sent, Some(request)),
        Err(ProviderError::NoApp) => (Delivery::NoApp, None),
        Err(ProviderError::Slow(_)) => (Delivery::Unknown, None),
        Err(error) => {
            tracing::warn!(approval.id = %approval.id, error = %told(&error), "the push was not taken");
            (Delivery::Unavailable, None)
        }
    };
    tracing::info!(approval.id = %approval.id, %delivery, "the push was handed over");
    if let Some(now) = written(hub, approval, delivery, request).await {
        hub.changed(&now);
        if !delivery.may_ring() && now.status == Status::Pending {
            sending::send_unasked(hub, &now).await;
        }
    }
}

/// Writes how far the push came, until it is written or the approval is over: without its request id nobody could ask what
/// became of it. A hub that leaves tries it once more.
async fn written(hub: &Hub, approval: &Approval, delivery: Delivery, request: Option<RequestId>) -> Option<Approval> {
    loop {
        let leaves = hub.stop.is_cancelled();
        match hub.storage.delivered(approval.id, delivery, request.clone()).await {
            Ok(now) => return now,
            Err(error) => {
                tracing::error!(approval.id = %approval.id, error = %told(&error), "the delivery could not be written");
            }
        }
        if leaves || hub.clock.now() >= approval.expires_at {
            return None;
        }
        let _ = hub.stop.run_until_cancelled(sleep(AGAIN)).await;
    }
}

async fn follow(hub: &Hub, approval: Approval, soon: Option<Ask>) {
    let id = approval.id;
    to_its_end(hub, approval, soon).await;
    hub.followed.remove(id);
}

async fn to_its_end(hub: &Hub, approval: Approval, soon: Option<Ask>) {
    let planned = moments(approval.created_at, approval.expires_at, hub.clock.now());
    let soon = soon.filter(|(_, at)| *at < approval.expires_at);
    let mut asks: Vec<Ask> = soon.into_iter().chain(planned).collect();
    asks.sort_by_key(|(_, at)| *at);
    // A question is given up when the next one is due, or the end.
    let ends = asks.iter().skip(1).map(|(_, at)| *at).chain([approval.expires_at]);
    for ((nth, at), end) in asks.iter().zip(ends) {
        if decided_before(hub, &approval, *at).await {
            return;
        }
        ask(hub, &approval, *nth, end).await;
    }
    if decided_before(hub, &approval, approval.expires_at).await {
        return;
    }
    // Until it is written: a page must not wait for ever because the disk was full for a moment.
    loop {
        match hub.storage.end(approval.id, Change::Expire).await {
            Ok(ended) => return ended.iter().for_each(|ended| hub.changed(ended)),
            Err(error) => {
                tracing::error!(approval.id = %approval.id, error = %told(&error), "an approval could not be expired");
            }
        }
        sleep(AGAIN).await;
    }
}

/// Waits until `at`, or until the approval is decided; says which it was.
async fn decided_before(hub: &Hub, approval: &Approval, at: OffsetDateTime) -> bool {
    let mut waiter = hub.waiters.register(approval.id);
    if hub.storage.approval(approval.id).await.is_ok_and(|row| row.is_none_or(|row| row.status.is_final())) {
        return true;
    }
    let decided = async { while waiter.news().await.status == Status::Pending {} };
    tokio::select! {
        biased;
        () = decided => true,
        () = until(&hub.clock, at) => false,
    }
}
