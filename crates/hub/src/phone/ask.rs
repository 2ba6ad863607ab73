//! Asks the provider about an approval that no callback came for: when, each question by one hub of all, and all hubs
//! together not too many at once. Decides by the answer as by a callback, but counts it apart.

use std::iter::successors;
use std::time::Duration;

use approval::{Approval, Callback, Echo, Status, told};
use storage::{Decided, Heard, Question};
use time::OffsetDateTime;
use tokio::time::{sleep, timeout};

use crate::{
    hub::Hub,
    metrics,
    phone::until::{Deadline, until},
    registry::repairs::{Turn, state_missing_callbacks},
};

/// The first question, so long after the request was made; each further one twice as long after the one before, but
/// never longer than somebody should sit before a page that has missed their tap. A callback takes well under a second.
const FIRST: time::Duration = time::Duration::seconds(10);
const LONGEST: time::Duration = time::Duration::seconds(60);
/// The last question is put this long before our end, when the provider's own end has passed: its answer is final.
const LAST_BEFORE_END: time::Duration = time::Duration::seconds(4);

/// More questions are never planned about one approval.
pub(crate) const PLANNED: u8 = 12;

/// Questions that all hubs together ask in a second.
const A_SECOND: i64 = 50;
/// How long to wait for one's turn, and how often.
const TURN: Duration = Duration::from_millis(250);
const TURNS: u32 = 12;
/// How long a question waits for its turn that is not the last about its approval: another one comes, and the last ones
/// must not stand behind it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a hub waits for trouble on its own side to show before it suspects the provider. NATS notices a consumer
/// that delivers nothing in less time.
const CERTAIN_AFTER: Duration = Duration::from_secs(35);

/// The questions about an approval that are still to be put `now`, each with its number. Whoever comes too late for the
/// last one puts it at once, as long as the answer can count.
pub(crate) fn moments(made: OffsetDateTime, ends: OffsetDateTime, now: OffsetDateTime) -> Vec<(u8, OffsetDateTime)> {
    let last = ends - LAST_BEFORE_END;
    // 10, 30, 70, 130, 190… s after the request was made.
    let pauses = successors(Some(FIRST), |pause| Some(LONGEST.min(*pause * 2)));
    let early = pauses.scan(made, |at, pause| {
        *at += pause;
        Some(*at)
    });
    let all = (0..).zip(early.take_while(|at| *at < last).chain([last]));
    all.filter(|(_, at)| *at >= now.min(last) && now < ends).collect()
}

/// Asks the `nth` question about an approval, unless another hub does; gives it up at `end`.
pub(crate) async fn ask(hub: &Hub, approval: &Approval, nth: u8, end: Deadline, is_last: bool) {
    // What was answered is written down to the end.
    tokio::select! {
        // Boxed: the asking task waits most of its time, and needs no memory for a request to the provider meanwhile.
        answer = Box::pin(answer(hub, approval, nth, is_last)) => if let Some(answer) = answer {
            Box::pin(decide(hub, approval, &answer)).await;
        },
        () = until(&hub.clock, end) => {
            tracing::warn!(approval.id = %approval.id, "the provider did not answer in time, and is asked no longer");
        }
    }
}

/// What the provider says, if it falls to this hub to ask and the answer is one.
async fn answer(hub: &Hub, approval: &Approval, nth: u8, is_last: bool) -> Option<Callback> {
    let request = match hub.storage.approvals().find(approval.id).await {
        Ok(row) => row.and_then(|row| row.request)?,
        Err(error) => {
            tracing::error!(approval.id = %approval.id, error = %told(&error), "an approval could not be read");
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
            tracing::warn!(approval.id = %approval.id, error = %told(&error), "the provider could not be asked");
            None
        }
    }
}

