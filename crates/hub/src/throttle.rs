//! How often what may be tried: every number, with its reason, and what whoever tries more often is told. Counting is
//! the database's, so that it holds over sessions, processes and restarts. Knows no route and no page.

use approval::{ProviderUserId, UserId};
use storage::{CodeLimits, Delay, Delays, Limit, LimitName, Limited, PushRules, Subject, Withheld};
use time::{Duration, OffsetDateTime};

use crate::{answer::problem::Problem, metrics, settings::Limits};

/// Wrong passwords. Somebody mistypes three times without noticing a delay; a guesser at one account gets 22 tries in the
/// first hour from a place of his own, and 12 an hour after that. NIST SP 800-63B-4, 3.2.2, asks for no more than 100 in
/// a row, and then a lock: that would be anybody's to put on anybody, so guesses are slowed down instead, and a password
/// alone opens nothing. Where the account has been used before, nobody's guesses elsewhere delay its owner, and no delay
/// is longer than 5 minutes anywhere.
pub(crate) const GUESSES: Delays = Delays {
    pair: Delay { free: 3, first: Duration::SECOND, longest: Duration::minutes(5), window: Duration::HOUR },
    // From many places at once. Shorter, because the owner may be on a journey and waits with the guessers.
    account: Delay { free: 10, first: Duration::SECOND, longest: Duration::minutes(1), window: Duration::HOUR },
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

/// Requests sent to one phone again, for a transaction, or because somebody signs up with it.
pub(crate) const PUSHES: Limit = Limit { count: 10, window: Duration::minutes(10) };

/// Sign-ups from one network, of which an operator says how many.
const SIGN_UPS: Duration = Duration::minutes(10);

/// Whoever has codes sent, and where to.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    pub(crate) user: UserId,
    pub(crate) provider_user: &'a ProviderUserId,
    /// Those of sign-ups count apart, so that nobody can use up those of the phone's owner.
    pub(crate) sign_up: bool,
    pub(crate) network: &'a str,
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
        // With codes off as well, this is all there is: three requests an hour are no storm.
        off_without_codes: Duration::HOUR,
    }
}

/// What wrong codes are limited by, for this account on this phone.
pub(crate) fn wrong_codes(user: UserId, provider_user: &ProviderUserId, sign_up: bool) -> CodeLimits {
    let tries = vec![(Subject::account(user), WRONG_CODES), (Subject::phone(provider_user, sign_up), WRONG_CODES)];
    CodeLimits { tries, in_a_row: WRONG_CODES_IN_A_ROW }
}

/// What the sending of codes is limited by.
pub(crate) fn sent_codes(limits: &Limits, sending: &Sending<'_>) -> Vec<(Subject, Limit)> {
    let of_country = Limit { count: limits.codes_per_country.into(), window: COUNTRY };
    vec![
        (Subject::account(sending.user), SENT_CODES),
        (Subject::phone(sending.provider_user, sending.sign_up), SENT_CODES),
        (Subject::network(sending.network), SENT_FROM_NETWORK),
        (Subject::country(sending.country, sending.sign_up), of_country),
    ]
}

/// What sign-ups from one network are limited by.
pub(crate) fn sign_ups(limits: &Limits, network: &str) -> (Subject, Limit) {
    let limit = Limit { count: limits.sign_ups_per_address.into(), window: SIGN_UPS };
    (Subject::network(network), limit)
}

/// The problem of having reached a limit; the log says which.
pub(crate) fn reached(limit: LimitName, limited: Limited) -> Problem {
    metrics::limit_reached(limit);
    tracing::warn!(limit = limit.word(), retry_after = limited.retry_after.whole_seconds(), "a limit is reached");
    Problem::too_many(tried(limit), limited)
}

/// The problem of a phone that is not asked now.
pub(crate) fn withheld(why: Withheld, now: OffsetDateTime) -> Problem {
    note(why);
    match why.until() {
        Some(until) => Problem::push_waits(why, Limited { retry_after: until - now }),
        None => Problem::push_off(),
    }
}

/// Says in the log that a phone is not asked.
pub(crate) fn note(why: Withheld) {
    metrics::limit_reached(LimitName::Pushes);
    tracing::warn!(limit = LimitName::Pushes.word(), reason = why.word(), "a phone is not asked");
}

/// The problem of codes being switched off.
pub(crate) fn codes_off() -> Problem {
    metrics::limit_reached(LimitName::CodesOff);
    Problem::codes_off()
}

/// What there was too much of, for people.
const fn tried(limit: LimitName) -> &'static str {
    match limit {
        LimitName::Passwords => "wrong passwords",
        LimitName::WrongCodes | LimitName::CodesOff => "wrong codes",
        LimitName::SentCodes => "codes were sent",
        LimitName::Pushes => "requests were sent",
        LimitName::SignUps => "people signed up from your address",
        LimitName::Sockets => "pages are waiting",
    }
}
