//! Checks a password against an account: counts the guess, after earlier ones if guesses wait, then checks it in the
//! pool. Knows no session.

use std::pin::pin;

use approval::Secret;
use storage::{Account, Attempt, AttemptKind, Delayed, GuessTurn, Limit, LimitName, Limited, Subject};
use tokio::time::Instant;

use crate::{
    client,
    hub::Hub,
    network::{Network, guesser},
    password::pool::PoolClient,
    refusal::Refusal,
    throttle::{
        self, GUESSES,
        guess_queue::{LONGEST_WAIT, NoPlace, come_back_in},
    },
    visitor::Visitor,
};

/// The account of this address if this is its password, at a sign-in or for a change. The guess is counted first. The
/// same work is done if there is no account.
pub(crate) async fn account_of(
    hub: &Hub,
    email: &str,
    password: Secret,
    visitor: &Visitor,
) -> Result<Option<Account>, Refusal> {
    let attempt = count(hub, email, visitor.network).await?;
    let account = hub.storage.accounts().find(email).await?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let client = pool_client(hub, visitor).await?;
    let matches = match hub.passwords.matches(password, stored, client, gives_up(hub)).await {
        Ok(matches) => matches,
        Err(error) => {
            hub.storage.limits().take_back(attempt).await?;
            return Err(error.into());
        }
    };
    let Some(account) = account.filter(|_| matches) else {
        hub.storage.limits().record_wrong_guess(&attempt).await?;
        return Ok(None);
    };
    hub.storage.limits().record_right_guess(&attempt, email, &visitor.network_name()).await?;
    Ok(Some(account))
}

/// Whose hashing it is: known networks have half of the pool.
pub(crate) async fn pool_client(hub: &Hub, visitor: &Visitor) -> Result<PoolClient, Refusal> {
    let is_known = hub.storage.sessions().is_known_network(&visitor.network_name()).await?;
    Ok(PoolClient { block: visitor.network.map(Network::fair), is_known })
}

/// Counts a new password before it is estimated and hashed.
pub(crate) async fn count_new_password(hub: &Hub, limits: &[(Subject, Limit)]) -> Result<(), Refusal> {
    let counted = hub.storage.limits().count(AttemptKind::Password, limits).await?;
    counted.map_err(|limited| throttle::reached(LimitName::NewPasswords, limited))?;
    Ok(())
}

/// Waits until waiting is of no use any more: the client has left, or the hub stops.
pub(crate) async fn gives_up(hub: &Hub) {
    tokio::select! {
        () = client::has_left() => {}
        () = hub.stop.cancelled() => {}
    }
}

/// Counts a guess. Under the delay that all strangers to the account share, it waits until it is drawn.
async fn count(hub: &Hub, email: &str, network: Option<Network>) -> Result<Attempt, Refusal> {
    let guesser = guesser(network);
    let turn = if hub.guess_queues.any_wait(email) { GuessTurn::AfterOthers } else { GuessTurn::Now };
    let mut delayed = match hub.storage.limits().count_guess(email, &guesser, GUESSES, turn).await? {
        Ok(attempt) => return Ok(attempt),
        Err(delayed) => delayed,
    };
    let until = Instant::now() + LONGEST_WAIT;
    let place = match hub.guess_queues.join(email, network.map(Network::fair), &delayed) {
        Ok(place) => place,
        // The guesses before this one have left the queue meanwhile.
        Err(NoPlace::NotNeeded) => {
            return hub.storage.limits().count_guess(email, &guesser, GUESSES, GuessTurn::Now).await?.map_err(refused);
        }
        Err(NoPlace::Refused) => return Err(refused(delayed)),
    };
    let mut gives_up = pin!(gives_up(hub));
    loop {
        let is_drawn = tokio::select! {
            biased;
            () = &mut gives_up => false,
            is_drawn = place.drawn(until, &hub.entropy) => is_drawn,
        };
        if !is_drawn {
            break;
        }
        match hub.storage.limits().count_guess(email, &guesser, GUESSES, GuessTurn::Now).await? {
            Ok(attempt) => return Ok(attempt),
            // Another guess was counted meanwhile, by this hub or another.
            Err(again) => delayed = again,
        }
        place.put_back(&delayed);
    }
    Err(refused(Delayed { shared: Some(place.shared_delay()), ..delayed }))
}

fn refused(delayed: Delayed) -> Refusal {
    let retry_after = come_back_in(delayed.own, delayed.shared.unwrap_or_default());
    throttle::reached(LimitName::Passwords, Limited { retry_after })
}