/// Waits for the turn of a question. `None`: it is not asked here, or not at all.
async fn turn<'a>(hub: &'a Hub, approval: &Approval, nth: u8, is_last: bool) -> Option<Turn<'a>> {
    // First a place, then the claim: so that however many wait, few of them ask the database.
    if is_last {
        let place = hub.repairs.turn().await?;
        return is_ours(hub, approval, nth).await.then_some(place);
    }
    let turn = async {
        let place = hub.repairs.early_turn().await?;
        is_ours(hub, approval, nth).await.then_some(place)
    };
    timeout(PATIENCE, turn).await.unwrap_or_else(|_| {
        tracing::warn!(approval.id = %approval.id, "too many questions to the provider; an early one is left out");
        None
    })
}

/// Whether it falls to this hub to ask.
async fn is_ours(hub: &Hub, approval: &Approval, nth: u8) -> bool {
    for _ in 0..TURNS {
        match hub.storage.claims().claim_question(approval.id, nth, A_SECOND).await {
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

async fn decide(hub: &Hub, approval: &Approval, answer: &Callback) {
    match hub.storage.approvals().decide(answer, Heard::Asked).await {
        Ok(Decided::Now(decided)) => {
            hub.changed(&decided);
            metrics::decided(Heard::Asked, decided.status);
            let (id, status) = (decided.id, decided.status);
            if status == Status::Expired {
                // Of requests that nobody answered the provider calls back neither.
                tracing::info!(approval.id = %id, %status, "decided by asking: nobody answered");
            } else {
                missed(hub, &decided);
            }
        }
        Ok(_) => {}
        Err(error) => {
            tracing::error!(approval.id = %approval.id, error = %told(&error), "an answer could not be written");
        }
    }
}

/// Notes an approval that was answered on the phone without a callback. The provider is not suspected if events were
/// not taken meanwhile.
fn missed(hub: &Hub, approval: &Approval) {
    let (id, status, made) = (approval.id, approval.status, approval.created_at);
    if hub.condition.events().was_disturbed_since(made) {
        tracing::warn!(approval.id = %id, %status, "decided by asking: events were not taken from the event log in time");
        return;
    }
    tracing::warn!(approval.id = %id, %status, "decided by asking: no callback came");
    if hub.repairs.repaired() {
        let this = hub.clone();
        hub.spawn(async move { suspect_provider(&this, made).await });
    }
}

/// Logs that callbacks are missing, unless a callback comes or a trouble of our own is noticed before
/// [`CERTAIN_AFTER`].
async fn suspect_provider(hub: &Hub, made: OffsetDateTime) {
    if hub.settings.shared {
        sleep(CERTAIN_AFTER).await;
    }
    if !hub.repairs.are_suspicious() {
        return;
    }
    if hub.condition.events().was_disturbed_since(made) {
        hub.repairs.called_back();
        return;
    }
    hub.condition.set_misses_callbacks(true);
    state_missing_callbacks(hub.settings.shared);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    /// Number and second of each question that is left of a life of so many seconds after so many.
    fn left(life: i64, passed: i64) -> Vec<(u8, i64)> {
        let at = |seconds| MADE + time::Duration::seconds(seconds);
        moments(MADE, at(life), at(passed)).into_iter().map(|(nth, at)| (nth, (at - MADE).whole_seconds())).collect()
    }

    #[test]
    fn questions_go_on_ever_further_apart_but_never_over_a_minute_to_the_end_of_the_longest_approval() {
        let seconds = |life| left(life, 0).into_iter().map(|(_, at)| at).collect::<Vec<_>>();
        assert_eq!(seconds(10), [6]);
        assert_eq!(seconds(14), [10]);
        assert_eq!(seconds(120), [10, 30, 70, 116]);
        assert_eq!(seconds(300), [10, 30, 70, 130, 190, 250, 296]);
        assert_eq!(seconds(600), [10, 30, 70, 130, 190, 250, 310, 370, 430, 490, 550, 596]);
        assert_eq!(seconds(600).len(), usize::from(PLANNED));
    }

    #[test]
    fn whoever_goes_on_with_an_approval_asks_what_is_left_and_the_last_question_until_the_end() {
        assert_eq!(left(120, 30), [(1, 30), (2, 70), (3, 116)]);
        assert_eq!(left(120, 117), [(3, 116)]);
        assert!(left(120, 120).is_empty());
    }
}
