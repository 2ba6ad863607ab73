//! The problems of reached limits: the reason, and how long to wait. The limits themselves are the hub's.

use axum::http::StatusCode;
use hub::{Limited, Withheld};

use super::{Kind, Problem, SOON};

/// When another try makes sense after the provider's limit was reached, unless the provider says.
const OVER_LIMIT: std::time::Duration = std::time::Duration::from_mins(1);
/// Nobody is told to wait longer for the provider, whatever it says.
const DAY: i64 = 86_400;

impl Problem {
    /// A limit is reached.
    pub(crate) fn too_many(what: &str, limited: Limited) -> Self {
        Self::waiting(limited, |wait| format!("Too many {what}. Please try again in {wait}."))
    }

    /// The phone is not asked now, and will be later.
    pub(crate) fn push_waits(why: Withheld, limited: Limited) -> Self {
        let reason = match why {
            Withheld::Pending(_) => "Requests are waiting on your phone",
            _ => "The last request was not approved",
        };
        Self::waiting(limited, |wait| {
            format!("{reason}. You can have your phone asked again in {wait}. To sign in, you can use a code now.")
        })
    }

    /// A phone has been used with its daily number of addresses. The answer is the same whether the next address has an
    /// account or not.
    pub(crate) fn too_many_addresses(limited: Limited) -> Self {
        let hours = (limited.retry_after.whole_seconds() + 3599) / 3600;
        let hours = if hours == 1 { "an hour".to_owned() } else { format!("{hours} hours") };
        Self::waiting(limited, |_| {
            format!("This phone was used with several addresses today. Please try again in {hours}.")
        })
    }

    /// An unproven phone is called only after a wait that follows a text message. `None` if no text message was sent
    /// yet.
    pub(crate) fn text_first(limited: Option<Limited>) -> Self {
        let problem = Self::new(Kind::TextFirst, "A text message comes first", StatusCode::CONFLICT);
        let Some(limited) = limited else {
            return problem.saying("Please have a text message sent first. A minute later we can call.");
        };
        let waiting = Self::waiting(limited, |wait| format!("We can call in {wait}, if no text message comes."));
        Self { retry_after: waiting.retry_after, ..problem }.saying(waiting.detail)
    }

    /// The provider takes no more of our requests for now, and perhaps says for how long.
    pub(crate) fn provider_over_limit(wait: Option<std::time::Duration>) -> Self {
        let seconds = i64::try_from(wait.unwrap_or(OVER_LIMIT).as_secs()).unwrap_or(i64::MAX).clamp(1, DAY);
        let problem = Self { retry_after: Some(seconds), ..Self::provider_unavailable() };
        problem.saying(format!(
            "The phone service takes no more from us right now. Please try again in {}.",
            in_words(seconds)
        ))
    }

    fn waiting(limited: Limited, sentence: impl FnOnce(&str) -> String) -> Self {
        let millis = i64::try_from(limited.retry_after.whole_milliseconds()).unwrap_or(i64::MAX);
        let seconds = (millis.saturating_add(999) / 1000).max(1);
        let problem = Self::new(Kind::TooManyAttempts, "Too many attempts", StatusCode::TOO_MANY_REQUESTS);
        Self { retry_after: Some(seconds), ..problem }.saying(sentence(&in_words(seconds)))
    }

    /// Push is off for the account.
    pub(crate) fn push_off() -> Self {
        Self::new(Kind::PushOff, "Requests to your phone are off", StatusCode::FORBIDDEN)
            .saying("Several requests in a row were not approved. Use a code; that switches them on again.")
    }

    /// Codes are off for the account.
    pub(crate) fn codes_off() -> Self {
        Self::new(Kind::CodesOff, "Codes are off for your account", StatusCode::FORBIDDEN)
            .saying("Too many codes in a row were wrong. Tap Approve on your phone; that switches codes on again.")
    }

    /// This code is being checked already, and no further request may wait for the outcome.
    pub(crate) fn code_in_work() -> Self {
        Self::at_once("Your last code is still being checked. Please try again in a few seconds.")
    }

    /// More requests with one cookie are being processed than a browser sends.
    pub(crate) fn too_many_at_once() -> Self {
        Self::at_once("Your last requests are still in work. Please try again in a few seconds.")
    }

    fn at_once(detail: &'static str) -> Self {
        let problem = Self::new(Kind::TooManyAttempts, "Too many attempts", StatusCode::TOO_MANY_REQUESTS);
        Self { retry_after: Some(SOON), ..problem }.saying(detail)
    }

    /// More pages wait than one session, or one address, may have.
    pub(crate) fn too_many_sockets() -> Self {
        let problem = Self::new(Kind::TooManySockets, "Too many pages are waiting", StatusCode::TOO_MANY_REQUESTS);
        Self { retry_after: Some(SOON), ..problem }
            .saying("This is open in too many places at once. Please close some of them.")
    }
}

/// A time to wait, as people say it.
pub(crate) fn in_words(seconds: i64) -> String {
    match seconds {
        ..=1 => "a second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60 => "a minute".to_owned(),
        _ => format!("{} minutes", (seconds + 59) / 60),
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn the_providers_limit_says_how_long_to_wait_as_far_as_the_provider_does() {
        for (told, seconds, words) in [
            (Some(17), 17, "17 seconds"),
            (Some(0), 1, "a second"),
            (Some(u64::MAX), 86_400, "1440 minutes"),
            (None, 60, "a minute"),
        ] {
            let problem = Problem::provider_over_limit(told.map(std::time::Duration::from_secs));
            assert_eq!((problem.kind, problem.retry_after), (Kind::ProviderUnavailable, Some(seconds)));
            assert!(problem.detail.ends_with(&format!("try again in {words}.")), "{}", problem.detail);
        }
    }

    #[test]
    fn a_limit_says_in_words_and_in_whole_seconds_how_long_to_wait() {
        for (retry_after, seconds, words) in [
            (Duration::MILLISECOND, 1, "a second"),
            (Duration::SECOND, 1, "a second"),
            (Duration::milliseconds(1001), 2, "2 seconds"),
            (Duration::MINUTE, 60, "a minute"),
            (Duration::seconds(61), 61, "2 minutes"),
        ] {
            let problem = Problem::too_many("wrong passwords", Limited { retry_after });
            assert_eq!((problem.kind, problem.retry_after), (Kind::TooManyAttempts, Some(seconds)));
            assert_eq!(problem.detail, format!("Too many wrong passwords. Please try again in {words}."));
        }
    }
}
