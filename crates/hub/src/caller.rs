//! Whose request it is: the session behind a token. Knows no cookie.

use approval::{Approval, ApprovalId, Purpose};
use storage::{Session, Via};

use crate::{hub::Hub, refusal::Refusal, token::Token};

/// A live session and the token that was shown for it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The session.
    pub session: Session,
    /// The token that was shown for it: the one in force, or the one before.
    pub token: Token,
}

/// The caller, where there is one. The token before counts here; only repeating its proof may use it.
#[derive(Debug, Clone)]
pub struct MaybeCaller(pub Option<Caller>);

impl Caller {
    /// Whether a proof has confirmed the session.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.session.confirmed.is_some()
    }

    /// The approval, if it belongs to this session. Any other is answered like one that does not exist.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] if it is not.
    pub async fn own(&self, hub: &Hub, id: ApprovalId) -> Result<Approval, Refusal> {
        let approval = hub.storage.approvals().find(id).await?;
        approval.filter(|approval| approval.session == self.session.id).ok_or(Refusal::NotFound)
    }

    /// The approval, if it is this session's, or a transaction of the same person who is in elsewhere now: to look at,
    /// not to act on.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] if it is not.
    pub async fn sees(&self, hub: &Hub, id: ApprovalId) -> Result<Approval, Refusal> {
        let approval = hub.storage.approvals().find(id).await?;
        let elsewhere = |approval: &Approval| {
            self.is_confirmed() && approval.user == self.session.user && approval.purpose == Purpose::Transaction
        };
        let seen = approval.filter(|approval| approval.session == self.session.id || elsewhere(approval));
        seen.ok_or(Refusal::NotFound)
    }

    /// Whether the session is a sign-up's: its account waits for the phone to be proven.
    #[must_use]
    pub const fn is_sign_up(&self) -> bool {
        !self.session.active
    }
}

impl MaybeCaller {
    /// The caller by the token in force.
    #[must_use]
    pub fn current(self) -> Option<Caller> {
        self.0.filter(|caller| caller.session.via == Via::Current)
    }

    /// The caller by the token in force, or a refusal.
    ///
    /// # Errors
    /// [`Refusal::NoSession`] if there is none.
    pub fn required(self) -> Result<Caller, Refusal> {
        self.current().ok_or(Refusal::NoSession)
    }

    /// The caller by the token in force, if a proof has confirmed the session, or a refusal.
    ///
    /// # Errors
    /// [`Refusal::NoSession`] if there is none.
    pub fn confirmed(self) -> Result<Caller, Refusal> {
        self.current().filter(Caller::is_confirmed).ok_or(Refusal::NoSession)
    }

    /// The session behind a token.
    ///
    /// # Errors
    /// [`Refusal::Internal`] or [`Refusal::DatabaseBusy`].
    pub async fn of(hub: &Hub, token: Token) -> Result<Self, Refusal> {
        let session = hub.storage.sessions().find(token.hash()).await?;
        Ok(Self(session.map(|session| Caller { session, token })))
    }
}
