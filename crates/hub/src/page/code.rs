//! `/code`: the code from an SMS, a call or the authenticator.

use approval::{ApprovalId, Channel};
use askama::Template;

use super::Shell;

/// The form, with what is known about the code's way.
#[derive(Debug, Template)]
#[template(path = "code.html")]
pub(crate) struct Code {
    /// The frame.
    pub(crate) shell: Shell,
    /// Why the person is here.
    pub(crate) reason: Reason,
    /// The phone, masked: only its last two digits, as in `"67"`.
    pub(crate) phone_ending: String,
    /// How the last code was sent; `None` when none was.
    pub(crate) sent: Option<Channel>,
    /// What went wrong with the last code or with its sending.
    pub(crate) error: Option<String>,
    /// The approval that still waits for a tap, to go back to.
    pub(crate) waiting: Option<ApprovalId>,
}

/// Why somebody types a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// They chose to.
    Chosen,
    /// There is no app on the phone.
    NoApp,
    /// The provider could not be reached or refused.
    Unavailable,
}
