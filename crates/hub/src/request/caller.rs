//! Whose request it is: the session behind the cookie, and the cookie itself.

use approval::{Approval, ApprovalId, Purpose};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use axum_extra::extract::cookie::{Cookie, SameSite};
use storage::{Session, Via};
use time::Duration;

use crate::{answer::problem::Problem, hub::Hub, request::cookie::cookie, settings::PENDING_SESSION, token::Token};

/// A live session and the token that was shown for it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) session: Session,
    pub(crate) token: Token,
}

/// The caller, where there is one. The token before counts here; only repeating its proof may use it.
#[derive(Debug, Clone)]
pub(crate) struct MaybeCaller(pub(crate) Option<Caller>);

impl Caller {
    /// Whether a proof has confirmed the session.
    pub(crate) const fn is_confirmed(&self) -> bool {
        self.session.confirmed.is_some()
    }

    /// The approval, if it is this session's; of all others nobody learns that they exist.
    pub(crate) async fn own(&self, hub: &Hub, id: ApprovalId) -> Result<Approval, Problem> {
        let approval = hub.storage.approval(id).await?;
        approval.filter(|approval| approval.session == self.session.id).ok_or_else(Problem::not_found)
    }

    /// The approval, if it is this session's, or a transaction of the same person who is in elsewhere now: to look at,
    /// not to act on.
    pub(crate) async fn sees(&self, hub: &Hub, id: ApprovalId) -> Result<Approval, Problem> {
        let approval = hub.storage.approval(id).await?;
        let elsewhere = |approval: &Approval| {
            self.is_confirmed() && approval.user == self.session.user && approval.purpose == Purpose::Transaction
        };
        let seen = approval.filter(|approval| approval.session == self.session.id || elsewhere(approval));
        seen.ok_or_else(Problem::not_found)
    }

    /// Whether the session is a sign-up's: its account waits for the phone to be proven.
    pub(crate) const fn is_sign_up(&self) -> bool {
        !self.session.active
    }

    /// The cookie that holds `token`.
    pub(crate) fn cookie(hub: &Hub, token: &Token, confirmed: bool) -> Cookie<'static> {
        let secure = is_secure(hub);
        let age: Duration = if confirmed { hub.settings.session() } else { PENDING_SESSION };
        Cookie::build((cookie_name(secure), token.expose().to_owned()))
            .path("/")
            .http_only(true)
            .secure(secure)
            .same_site(SameSite::Lax)
            .max_age(age)
            .build()
    }

    /// The cookie that takes the token away: only for a sign-out.
    pub(crate) fn no_cookie(hub: &Hub) -> Cookie<'static> {
        let mut cookie = Self::cookie(hub, &Token::shown(""), false);
        cookie.make_removal();
        cookie
    }
}

impl MaybeCaller {
    /// The caller by the token in force.
    pub(crate) fn current(self) -> Option<Caller> {
        self.0.filter(|caller| caller.session.via == Via::Current)
    }

    /// The caller by the token in force, or the problem of having none.
    pub(crate) fn required(self) -> Result<Caller, Problem> {
        self.current().ok_or_else(Problem::no_session)
    }

    /// The caller by the token in force, if a proof has confirmed the session, or the problem of having none.
    pub(crate) fn confirmed(self) -> Result<Caller, Problem> {
        self.current().filter(Caller::is_confirmed).ok_or_else(Problem::no_session)
    }

    /// The session behind a token.
    pub(crate) async fn of(hub: &Hub, token: Token) -> Result<Self, Problem> {
        let session = hub.storage.session(token.hash()).await?;
        Ok(Self(session.map(|session| Caller { session, token })))
    }
}

impl FromRequestParts<Hub> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        match token(hub, &parts.headers) {
            Some(token) => Self::of(hub, token).await,
            None => Ok(Self(None)),
        }
    }
}

/// The token in the request's cookie, valid or not. A value of another length is no token, and nothing looks it up.
pub(crate) fn token(hub: &Hub, headers: &HeaderMap) -> Option<Token> {
    let value = cookie(headers, cookie_name(is_secure(hub)));
    value.filter(|value| value.len() == Token::LENGTH).map(Token::shown)
}

/// Browsers keep cookies for loopback without TLS only if they are not `Secure`.
pub(crate) fn is_secure(hub: &Hub) -> bool {
    !hub.origins.is_loopback()
}

/// `__Host-` makes browsers refuse the cookie from any other host or path (RFC 6265bis, 4.1.3.2); it needs `Secure`.
pub(crate) const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-countersign" } else { "countersign" }
}
