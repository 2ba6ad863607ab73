//! Checks a password against an account: counts the guess, after earlier ones if guesses wait, then checks it in the
//! pool. Knows no session.

use approval::Secret;
use storage::{Account, Attempt, AttemptKind, Delayed, GuessTurn, Limit, LimitName, Limited, Subject};
use tokio::time::Instant;

use crate::{
    answer::problem::Problem,
    hub::Hub,
    password::pool::Client,
    request::{
        network::{Network, guesser},
        visitor::Visitor,
    },
    throttle::{
        self, GUESSES,
        guess_queue::{LONGEST_WAIT, come_back_in},
    },
};

/// The account of this address if this is its password, at a sign-in or for a change. The guess is counted first. The
/// same work is done if there is no account.
pub(crate) async fn account_of(
    hub: &Hub,
    email: &str,
    password: Secret,
    visitor: &Visitor,
) -> Result<Option<Account>, Problem> {
    let attempt = count(hub, email, visitor.network).await?;
    let account = hub.storage.account(email).await?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let client = client(hub, visitor).await?;
    let matches = match hub.passwords.matches(password, stored, client).await {
        Ok(matches) => matches,
        Err(error) => {
            hub.storage.forgive(attempt).await?;
            return Err(error.into());
        }
    };
    let Some(account) = account.filter(|_| matches) else {
        hub.storage.guessed_wrong(&attempt).await?;
        return Ok(None);
    };
    hub.storage.guessed_right(&attempt, email, &visitor.network_name()).await?;
    Ok(Some(account))
}

/// The client for the pool, which reserves half of its cores for known networks.
pub(crate) async fn client(hub: &Hub, visitor: &Visitor) -> Result<Client, Problem> {
    let is_known = hub.storage.is_known_network(&visitor.network_name()).await?;
    Ok(Client { block: visitor.network.map(Network::fair), is_known })
}

/// Counts a new password before it is estimated and hashed.
pub(crate) async fn count_new_password(hub: &Hub, limits: &[(Subject, Limit)]) -> Result<(), Problem> {
    let counted = hub.storage.count_attempts(AttemptKind::Password, limits).await?;
    counted.map_err(|limited| throttle::reached(LimitName::NewPasswords, limited))?;
    Ok(())
}

/// Counts a guess. During the delay that all strangers to the account share, it waits until it is drawn.
async fn count(hub: &Hub, email: &str, network: Option<Network>) -> Result<Attempt, Problem> {
    let guesser = guesser(network);
    let turn = if hub.guess_queues.any_wait(email) { GuessTurn::AfterOthers } else { GuessTurn::Now };
    let mut delayed = match hub.storage.count_guess(email, &guesser, GUESSES, turn).await? {
        Ok(attempt) => return Ok(attempt),
        Err(delayed) => delayed,
    };
    let until = Instant::now() + LONGEST_WAIT;
    let Some(place) = hub.guess_queues.join(email, network.map(Network::fair), &delayed) else {
        return Err(refused(delayed));
    };
    while let Some(true) = hub.stop.run_until_cancelled(place.drawn(until, &hub.entropy)).await {
        match hub.storage.count_guess(email, &guesser, GUESSES, GuessTurn::Now).await? {
            Ok(attempt) => return Ok(attempt),
            // Another guess was counted meanwhile, by this hub or another.
            Err(again) => delayed = again,
        }
        place.put_back(&delayed);
    }
    Err(refused(Delayed { shared: Some(place.shared_delay()), ..delayed }))
}

fn refused(delayed: Delayed) -> Problem {
    let retry_after = come_back_in(delayed.own, delayed.shared.unwrap_or_default());
    throttle::reached(LimitName::Passwords, Limited { retry_after })
}
