//! `/account` for whoever is in, and the way out.

use approval::ApprovalId;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use storage::ConfirmedBy;

use super::shell;
use crate::{
    caller::{Caller, MaybeCaller},
    hub::Hub,
    page::{self, Account, Listed, Moment, SignedIn, Transfer},
    problem::Problem,
};

/// Transactions, who you are, this session, recent sign-ins.
pub(crate) async fn page(State(hub): State<Hub>, caller: MaybeCaller) -> Result<Response, Problem> {
    let Some(caller) = caller.current() else { return Ok(Redirect::to("/sign-in").into_response()) };
    if !caller.is_confirmed() {
        let waiting = hub.storage.approval_of_session(caller.session.id).await?;
        let next = waiting.map_or_else(|| "/sign-in".to_owned(), |approval| format!("/approvals/{}", approval.id));
        return Ok(Redirect::to(&next).into_response());
    }
    let transfer = Transfer::empty(ApprovalId::new(&hub.clock, &hub.entropy));
    Ok(page::respond(StatusCode::OK, &account(&hub, &caller, transfer).await?))
}

/// The account page with this form on it.
pub(super) async fn account(hub: &Hub, caller: &Caller, transfer: Transfer) -> Result<Account, Problem> {
    let session = &caller.session;
    let sign_ins = hub.storage.recent_sign_ins(session).await?;
    let transactions = hub.storage.transactions(session.user).await?;
    Ok(Account {
        shell: shell(hub, Some(caller)),
        full_name: session.full_name.clone(),
        email: session.email.clone(),
        phone: session.phone.clone(),
        session: SignedIn {
            at: Moment(session.confirmed_at.unwrap_or(session.created_at)),
            browser: session.browser.clone(),
            place: session.place.clone(),
            how: session.confirmed_by.map_or("", how),
        },
        transfer,
        transactions: transactions.iter().map(Listed::from).collect(),
        recent: sign_ins.iter().map(shown).collect(),
    })
}

/// Ends the session and takes its cookie away.
pub(crate) async fn sign_out(State(hub): State<Hub>, caller: MaybeCaller) -> Result<Response, Problem> {
    if let Some(caller) = caller.current() {
        sign_out_of(&hub, &caller).await?;
    }
    Ok((CookieJar::new().add(Caller::no_cookie(&hub)), Redirect::to("/")).into_response())
}

/// Ends the session; whatever it still waited for is cancelled.
pub(super) async fn sign_out_of(hub: &Hub, caller: &Caller) -> Result<(), Problem> {
    for approval in hub.storage.sign_out(&caller.session).await? {
        hub.changed(&approval);
    }
    Ok(())
}

fn shown(one: &storage::SignIn) -> SignedIn {
    SignedIn { at: Moment(one.at), browser: one.browser.clone(), place: one.place.clone(), how: how(one.by) }
}

const fn how(by: ConfirmedBy) -> &'static str {
    match by {
        ConfirmedBy::Approval => "Approved on the phone",
        ConfirmedBy::Code => "With a code",
    }
}
