//! When a phone is not asked, and for how long after a no. Pure: knows no database.

use strum::IntoStaticStr;
use time::{Duration, OffsetDateTime};

/// The longest life of an approval.
const LONGEST_LIFE: Duration = Duration::minutes(10);

/// When a phone is not asked.
#[derive(Debug, Clone, Copy)]
pub struct PushRules {
    /// Requests that may be on the phone at once.
    pub pending: u32,
    /// Denied or unanswered ones in a row after which push is off.
    pub refused: u32,
    /// From asking for the first refused one until the phone may be asked again.
    pub first_wait: Duration,
    /// Each further one in a row makes the wait this many times as long…
    pub growth: i32,
    /// …but no longer than this.
    pub longest_wait: Duration,
    /// The most concurrent requests on one phone, of all accounts and sign-ups together.
    pub on_phone: u32,
    /// Push comes back after this long where codes are off as well: or nothing would be left.
    pub off_without_codes: Duration,
}

/// Whether a phone may be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// It may.
    Allowed,
    /// It may not.
    Withheld(Withheld),
}

/// Why a phone is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Withheld {
    /// Enough requests are on it, the first until then.
    Pending(OffsetDateTime),
    /// The last request was denied or not answered; until then it has a rest.
    Refused(OffsetDateTime),
    /// Push is off until a code was accepted.
    Off,
}

impl PushRules {
    /// A phone may always be asked: for whoever asks none.
    pub const NONE: Self = Self {
        pending: u32::MAX,
        refused: u32::MAX,
        first_wait: Duration::ZERO,
        growth: 1,
        longest_wait: Duration::ZERO,
        on_phone: u32::MAX,
        off_without_codes: Duration::ZERO,
    };

    /// How long after the asking for the last of so many refused ones the phone may be asked again.
    pub(crate) fn wait(self, refused: u32) -> Duration {
        Self::growing(self.first_wait, self.growth, self.longest_wait, refused)
    }

    /// A wait that each further refused request in a row multiplies by `growth`, up to `longest`.
    pub(crate) fn growing(first: Duration, growth: i32, longest: Duration, refused: u32) -> Duration {
        let growth = f64::from(growth).powi(i32::try_from(refused.saturating_sub(1)).unwrap_or(i32::MAX));
        let seconds = (first.as_seconds_f64() * growth).min(longest.as_seconds_f64());
        if first.is_zero() { Duration::ZERO } else { Duration::seconds_f64(seconds) }
    }
}

impl Push {
    /// Withheld while `most` requests or more are pending; `first` is when the first of them expires.
    pub(crate) fn beside(pending: u32, first: Option<OffsetDateTime>, most: u32, now: OffsetDateTime) -> Self {
        match first {
            // The provider is polled once more about an expired request before it ends. A request that seems to live
            // longer than any can was made before the clock was set back; it ends in time as well.
            Some(first) if pending >= most => {
                Self::Withheld(Withheld::Pending(first.clamp(now + Duration::SECOND, now + LONGEST_LIFE)))
            }
            _ => Self::Allowed,
        }
    }
}

impl Withheld {
    /// The word for it in logs, audit rows and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// Until when, if time alone ends it.
    #[must_use]
    pub const fn until(self) -> Option<OffsetDateTime> {
        match self {
            Self::Pending(until) | Self::Refused(until) => Some(until),
            Self::Off => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_a_pending_request_is_no_longer_than_a_request_lives() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for (first, wait) in [(-5, 1), (0, 1), (90, 90), (3_690, 600)] {
            let until = now + Duration::seconds(wait);
            let push = Push::beside(1, Some(now + Duration::seconds(first)), 1, now);
            assert_eq!(push, Push::Withheld(Withheld::Pending(until)), "{first}");
        }
    }

    #[test]
    fn a_wait_grows_with_each_refused_push_up_to_its_end() {
        let (first_wait, longest_wait) = (Duration::seconds(5), Duration::minutes(15));
        let rules = PushRules { first_wait, longest_wait, growth: 30, ..PushRules::NONE };
        assert_eq!([1, 2, 3, 1000].map(|refused| rules.wait(refused).whole_seconds()), [5, 150, 900, 900]);
        assert_eq!(PushRules::NONE.wait(1000), Duration::ZERO);
    }
}
