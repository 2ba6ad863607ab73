//! One waiting client that polls: answered at the next version of its approval, or after a while with the present one.
//! Knows no HTTP.

use std::sync::Arc;
use std::time::Duration;

use approval::{Approval, ApprovalId};
use tokio::time::timeout;

use crate::{caller::Caller, client, hub::Hub, refusal::Refusal, registry::seats::Seat, visitor::Visitor};

/// The approval at the first version after `since`, or after `wait` at its present one; immediately if it is decided,
/// belongs to another session of the same person, or the hub is about to stop.
///
/// # Errors
/// [`Refusal::NotFound`] if the caller may not see it; [`Refusal::TooManySockets`] and [`Refusal::Busy`] if no seat is
/// free.
pub async fn newest(
    hub: &Hub,
    caller: &Caller,
    visitor: &Visitor,
    id: ApprovalId,
    since: i64,
    wait: Duration,
) -> Result<Arc<Approval>, Refusal> {
    let mut waiter = hub.waiters.register(id);
    let approval = caller.sees(hub, id).await?;
    let elsewhere = approval.session != caller.session.id;
    if elsewhere || wait.is_zero() || approval.version > since || approval.status.is_final() {
        return Ok(Arc::new(approval));
    }
    let _seat = hub.seats.take(Some(caller.session.id), visitor.network).map(Seat::settled)?;
    let news = async {
        loop {
            let news = waiter.news().await;
            if news.version > since {
                return news;
            }
        }
    };
    let waiting = client::waiting();
    let ended = hub.leaving.run_until_cancelled(timeout(wait, news)).await;
    drop(waiting);
    match ended {
        Some(Ok(news)) => Ok(news),
        _ => Ok(Arc::new(approval)),
    }
}
