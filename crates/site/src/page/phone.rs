//! The phone of a session, as its pages show it.

use std::fmt;

use approval::Secret;

/// The phone of a session, masked or in full.
#[derive(Debug, Clone)]
pub(crate) enum ShownPhone {
    /// The phone of an account: only its last two digits, as in `"67"`. Its owner recognises it by them.
    Ending(String),
    /// The phone of a pending sign-up, in full, as in `+1 201-555-0123`: its owner can notice a mistake.
    InFull(Secret),
}

impl ShownPhone {
    /// True for a pending sign-up, whose number can still be changed.
    pub(crate) const fn is_sign_up(&self) -> bool {
        matches!(self, Self::InFull(_))
    }

    /// The words before the bold digits in a sentence.
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
impl fmt::Display for ShownPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ending(digits) => write!(f, "ending in {digits}"),
            Self::InFull(number) => f.write_str(number.expose()),
        }
    }
}
