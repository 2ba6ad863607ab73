//! `/code`: the code from an SMS, a call or the authenticator.

use approval::{Approval, Channel};
use askama::Template;

use super::{Shell, ShownPhone};
use crate::answer::problem::in_words;

/// The form, with what is known about the code's way.
#[derive(Debug, Template)]
#[template(path = "code.html")]
pub(crate) struct Code {
    /// The frame.
    pub(crate) shell: Shell,
    /// Why the person is here.
    pub(crate) reason: Reason,
    /// The phone that gets the code.
    pub(crate) phone: ShownPhone,
    /// How the last code was sent; `None` when none was.
    pub(crate) sent: Option<Channel>,
    /// The note under the button for a call: what it does, or when it is possible.
    pub(crate) call_note: String,
    /// What is wrong with the code that was typed.
    pub(crate) error: Option<String>,
    /// What went wrong with its sending or checking.
    pub(crate) trouble: Option<String>,
    /// The approval that a code answers as well as a tap, until it is decided.
    pub(crate) pending: Option<Approval>,
}

impl Code {
    /// How long the phone is left alone, in words.
    fn wait(&self) -> String {
        match self.reason {
            Reason::Busy(seconds) | Reason::Rest(seconds) => in_words(seconds),
            _ => String::new(),
        }
    }

    /// Completes the words "sign …", for a sign-up or a sign-in.
    const fn again(&self) -> &'static str {
        if self.phone.is_sign_up() { "up again" } else { "in again" }
    }

    /// Whether signing in again has the phone asked, now or soon.
    const fn may_be_asked_again(&self) -> bool {
        matches!(self.reason, Reason::Rested | Reason::Busy(_) | Reason::Rest(_))
    }

    /// The approval to go back to, if the phone has been asked, as far as we know.
    fn may_be_tapped(&self) -> Option<&Approval> {
        self.pending.as_ref().filter(|approval| approval.delivery.may_ring())
    }
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
    /// The phone is not asked: it shows enough requests already, for so many seconds.
    Busy(i64),
    /// The phone is not asked: the last request was not approved, and it has a rest of so many seconds.
    Rest(i64),
    /// The phone is not asked until a code was used.
    Off,
    /// The phone was not asked, and may be by now.
    Rested,
}
