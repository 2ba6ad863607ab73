//! Checks the same code one request at a time: a second request waits for the outcome of the first. The provider
//! accepts a code once, so it would refuse a second click while the accepted first one is still being recorded. Few
//! requests wait, none for longer than its client, and none writes while it waits. Knows neither how a code is checked
//! nor what it opens.

use std::fmt::Display;
use std::pin::{Pin, pin};
use std::time::Duration;

use approval::told;
use storage::{Attempt, AttemptKind, Limit, Subject};
use tokio::time::sleep;

use crate::{client, hub::Hub, refusal::Refusal, steps::proof::Proof};

/// Requests with one code for one session or transaction, in this process: the one that is being checked, and two that
/// wait. A double click needs one.
pub(crate) const PLACES: usize = 3;
/// Time to record the outcome after the provider's timeout. The turn of a process that died lapses after both, and no
/// request waits for longer.
const RECORDING_TIME: Duration = Duration::from_secs(5);
/// Pauses between polls of the database, first and longest, while another process has the turn: the database sends no
/// notifications. One request of each process polls; the others wait for that one.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];

/// Does `work` about `proof` for the session or the transaction `of`, once all such work that began earlier, in any
/// process on this database, is done. `work` must therefore first check the outcome of earlier work. `may_begin` is
/// checked before the wait, unless the same proof is being checked already, which may succeed. `work` is boxed, because
/// every waiter holds it.
///
/// # Errors
/// [`Refusal::CodeInWork`] when too many wait already, or it takes too long.
pub(crate) async fn in_turn<T>(
    hub: &Hub,
    of: impl Display,
    proof: &Proof,
    may_begin: impl Future<Output = Result<(), Refusal>>,
    work: Pin<Box<impl Future<Output = Result<T, Refusal>>>>,
) -> Result<T, Refusal> {
    let subject = Subject::turn(of, proof.as_str());
    let place = hub.turns.take(subject.clone()).ok_or(Refusal::CodeInWork)?;
    if place.is_first() {
        may_begin.await?;
    }
    let longest = RECORDING_TIME + hub.provider.timeout();
    let mut gives_up = pin!(async {
        tokio::select! {
            () = client::has_left() => {}
            () = sleep(longest) => {}
        }
    });
    let _here = tokio::select! {
        biased;
        () = &mut gives_up => return Err(Refusal::CodeInWork),
        here = place.turn() => here,
    };
    let turn = claim(hub, &subject, longest, gives_up).await?;
    let done = work.await;
    if let Err(error) = hub.storage.limits().take_back(turn).await {
        tracing::warn!(error = %told(&error), "a turn was not given back, and lapses by itself");
    }
    done
}

/// Claims the turn among all processes. A turn is an attempt with a limit of one.
async fn claim(
    hub: &Hub,
    subject: &Subject,
    longest: Duration,
    mut gives_up: impl Future<Output = ()> + Unpin,
) -> Result<Attempt, Refusal> {
    let limits = [(subject.clone(), Limit { count: 1, window: time::Duration::try_from(longest).unwrap_or_default() })];
    let [mut pause, longest_pause] = PAUSES;
    loop {
        // Counting reads before it writes, so that waiters do not block other writers.
        if let Ok(turn) = hub.storage.limits().count(AttemptKind::Turn, &limits).await? {
            return Ok(turn);
        }
        tokio::select! {
            () = &mut gives_up => return Err(Refusal::CodeInWork),
            () = sleep(pause) => pause = longest_pause.min(pause * 2),
        }
    }
}
