//! Asks the provider about an approval that no callback came for: each question by one hub of all, and all hubs together
//! not too many at once. Decides by the answer as by a callback, but counts it apart.

use std::time::Duration;

use approval::{Approval, Callback, Echo, Status};
use storage::{Decided, Heard, Question};
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

use crate::{
    hub::Hub,
    phone::{repairs::Turn, until::until},
};

/// Questions that all hubs together ask in a second.
const A_SECOND: i64 = 50;
/// How long to wait for one's turn, and how often.
const TURN: Duration = Duration::from_millis(250);
const TURNS: u32 = 12;
/// How long a question waits for its turn that is not the last about its approval: another one comes, and the last ones
/// must not stand behind it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the `nth` question about an approval, unless another hub does; gives it up at `end`.
pub(crate) async fn ask(hub: &Hub, approval: &Approval, nth: u8, end: OffsetDateTime) {
    let is_last = end >= approval.expires_at;
    // What was answered is written down to the end.
    tokio::select! {
        answer = answer(hub, approval, nth, is_last) => if let Some(answer) = answer {
            decide(hub, approval, &answer).await;
        },
        () = until(&hub.clock, end) => {
            tracing::warn!(approval.id = %approval.id, "the provider did not answer in time, and is asked no longer");
        }
    }
}

/// What the provider says, if it falls to this hub to ask and the answer is one.
async fn answer(hub: &Hub, approval: &Approval, nth: u8, is_last: bool) -> Option<Callback> {
    let request = match hub.storage.approval(approval.id).await {
        Ok(row) => row.and_then(|row| row.request)?,
        Err(error) => {
            tracing::error!(approval.id = %approval.id, %error, "an approval could not be read");
            return None;
        }
    };
    let _turn = turn(hub, approval, nth, is_last).await?;
    match hub.provider.read_request(&request).await {
        Ok(state) if state.status == Status::Pending.word() => None,
        Ok(state) => Some(Callback {
            request,
            provider_user: state.provider_user,
            status: state.status,
            echo: Echo::default(),
            received_at: hub.clock.now(),
        }),
        Err(error) => {
            tracing::warn!(approval.id = %approval.id, %error, "the provider could not be asked");
            None
        }
    }
}

/// Waits for the turn of a question. `None`: it is not asked here, or not at all.
async fn turn<'a>(hub: &'a Hub, approval: &Approval, nth: u8, is_last: bool) -> Option<Turn<'a>> {
    if is_last {
        return if is_ours(hub, approval, nth).await { hub.repairs.turn().await } else { None };
    }
    let turn = async { if is_ours(hub, approval, nth).await { hub.repairs.early_turn().await } else { None } };
    timeout(PATIENCE, turn).await.unwrap_or_else(|_| {
        tracing::warn!(approval.id = %approval.id, "too many questions to the provider; an early one is left out");
        None
    })
}

/// Whether it falls to this hub to ask.
async fn is_ours(hub: &Hub, approval: &Approval, nth: u8) -> bool {
    for _ in 0..TURNS {
        match hub.storage.claim_question(approval.id, nth, A_SECOND).await {
            Ok(Question::Yours) => return true,
            Ok(Question::Taken) => return false,
            Ok(Question::Later) => sleep(TURN).await,
            Err(error) => {
                tracing::error!(approval.id = %approval.id, %error, "a question could not be claimed");
                return false;
            }
        }
    }
    tracing::warn!(approval.id = %approval.id, "too many questions to the provider; this one is left out");
    false
}

async fn decide(hub: &Hub, approval: &Approval, answer: &Callback) {
    match hub.storage.decide(answer, Heard::Asked).await {
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
