//! Asks the provider about an approval that no callback came for: each question by one hub of all, and all hubs together
//! not too many at once. Decides by the answer as by a callback, but counts it apart.

use std::time::Duration;

use approval::{Approval, Callback, Echo, RequestId, Status, told};
use storage::{Decided, Heard, Question};
use tokio::time::sleep;

use crate::hub::Hub;

/// Questions that all hubs together ask in a second.
const A_SECOND: i64 = 50;
/// How long to wait for one's turn, and how often.
const TURN: Duration = Duration::from_millis(250);
const TURNS: u32 = 12;

/// Asks the `nth` question about an approval, unless another hub does.
pub(crate) async fn ask(hub: &Hub, approval: &Approval, nth: u8) {
    let request = match hub.storage.approval(approval.id).await {
        Ok(row) => row.and_then(|row| row.request),
        Err(error) => {
            return tracing::error!(approval.id = %approval.id, error = %told(&error), "an approval could not be read");
        }
    };
    let Some(request) = request else { return };
    if is_ours(hub, approval, nth).await {
        put(hub, approval, request).await;
    }
}

/// Whether it falls to this hub to ask.
async fn is_ours(hub: &Hub, approval: &Approval, nth: u8) -> bool {
    for _ in 0..TURNS {
        match hub.storage.claim_question(approval.id, nth, A_SECOND).await {
            Ok(Question::Yours) => return true,
            Ok(Question::Taken) => return false,
            Ok(Question::Later) => sleep(TURN).await,
            Err(error) => {
                tracing::error!(approval.id = %approval.id, error = %told(&error), "a question could not be claimed");
                return false;
            }
        }
    }
    tracing::warn!(approval.id = %approval.id, "too many questions to the provider; this one is left out");
    false
}

async fn put(hub: &Hub, approval: &Approval, request: RequestId) {
    let _turn = hub.repairs.turn().await;
    let state = match hub.provider.read_request(&request).await {
        Ok(state) if state.status == Status::Pending.word() => return,
        Ok(state) => state,
        Err(error) => {
            return tracing::warn!(approval.id = %approval.id, error = %told(&error), "the provider could not be asked");
        }
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
        Err(error) => {
            tracing::error!(approval.id = %approval.id, error = %told(&error), "an answer could not be written");
        }
    }
}
