//! The phone of a session, as its pages show it.

use std::fmt;

use approval::Secret;

/// The phone that is asked.
#[derive(Debug, Clone)]
pub(crate) enum Phone {
    /// Of an account: only the last two digits, as in `"67"`. Enough for its owner to know it.
    Ending(String),
    /// Of a pending sign-up: in full, as in `+1 201-555-0123`, so that its owner sees a mistake.
    InFull(Secret),
}

impl Phone {
    /// Whether the number can still be changed.
    pub(crate) const fn is_sign_up(&self) -> bool {
        matches!(self, Self::InFull(_))
    }

    /// What stands before the bold part in a sentence.
    pub(crate) const fn before(&self) -> &'static str {
        match self {
            Self::Ending(_) => "the phone ending in ",
            Self::InFull(_) => "",
        }
    }

    /// The digits that are shown.
    pub(crate) fn digits(&self) -> &str {
        match self {
            Self::Ending(digits) => digits,
            Self::InFull(number) => number.expose(),
        }
    }
}

/// As a row of a list shows it.
impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ending(digits) => write!(f, "ending in {digits}"),
            Self::InFull(number) => f.write_str(number.expose()),
        }
    }
}
