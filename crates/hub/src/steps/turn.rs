//! One at a time: who types a code that is being asked about already waits for what comes of it. The provider takes a
//! code once, so it would refuse the second click while the first, which it accepted, is still being written down.
//! Knows neither how a code is checked nor what it opens.

use std::fmt::Display;
use std::time::Duration;

use approval::told;
use storage::{Attempt, AttemptKind, Limit, StorageError, Subject};

use crate::{answer::problem::Problem, hub::Hub, steps::proof::Proof};

/// A turn whose process died lapses this long after the provider must have answered: what is left to do by then is to
/// write to the database.
const WRITING: time::Duration = time::Duration::seconds(5);
/// Between two looks whether it is our turn. Whose turn it is may be known to another process only, which tells nobody.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(250)];

/// Does `work` about `proof` for the session or the transaction `of`, once all such work that began earlier, in any
/// process on this database, is done. So `work` looks first what came of that.
pub(crate) async fn in_turn<T>(
    hub: &Hub,
    of: impl Display,
    proof: &Proof,
    work: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let turn = wait(hub, &Subject::turn(of, proof.as_str())).await?;
    let done = work.await;
    if let Err(error) = hub.storage.forgive(turn).await {
        tracing::warn!(error = %told(&error), "a turn could not be given back, and has to lapse");
    }
    done
}

/// A turn is an attempt of which there may be one.
async fn wait(hub: &Hub, subject: &Subject) -> Result<Attempt, StorageError> {
    let one = Limit { count: 1, window: WRITING + hub.provider.timeout() };
    let [mut pause, longest] = PAUSES;
    loop {
        if let Ok(turn) = hub.storage.count_attempt(AttemptKind::Turn, subject.clone(), one).await? {
            return Ok(turn);
        }
        tokio::time::sleep(pause).await;
        pause = longest.min(pause * 2);
    }
}
