//! What confirms a session, once; and the same proof shown again, which gets the same token: so that a lost reply, a
//! second tab or a double click never leaves a browser with a dead cookie.

use approval::ApprovalId;
use provider::Code;
use storage::{NewToken, Via};

use crate::{
    caller::{Caller, MaybeCaller},
    hub::Hub,
    refusal::Refusal,
    token::Token,
};

/// A proof as it is stored with the session it confirmed: nothing can be learnt from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof(String);

/// A session that is confirmed.
#[derive(Debug)]
pub enum Confirmed {
    /// It has this token from now on.
    With(Token),
    /// It was before, and the browser has the token in force.
    Already,
}

impl Proof {
    /// The proof that an approval is.
    #[must_use]
    pub fn by_approval(id: ApprovalId) -> Self {
        Self(id.to_string())
    }

    /// The proof that an accepted code is.
    pub(crate) fn by_code(hub: &Hub, code: &Code) -> Self {
        Self(hub.key.code_proof(code.expose()))
    }

    /// The text to store.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The token that follows the caller's with this proof, and what storage needs to put it in force.
    pub(crate) fn new_token(&self, hub: &Hub, caller: &Caller) -> (Token, NewToken) {
        let next = hub.key.next_token(&caller.token, &self.0);
        let (ends_at, idle_for) = (hub.clock.now() + hub.settings.session(), hub.settings.session_idle());
        let tokens = NewToken { old: caller.token.hash(), new: next.hash(), ends_at, idle_for };
        (next, tokens)
    }

    /// Whether the caller's session was confirmed by this very proof before. `None`: not by this one.
    ///
    /// # Errors
    /// [`Refusal::NoSession`] when the token before is shown for anything but its proof.
    pub fn shown_before(&self, hub: &Hub, caller: &Caller) -> Result<Option<Confirmed>, Refusal> {
        let same = caller.session.confirmed.as_ref().is_some_and(|confirmed| confirmed.proof == self.0);
        match caller.session.via {
            Via::Replaced if same => Ok(Some(Confirmed::With(hub.key.next_token(&caller.token, &self.0)))),
            Via::Replaced => Err(Refusal::NoSession),
            Via::Current if same => Ok(Some(Confirmed::Already)),
            Via::Current => Ok(None),
        }
    }

    /// The approval that the token before may complete once more, when the reply with the new token got lost.
    #[must_use]
    pub fn to_repeat(caller: &Caller) -> Option<ApprovalId> {
        let confirmed = caller.session.confirmed.as_ref().filter(|_| caller.session.via == Via::Replaced);
        confirmed?.proof.parse().ok()
    }

    /// The same by what is written now: another request with this proof may have been quicker.
    pub(crate) async fn shown_meanwhile(&self, hub: &Hub, caller: &Caller) -> Result<Option<Confirmed>, Refusal> {
        match MaybeCaller::of(hub, caller.token.clone()).await?.0 {
            Some(caller) => self.shown_before(hub, &caller),
            None => Ok(None),
        }
    }
}
