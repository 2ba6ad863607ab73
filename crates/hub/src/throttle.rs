//! How often what may be tried: every number, with its reason, and the refusal beyond it. Counting is the database's, so
//! that it holds over sessions, processes and restarts. Knows no step.

pub(crate) mod guess_queue;

use approval::{ProviderUserId, UserId};
use storage::{CodeLimits, Delay, Delays, Limit, LimitName, Limited, PushRules, SessionCaps, Share, Subject, Withheld};
use time::{Duration, OffsetDateTime};

use crate::{
    metrics,
    network::{Network, fair_name, limited_blocks},
    refusal::Refusal,
    settings::Limits,
};

/// Wrong passwords. Somebody mistypes three times without noticing a delay. A guesser at one account gets 22 tries in
/// the first hour from one network, and 12 an hour after that; guessers in any number of networks together get 133 in
/// the first hour, and 120 an hour after that. NIST SP 800-63B-4, 3.2.2, asks for no more than 100 in a row, and then a
/// lock. A stranger could put that lock on any account, so guesses are slowed down instead, and a password alone opens
/// nothing. In a network where the account has been used before, guesses from elsewhere cause no delay. No delay is
/// longer than 5 minutes.
///
/// An IPv6 /56 may guess 4 times as often as a /64, and a /48 16 times. Its delays begin after 4 or 16 times as many
/// wrong guesses, grow with a quarter or a sixteenth of them, and last a quarter or a sixteenth as long.
pub(crate) const GUESSES: Delays = Delays {
    pair: Delay { free: 3, first: Duration::SECOND, longest: Duration::minutes(5), window: Duration::HOUR },
    // From many networks at once. Shorter, because the owner may be travelling, and waits with the guessers: the next
    // guess is drawn among all waiting ones (`guess_queue`), and six draws in 3 minutes let the owner in.
    account: Delay { free: 10, first: Duration::SECOND, longest: Duration::seconds(30), window: Duration::HOUR },
    // At many accounts from one place, which may be an office: its people mistype, too.
    network: Delay { free: 50, first: Duration::SECOND, longest: Duration::minutes(1), window: Duration::HOUR },
};

/// Wrong codes for one account and for one phone, over all sessions and channels: a guess of 7 digits succeeds once in
/// 10 million tries, one of 6 digits in a million.
const WRONG_CODES: Limit = Limit { count: 5, window: Duration::minutes(10) };
/// Wrong codes in a row after which the account takes none (NIST SP 800-63B-4, 3.2.2: no more than 100).
pub(crate) const WRONG_CODES_IN_A_ROW: u32 = 100;

/// Codes sent for one account, and to one phone: each costs, and rings.
const SENT_CODES: Limit = Limit { count: 5, window: Duration::minutes(10) };
/// Codes sent because of one network, which may be an office: whoever would have codes sent to made-up numbers of many
/// accounts meets it.
const SENT_FROM_NETWORK: Limit = Limit { count: 50, window: Duration::minutes(10) };
/// The window of the codes sent to all phones of one country, of which an operator says how many: calls to some
/// countries are dear, and are had by those who earn with them.
const COUNTRY: Duration = Duration::minutes(10);

/// The window of the codes sent for all sign-ups, which an operator limits. This bounds the cost of strangers.
const ALL_SIGN_UPS: Duration = Duration::HOUR;
/// The error about a used-up hour is logged once an hour.
pub(crate) const ALARM: Limit = Limit { count: 1, window: ALL_SIGN_UPS };

/// Requests sent to one phone again, for a transaction, or because somebody signs up with it.
pub(crate) const PUSHES: Limit = Limit { count: 10, window: Duration::minutes(10) };

/// Sign-ups from one network, of which an operator says how many.
const SIGN_UPS: Duration = Duration::minutes(10);

/// Sign-ins to one account from one network with the right password: each writes a session. No person signs in so often.
/// Where an operator allows more requests on a phone, as many sign-ins may have one.
const SIGN_INS: Limit = Limit { count: 30, window: Duration::minutes(10) };

/// New passwords that are checked for one network, or for one account that changes its own: each costs an estimate and
/// perhaps a hash. A refused one counts here and not as a sign-up, so that a person may try many. If an operator allows
/// many sign-ups for one network, this limit rises to three passwords for each.
const NEW_PASSWORDS: Limit = Limit { count: 60, window: Duration::minutes(10) };
const NEW_PASSWORDS_EACH: u32 = 3;

/// Whoever has codes sent, and where to.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    pub(crate) user: UserId,
    pub(crate) provider_user: &'a ProviderUserId,
    /// Those of sign-ups count apart, so that nobody can use up those of the phone's owner.
    pub(crate) sign_up: bool,
    /// `None` if the client has no known address.
    pub(crate) network: Option<Network>,
    /// The calling code of the phone's country.
    pub(crate) country: u16,
}

/// When phones are asked. A request that waits is nobody else's to take away, so there is room for two: the one that
/// somebody made in the wrong browser, and the right one.
pub(crate) fn pushes(limits: &Limits) -> PushRules {
    PushRules {
        pending: limits.pending_pushes,
        refused: limits.refused_pushes,
        // Counted from the asking: whoever has waited until nobody answered has waited already.
        first_wait: Duration::seconds(limits.push_wait_seconds.into()),
        // The second wait outlasts a request that nobody answers: 150 s after 5.
        growth: 30,
        longest_wait: Duration::minutes(15),
        // Half of all numbers. From more of them, a person could guess the numbers of other people's requests.
        on_phone: 45,
        // With codes off as well, this is all there is: three requests an hour are no storm.
        off_without_codes: Duration::HOUR,
    }
}

