//! Follows one pending approval from the push to its end: hands it to the provider, asks the provider itself when no
//! callback comes, and ends it when its time is up. One short-lived task for each; nothing goes round and looks.

use std::num::NonZeroU32;
use std::time::Duration;

use approval::{Approval, Callback, Change, Delivery, Echo, Status};
use provider::ProviderError;
use storage::{Decided, Heard, StorageError};
use time::OffsetDateTime;

use crate::{codes, hub::Hub, settings::PROVIDER_ENDS_BEFORE};

/// When the provider is asked, in seconds after the request was made. A callback takes well under one.
const ASK_AFTER: [i64; 3] = [10, 30, 70];
/// The last question is put this long before our end, when the provider's own end has passed: its answer is final.
const LAST_ASK_BEFORE_END: time::Duration = time::Duration::seconds(4);

/// Pushes a new approval and follows it to its end.
pub(crate) fn push_and_follow(hub: &Hub, approval: Approval) {
    let this = hub.clone();
    hub.spawn(async move {
        push(&this, &approval).await;
        follow(&this, approval).await;
    });
}

/// Goes on following the approvals that a former process left pending. One whose push was under way is marked
/// [`Delivery::Unknown`] and not pushed again: it may have arrived.
///
/// # Errors
/// When the database cannot be read or written.
pub(crate) async fn resume(hub: &Hub) -> Result<(), StorageError> {
    for approval in hub.storage.pending().await? {
        let approval = match approval.delivery {
            Delivery::Sending => hub.storage.delivered(approval.id, Delivery::Unknown, None).await?.unwrap_or(approval),
            _ => approval,
        };
        let this = hub.clone();
        hub.spawn(async move { follow(&this, approval).await });
    }
    Ok(())
}

/// Hands the request to the provider, once: after a time-out it may have arrived, so it is never repeated.
async fn push(hub: &Hub, approval: &Approval) {
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
                codes::send_unasked(hub, &now).await;
            }
        }
        Ok(None) => {}
        Err(error) => tracing::error!(approval.id = %approval.id, %error, "the delivery could not be written"),
    }
}

async fn follow(hub: &Hub, approval: Approval) {
    let last = approval.expires_at - LAST_ASK_BEFORE_END;
    let asks = ASK_AFTER.map(|seconds| approval.created_at + time::Duration::seconds(seconds));
    let now = hub.clock.now();
    for at in asks.into_iter().chain([last]).filter(|at| (now..=last).contains(at)) {
        if decided_before(hub, &approval, at).await {
            return;
        }
        ask(hub, &approval).await;
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
        tokio::time::sleep(Duration::from_secs(1)).await;
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

/// Asks the provider how its request stands, as a callback would have told.
async fn ask(hub: &Hub, approval: &Approval) {
    let request = match hub.storage.approval(approval.id).await {
        Ok(row) => row.and_then(|row| row.request),
        Err(error) => return tracing::error!(approval.id = %approval.id, %error, "an approval could not be read"),
    };
    let Some(request) = request else { return };
    let _turn = hub.repairs.turn().await;
    let state = match hub.provider.read_request(&request).await {
        Ok(state) if state.status == Status::Pending.word() => return,
        Ok(state) => state,
        Err(error) => return tracing::warn!(approval.id = %approval.id, %error, "the provider could not be asked"),
    };
    let answer = Callback {
        request,
        provider_user: state.provider_user,
        status: state.status,
        echo: Echo::default(),
        received_at: hub.clock.now(),
    };
    match hub.storage.decide(&answer, Heard::Asked).await {
        Ok(Decided::Now(decided)) => {
            tracing::warn!(approval.id = %decided.id, status = %decided.status, "decided by asking: no callback came");
            hub.changed(&decided);
            // Of requests that nobody answered the provider calls back neither.
            if decided.status != Status::Expired {
                hub.repairs.repaired();
            }
        }
        Ok(_) => {}
        Err(error) => tracing::error!(approval.id = %approval.id, %error, "an answer could not be written"),
    }
}
