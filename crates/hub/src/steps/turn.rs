//! One at a time: a request with a code that is being checked already waits for the outcome. The provider takes a code
//! once, so it would refuse the second click while the first, which it accepted, is still being written down. Few
//! requests wait, none for longer than a client does, and none writes while it waits.
//! Knows neither how a code is checked nor what it opens.

use std::fmt::Display;
use std::pin::pin;
use std::time::Duration;

use approval::told;
use storage::{Attempt, AttemptKind, Limit, Subject};
use tokio::time::sleep;

use crate::{answer::problem::Problem, hub::Hub, request::client, steps::proof::Proof};

/// Requests with one code for one session or transaction, in this process: the one that is being checked, and two that
/// wait. A double click needs one.
pub(crate) const PLACES: usize = 3;
/// A turn whose process died lapses this long after the provider must have answered: what is left to do by then is to
/// write to the database. No request waits for longer.
const WRITING: Duration = Duration::from_secs(5);
/// Between two looks whether another process still has the turn: only the database knows, and it notifies nobody. One
/// request of each process looks; the others wait for that one.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];

/// Does `work` about `proof` for the session or the transaction `of`, once all such work that began earlier, in any
/// process on this database, is done. So `work` looks first what came of that. `may_begin` is asked before the wait,
/// unless the same proof is being checked already, which may succeed.
///
/// # Errors
/// [`Problem::code_in_work`] when too many wait already, or it takes too long.
pub(crate) async fn in_turn<T>(
    hub: &Hub,
    of: impl Display,
    proof: &Proof,
    may_begin: impl Future<Output = Result<(), Problem>>,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let subject = Subject::turn(of, proof.as_str());
    let place = hub.turns.take(subject.clone()).ok_or_else(Problem::code_in_work)?;
    if place.is_first() {
        may_begin.await?;
    }
    let longest = WRITING + hub.provider.timeout();
    let mut gives_up = pin!(async {
        tokio::select! {
            () = client::has_left() => {}
            () = sleep(longest) => {}
        }
    });
    let _here = tokio::select! {
        biased;
        () = &mut gives_up => return Err(Problem::code_in_work()),
        here = place.turn() => here,
    };
    let turn = claim(hub, &subject, longest, gives_up).await?;
    let done = work.await;
    if let Err(error) = hub.storage.forgive(turn).await {
        tracing::warn!(error = %told(&error), "a turn could not be given back, and has to lapse");
    }
    done
}

/// Claims the turn among all processes. A turn is an attempt of which there may be one.
async fn claim(
    hub: &Hub,
    subject: &Subject,
    longest: Duration,
    mut gives_up: impl Future<Output = ()> + Unpin,
) -> Result<Attempt, Problem> {
    let limits = [(subject.clone(), Limit { count: 1, window: time::Duration::try_from(longest).unwrap_or_default() })];
    let [mut pause, longest_pause] = PAUSES;
    loop {
        // It reads before it writes, so that waiters keep nobody from writing.
        if let Ok(turn) = hub.storage.count_attempts(AttemptKind::Turn, &limits).await? {
            return Ok(turn);
        }
        tokio::select! {
            () = &mut gives_up => return Err(Problem::code_in_work()),
            () = sleep(pause) => pause = longest_pause.min(pause * 2),
        }
    }
}
