//! Follows one pending approval from the push to its end: hands it to the provider, asks the provider itself when no
//! callback comes, and ends it when its time is up. One short-lived task for each; only those that another hub may have
//! left behind are looked for.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::time::Duration;

use approval::{Approval, ApprovalId, Change, Delivery, Lasting, RequestId, Status, told};
use provider::ProviderError;
use storage::StorageError;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};

use crate::{
    hub::Hub,
    phone::{
        ask::{PLANNED, ask, moments},
        sending,
        until::{Deadline, Period, until},
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

/// When this process first saw each pending approval that it does not follow, by the monotonic clock, which runs on
/// when the wall clock is set back.
type FirstSeen = HashMap<ApprovalId, Instant>;

/// Pushes a new approval and follows it to its end, which does not wait for the push.
pub(crate) fn push_and_follow(hub: &Hub, approval: Approval) {
    let (this, pushed) = (hub.clone(), approval.clone());
    let end = Period::begin(&hub.clock, approval.created_at).deadline(approval.expires_at);
    take_on(hub, approval, None);
    // Whoever asked has been answered: the phone rings although the hub leaves.
    hub.finish(async move { push(&this, &pushed, end).await });
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
        let period = Period::begin(&hub.clock, approval.created_at);
        hub.storage.approvals().limit_life(approval.id, period.deadline(approval.expires_at).limit());
        hub.spawn(async move { follow(&this, approval, period, soon).await });
    }
}

/// Goes on following the approvals that a former process left pending, and, where other hubs share the database, those
/// that one of them leaves behind.
///
/// # Errors
/// When the database cannot be read or written.
pub(crate) async fn resume(hub: &Hub) -> Result<(), StorageError> {
    let mut seen = FirstSeen::new();
    adopt(hub, &mut seen).await?;
    if hub.settings.shared {
        let this = hub.clone();
        hub.spawn(async move {
            let trouble = Lasting::default();
            loop {
                sleep(LOOK).await;
                match adopt(&this, &mut seen).await.map_err(|error| told(&error)) {
                    Err(cause) if trouble.failed(&cause, Instant::now().into_std()) => {
                        tracing::error!(
                            error = cause,
                            "pending approvals of other hubs could not be read; trying again"
                        );
                    }
                    Err(_) => {}
                    Ok(()) => {
                        if let Some(failures) = trouble.worked(Instant::now().into_std()) {
                            tracing::info!(failures, "pending approvals of other hubs are read again");
                        }
                    }
                }
            }
        });
    }
    Ok(())
}

/// Follows whatever is pending and nobody follows here. Several hubs may follow one approval: each question is still
/// asked once, and ending it twice is ending it once.
async fn adopt(hub: &Hub, seen: &mut FirstSeen) -> Result<(), StorageError> {
    let pending = hub.storage.approvals().pending().await?;
    let ids: HashSet<ApprovalId> = pending.iter().map(|approval| approval.id).collect();
    seen.retain(|id, _| ids.contains(id));
    let now = hub.clock.now();
    for approval in pending {
        let age = age(now - approval.created_at, *seen.entry(approval.id).or_insert_with(Instant::now));
        if hub.settings.shared && age < YOUNG {
            continue;
        }
        let approval = match approval.delivery {
            Delivery::Sending if !hub.settings.shared || age > hub.provider.timeout() + YOUNG => {
                cut_off(hub, approval).await?
            }
            _ => approval,
        };
        let soon = (!hub.settings.shared && approval.request.is_some()).then(|| after_start(age, now));
        take_on(hub, approval, soon);
    }
    Ok(())
}

/// The age of an approval, by the clock that shows more: the wall clock may have been set back meanwhile.
fn age(by_wall_clock: time::Duration, first_seen: Instant) -> time::Duration {
    by_wall_clock.max(time::Duration::try_from(first_seen.elapsed()).unwrap_or(time::Duration::MAX))
}

/// The one process was away, and with it whoever takes callbacks: a tap meanwhile may have been heard by nobody. One such
/// question for each ten seconds of an approval's life, numbered after those that are planned.
fn after_start(age: time::Duration, now: OffsetDateTime) -> Ask {
    let tens = u8::try_from(age.whole_seconds() / 10).unwrap_or(u8::MAX);
    (tens.saturating_add(PLANNED), now + AFTER_START)
}

/// The push was under way when its process ended. It is not repeated: it may have arrived.
async fn cut_off(hub: &Hub, approval: Approval) -> Result<Approval, StorageError> {
    let now = hub.storage.approvals().record_delivery(approval.id, Delivery::Unknown, None).await?;
    if let Some(now) = &now {
        hub.changed(now);
    }
    Ok(now.unwrap_or(approval))
}

/// Hands the request to the provider, once: after a time-out it may have arrived, so it is never repeated.
async fn push(hub: &Hub, approval: &Approval, end: Deadline) {
    // Taken back already, it needs not ring.
    if hub.storage.approvals().find(approval.id).await.is_ok_and(|row| row.is_some_and(|row| row.status.is_final())) {
        return;
    }
    let left = end.left(&hub.clock).saturating_sub(PROVIDER_ENDS_BEFORE.unsigned_abs()).as_secs();
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
    if let Some(now) = written(hub, approval, delivery, request, end).await {
        hub.changed(&now);
        if !delivery.may_ring() && now.status == Status::Pending {
            sending::send_unasked(hub, &now).await;
        }
    }
}

/// Writes how far the push came, until it is written or the approval is over: without its request id nobody could ask what
/// became of it. A hub that leaves tries it once more.
async fn written(
    hub: &Hub,
    approval: &Approval,
    delivery: Delivery,
    request: Option<RequestId>,
    end: Deadline,
) -> Option<Approval> {
    let trouble = Lasting::default();
    loop {
        let leaves = hub.stop.is_cancelled();
        match hub
            .storage
            .approvals()
            .record_delivery(approval.id, delivery, request.clone())
            .await
            .map_err(|error| told(&error))
        {
            Ok(now) => return now,
            Err(cause) if trouble.failed(&cause, Instant::now().into_std()) => {
                tracing::error!(approval.id = %approval.id, error = cause, "the delivery could not be written");
            }
            Err(_) => {}
        }
        if leaves || end.has_passed(&hub.clock) {
            return None;
        }
        let _ = hub.stop.run_until_cancelled(sleep(AGAIN)).await;
    }
}

async fn follow(hub: &Hub, approval: Approval, period: Period, soon: Option<Ask>) {
    let id = approval.id;
    to_its_end(hub, approval, period, soon).await;
    hub.storage.approvals().forget_life(id);
    hub.followed.remove(id);
}

async fn to_its_end(hub: &Hub, approval: Approval, period: Period, soon: Option<Ask>) {
    let planned = moments(approval.created_at, approval.expires_at, period.began_at());
    let soon = soon.filter(|(_, at)| *at < approval.expires_at);
    let mut asks: Vec<Ask> = soon.into_iter().chain(planned).collect();
    asks.sort_by_key(|(_, at)| *at);
    let the_end = period.deadline(approval.expires_at);
    // A question is given up when the next one is due, or the end.
    let ends = asks.iter().skip(1).map(|(_, at)| (period.deadline(*at), false)).chain([(the_end, true)]);
    for ((nth, at), (end, is_last)) in asks.iter().zip(ends) {
        if decided_before(hub, &approval, period.deadline(*at)).await {
            return;
        }
        ask(hub, &approval, *nth, end, is_last).await;
    }
    if decided_before(hub, &approval, the_end).await {
        return;
    }
    // Until it is written: a page must not wait for ever because the disk was full for a moment.
    let trouble = Lasting::default();
    loop {
        match hub.storage.approvals().end(approval.id, Change::Expire).await.map_err(|error| told(&error)) {
            Ok(ended) => return ended.iter().for_each(|ended| hub.changed(ended)),
            Err(cause) if trouble.failed(&cause, Instant::now().into_std()) => {
                tracing::error!(approval.id = %approval.id, error = cause, "an approval could not be expired");
            }
            Err(_) => {}
        }
        sleep(AGAIN).await;
    }
}

/// Waits for the deadline, or until the approval is decided; says which it was.
async fn decided_before(hub: &Hub, approval: &Approval, deadline: Deadline) -> bool {
    let mut waiter = hub.waiters.register(approval.id);
    if hub.storage.approvals().find(approval.id).await.is_ok_and(|row| row.is_none_or(|row| row.status.is_final())) {
        return true;
    }
    let decided = async { while waiter.news().await.status == Status::Pending {} };
    tokio::select! {
        biased;
        () = decided => true,
        () = until(&hub.clock, deadline) => false,
    }
}
