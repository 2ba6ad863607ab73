//! Follows one pending approval from the push to its end: hands it to the provider, asks the provider itself when no
//! callback comes, and ends it when its time is up. One short-lived task for each; only those that another hub may have
//! left behind are looked for.

use std::num::NonZeroU32;
use std::time::Duration;

use approval::{Approval, Change, Delivery, Status};
use provider::ProviderError;
use storage::StorageError;
use time::OffsetDateTime;
use tokio::time::sleep;

use crate::{
    hub::Hub,
    phone::{
        ask::{ask, moments},
        sending,
    },
    settings::PROVIDER_ENDS_BEFORE,
};

/// How often approvals are looked for whose hub may have ended.
const LOOK: Duration = Duration::from_secs(10);
/// An approval that is younger is still with the hub that made it.
const YOUNG: time::Duration = time::Duration::seconds(15);

/// Pushes a new approval and follows it to its end.
pub(crate) fn push_and_follow(hub: &Hub, approval: Approval) {
    let this = hub.clone();
    hub.followed.add(approval.id);
    // Whoever asked has been answered: the phone rings although the hub leaves.
    hub.finish(async move {
        push(&this, &approval).await;
        let hub = this.clone();
        this.spawn(async move { follow(&hub, approval).await });
    });
}

/// Follows an approval that is on no phone because push is off for the account: a code for it is sent instead.
pub(crate) fn by_code_alone(hub: &Hub, approval: Approval) {
    let this = hub.clone();
    hub.followed.add(approval.id);
    hub.finish(async move {
        sending::send_unasked(&this, &approval).await;
        let hub = this.clone();
        this.spawn(async move { follow(&hub, approval).await });
    });
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
                    tracing::error!(%error, "approvals left behind could not be looked for");
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
        if hub.followed.add(approval.id) {
            let this = hub.clone();
            hub.spawn(async move { follow(&this, approval).await });
        }
    }
    Ok(())
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
            tracing::warn!(approval.id = %approval.id, %error, "the push was not taken");
            (Delivery::Unavailable, None)
        }
    };
    tracing::info!(approval.id = %approval.id, %delivery, "the push was handed over");
    match hub.storage.delivered(approval.id, delivery, request).await {
        Ok(Some(now)) => {
            hub.changed(&now);
            let unreached = matches!(delivery, Delivery::NoApp | Delivery::Unavailable);
            if unreached && now.status == Status::Pending {
                sending::send_unasked(hub, &now).await;
            }
        }
        Ok(None) => {}
        Err(error) => tracing::error!(approval.id = %approval.id, %error, "the delivery could not be written"),
    }
}

async fn follow(hub: &Hub, approval: Approval) {
    let id = approval.id;
    to_its_end(hub, approval).await;
    hub.followed.remove(id);
}

async fn to_its_end(hub: &Hub, approval: Approval) {
    for (nth, at) in moments(approval.created_at, approval.expires_at, hub.clock.now()) {
        if decided_before(hub, &approval, at).await {
            return;
        }
        ask(hub, &approval, nth).await;
    }
    if decided_before(hub, &approval, approval.expires_at).await {
        return;
    }
    // Until it is written: a page must not wait for ever because the disk was full for a moment.
    loop {
        match hub.storage.end(approval.id, Change::Expire).await {
            Ok(ended) => return ended.iter().for_each(|ended| hub.changed(ended)),
            Err(error) => tracing::error!(approval.id = %approval.id, %error, "an approval could not be expired"),
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Waits until `at`, or until the approval is decided; says which it was.
async fn decided_before(hub: &Hub, approval: &Approval, at: OffsetDateTime) -> bool {
    let mut waiter = hub.waiters.register(approval.id);
    if hub.storage.approval(approval.id).await.is_ok_and(|row| row.is_none_or(|row| row.status.is_final())) {
        return true;
    }
    let left = Duration::try_from(at - hub.clock.now()).unwrap_or(Duration::ZERO);
    let decided = async { while waiter.news().await.status == Status::Pending {} };
    tokio::time::timeout(left, decided).await.is_ok()
}
