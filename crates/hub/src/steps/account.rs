//! What a person reads about the account: sessions, notices, recent sign-ins, transactions. Changes nothing but a
//! dismissed notice.

use approval::{Approval, ApprovalId};
use storage::{Listed, LiveSession, Notice, SignIn};

use crate::{caller::Caller, hub::Hub, refusal::Refusal};

/// All that the account page shows.
#[derive(Debug)]
pub struct Overview {
    /// The newest sign-ins of the account.
    pub sign_ins: Vec<SignIn>,
    /// The transactions of one page.
    pub transactions: Listed,
    /// What the person should know, newest first.
    pub notices: Vec<Notice>,
    /// The live sessions, the caller's own first.
    pub sessions: Vec<LiveSession>,
}

/// The overview for the account page, with transactions older than `before`, or the newest ones.
///
/// # Errors
/// [`Refusal::Internal`] or [`Refusal::DatabaseBusy`].
pub async fn overview(hub: &Hub, caller: &Caller, before: Option<ApprovalId>) -> Result<Overview, Refusal> {
    let session = &caller.session;
    Ok(Overview {
        sign_ins: hub.storage.sessions().recent_sign_ins(session).await?,
        transactions: hub.storage.transactions().list(session.user, before).await?,
        notices: notices(hub, caller).await?,
        sessions: live_sessions(hub, caller).await?,
    })
}

/// What the person should know, newest first.
///
/// # Errors
/// As [`overview`].
pub async fn notices(hub: &Hub, caller: &Caller) -> Result<Vec<Notice>, Refusal> {
    Ok(hub.storage.notices().list(caller.session.user).await?)
}

/// Shows a notice no more.
///
/// # Errors
/// As [`overview`].
pub async fn dismiss_notice(hub: &Hub, caller: &Caller, id: i64) -> Result<(), Refusal> {
    Ok(hub.storage.notices().dismiss(caller.session.user, id).await?)
}

/// The live sessions of the account: the caller's own first, then by last use; at most [`storage::LISTED_SESSIONS`].
///
/// # Errors
/// As [`overview`].
pub async fn live_sessions(hub: &Hub, caller: &Caller) -> Result<Vec<LiveSession>, Refusal> {
    Ok(hub.storage.sessions().live(&caller.session).await?)
}

/// The approval that the caller's session waits for. `None`: its phone was not asked, and it waits for a code.
///
/// # Errors
/// As [`overview`].
pub async fn waits_for(hub: &Hub, caller: &Caller) -> Result<Option<Approval>, Refusal> {
    Ok(hub.storage.approvals().newest_of(caller.session.id).await?)
}
