//! The one place where an approval changes its status.

use thiserror::Error;
use time::OffsetDateTime;

use crate::Status;

/// What somebody wants to make of a pending approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The provider says exactly `approved`.
    Approve,
    /// The provider says exactly `denied`.
    Deny,
    /// The provider says `expired`, or our own time is up.
    Expire,
    /// The browser that asked takes it back.
    Cancel,
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refused {
    /// The approval had been decided before; a decision is final.
    #[error("the approval is already {0}")]
    AlreadyFinal(Status),
    /// The answer came after the end of the approval: it is expired, whatever the answer was.
    #[error("the answer came after the approval had expired")]
    TooLate,
}

impl Change {
    /// What a status word of the provider asks for. `None` for every word that is not exactly one of the three:
    /// doubt never approves.
    #[must_use]
    pub fn from_provider(status: &str) -> Option<Self> {
        match status {
            "approved" => Some(Self::Approve),
            "denied" => Some(Self::Deny),
            "expired" => Some(Self::Expire),
            _ => None,
        }
    }

    /// The status that a pending approval gets by it.
    #[must_use]
    pub const fn target(self) -> Status {
        match self {
            Self::Approve => Status::Approved,
            Self::Deny => Status::Denied,
            Self::Expire => Status::Expired,
            Self::Cancel => Status::Cancelled,
        }
    }
}

/// The status after `change`, wanted at `now` of an approval that ends at `expires_at`.
///
/// # Errors
/// [`Refused`] when the approval is decided already, or when its time is up and the change is anything but
/// [`Change::Expire`]; the caller then writes `Expired`.
pub fn transition(
    status: Status,
    change: Change,
    now: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<Status, Refused> {
    if status.is_final() {
        return Err(Refused::AlreadyFinal(status));
    }
    if now >= expires_at && change != Change::Expire {
        return Err(Refused::TooLate);
    }
    Ok(change.target())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;

    use super::*;

    const END: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn any_status() -> impl Strategy<Value = Status> {
        prop_oneof![
            Just(Status::Pending),
            Just(Status::Approved),
            Just(Status::Denied),
            Just(Status::Expired),
            Just(Status::Cancelled)
        ]
    }

    fn any_change() -> impl Strategy<Value = Change> {
        prop_oneof![Just(Change::Approve), Just(Change::Deny), Just(Change::Expire), Just(Change::Cancel)]
    }

    /// The word with up to three of its letters in another case or alphabet, doubled, gone, or beside something that
    /// hardly shows.
    fn looks_like_approved() -> impl Strategy<Value = String> {
        const WORD: [&str; 8] = ["a", "p", "p", "r", "o", "v", "e", "d"];
        const ALIKE: [[&str; 5]; 8] = [
            ["A", "а", "ａ", "aa", ""],
            ["P", "р", "ｐ", "pp", ""],
            ["P", "ρ", "𝐩", "pp", ""],
            ["R", "г", "ｒ", "rr", ""],
            ["O", "о", "0", "oo", ""],
            ["V", "ѵ", "ⅴ", "vv", ""],
            ["E", "е", "ё", "ee", ""],
            ["D", "ԁ", "ⅾ", "dd", ""],
        ];
        let hardly_shows = prop::sample::select(vec![
            "\0", " ", "\n", "\t", "\u{a0}", "\u{200b}", "\u{200d}", "\u{feff}", "\u{202e}", "\u{ad}", "\u{301}", "'",
        ]);
        let change = prop_oneof![
            (0..8usize, 0..5usize).prop_map(|(at, how)| (at, ALIKE[at][how].to_owned())),
            (0..8usize, hardly_shows.clone()).prop_map(|(at, one)| (at, format!("{one}{}", WORD[at]))),
            (0..8usize, hardly_shows).prop_map(|(at, one)| (at, format!("{}{one}", WORD[at]))),
        ];
        prop::collection::vec(change, 1..4).prop_map(|changes| {
            let mut letters = WORD.map(str::to_owned);
            for (at, new) in changes {
                letters[at] = new;
            }
            letters.concat()
        })
    }

    proptest! {
        #[test]
        fn a_final_status_never_changes(status in any_status(), change in any_change(), seconds in -600i64..600) {
            prop_assume!(status.is_final());
            prop_assert_eq!(transition(status, change, END + Duration::seconds(seconds), END), Err(Refused::AlreadyFinal(status)));
        }

        #[test]
        fn only_approve_before_the_end_approves(status in any_status(), change in any_change(), seconds in -600i64..600) {
            let approved = transition(status, change, END + Duration::seconds(seconds), END) == Ok(Status::Approved);
            prop_assert_eq!(approved, status == Status::Pending && change == Change::Approve && seconds < 0);
        }

        #[test]
        fn no_word_that_looks_like_approved_approves(word in looks_like_approved()) {
            // One letter gone and its like doubled is the word again.
            prop_assume!(word != "approved");
            prop_assert_ne!(Change::from_provider(&word), Some(Change::Approve));
        }

        #[test]
        fn no_other_word_of_the_provider_is_an_answer(word in ".{0,12}") {
            prop_assume!(!["approved", "denied", "expired"].contains(&word.as_str()));
            prop_assert_eq!(Change::from_provider(&word), None);
        }
    }

    #[test]
    fn near_misses_of_approved_are_no_answer() {
        for word in [
            "",
            "Approved",
            "APPROVED",
            " approved",
            "approved ",
            "approved\0",
            "approve",
            "true",
            "pending",
            "аpproved",
        ] {
            assert_eq!(Change::from_provider(word), None, "{word:?}");
        }
    }

    #[test]
    fn the_last_millisecond_counts_and_the_end_does_not() {
        let just_before = END - Duration::milliseconds(1);
        assert_eq!(transition(Status::Pending, Change::Approve, just_before, END), Ok(Status::Approved));
        assert_eq!(transition(Status::Pending, Change::Approve, END, END), Err(Refused::TooLate));
    }
}