/// How many live sessions an account may have. A person has a few browsers. Where an operator allows more requests on a
/// phone, as many sessions may wait for them, and one more: so a new session ends none whose request may ring.
pub(crate) fn sessions(limits: &Limits) -> SessionCaps {
    SessionCaps { pending: limits.pending_pushes.saturating_add(1).max(10), confirmed: 50 }
}

/// What wrong codes are limited by, for this account on this phone.
pub(crate) fn wrong_codes(user: UserId, provider_user: &ProviderUserId, sign_up: bool) -> CodeLimits {
    let tries = vec![(Subject::account(user), WRONG_CODES), (Subject::phone(provider_user, sign_up), WRONG_CODES)];
    CodeLimits { tries, in_a_row: WRONG_CODES_IN_A_ROW }
}

/// The limits on sending codes. Sign-ups also get shares of limits that all networks share, so that networks with few
/// sent codes come first.
pub(crate) fn sent_codes(limits: &Limits, sending: &Sending<'_>) -> (Vec<(Subject, Limit)>, Vec<Share>) {
    let mut alone = by_network(sending.network, SENT_FROM_NETWORK);
    alone.extend([
        (Subject::account(sending.user), SENT_CODES),
        (Subject::phone(sending.provider_user, sending.sign_up), SENT_CODES),
    ]);
    let of_country = Limit { count: limits.codes_per_country.into(), window: COUNTRY };
    let country = Subject::country(sending.country, sending.sign_up);
    if !sending.sign_up {
        alone.push((country, of_country));
        return (alone, Vec::new());
    }
    let (all, of_all) = all_sign_up_codes(limits);
    let block = fair_name(sending.network);
    let share = |of: Subject, limit| Share { own: Subject::share(&of, &block), of, limit };
    (alone, vec![share(country, of_country), share(all, of_all)])
}

/// The codes of all sign-ups together.
pub(crate) fn all_sign_up_codes(limits: &Limits) -> (Subject, Limit) {
    (Subject::all_sign_ups(), Limit { count: limits.codes_per_hour.into(), window: ALL_SIGN_UPS })
}

/// What sign-ups from one network are limited by.
pub(crate) fn sign_ups(limits: &Limits, network: Option<Network>) -> Vec<(Subject, Limit)> {
    by_network(network, Limit { count: limits.sign_ups_per_address.into(), window: SIGN_UPS })
}

/// What sign-ins to one account with the right password are limited by. Clients elsewhere use up nothing of the owner's.
pub(crate) fn sign_ins(limits: &Limits, user: UserId, network: Option<Network>) -> Vec<(Subject, Limit)> {
    let limit = Limit { count: SIGN_INS.count.max(limits.pending_pushes.into()), ..SIGN_INS };
    let counted = limited_blocks(network).into_iter();
    counted.map(|block| (Subject::sign_in(user, &block.name), limit.times(block.times))).collect()
}

/// What new passwords from one network are limited by.
pub(crate) fn new_passwords(limits: &Limits, network: Option<Network>) -> Vec<(Subject, Limit)> {
    let of_sign_ups = limits.sign_ups_per_address.saturating_mul(NEW_PASSWORDS_EACH);
    let limit = Limit { count: NEW_PASSWORDS.count.max(of_sign_ups.into()), ..NEW_PASSWORDS };
    let counted = limited_blocks(network).into_iter();
    counted.map(|block| (Subject::new_password(block.name), limit.times(block.times))).collect()
}

/// The limits on new passwords of one account.
pub(crate) fn new_passwords_of(user: UserId) -> Vec<(Subject, Limit)> {
    vec![(Subject::new_password(user), NEW_PASSWORDS)]
}

/// The limit of a network, and of the wider blocks around it, each with its own multiple.
fn by_network(network: Option<Network>, limit: Limit) -> Vec<(Subject, Limit)> {
    let counted = limited_blocks(network).into_iter();
    counted.map(|block| (Subject::network(&block.name), limit.times(block.times))).collect()
}

/// The refusal by a limit; the log says which.
pub(crate) fn reached(limit: LimitName, limited: Limited) -> Refusal {
    metrics::limit_reached(limit);
    tracing::warn!(limit = limit.word(), retry_after = limited.retry_after.whole_seconds(), "a limit is reached");
    Refusal::Limited(limit, limited)
}

/// The refusal of asking a phone now.
pub(crate) fn withheld(why: Withheld, now: OffsetDateTime) -> Refusal {
    note(why);
    Refusal::Withheld(why, why.until().map(|until| Limited { retry_after: until - now }))
}

/// Says in the log that a phone is not asked.
pub(crate) fn note(why: Withheld) {
    metrics::limit_reached(LimitName::Pushes);
    tracing::warn!(limit = LimitName::Pushes.word(), reason = why.word(), "a phone is not asked");
}

/// The refusal of a code while codes are off.
pub(crate) fn codes_off() -> Refusal {
    metrics::limit_reached(LimitName::CodesOff);
    Refusal::CodesOff
}
