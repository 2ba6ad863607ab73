//! `/account` for whoever is in, and the way out.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use storage::ConfirmedBy;

use super::shell;
use crate::{
    hub::Hub,
    page::{self, Account, Moment, SignedIn},
    problem::Problem,
    visitor::{Caller, MaybeCaller},
};

/// Who you are, this session, recent sign-ins.
pub(crate) async fn page(State(hub): State<Hub>, caller: MaybeCaller) -> Result<Response, Problem> {
    let Some(caller) = caller.current() else { return Ok(Redirect::to("/sign-in").into_response()) };
    if !caller.is_confirmed() {
        let waiting = hub.storage.approval_of_session(caller.session.id).await?;
        let next = waiting.map_or_else(|| "/sign-in".to_owned(), |approval| format!("/approvals/{}", approval.id));
        return Ok(Redirect::to(&next).into_response());
    }
    let sign_ins = hub.storage.recent_sign_ins(&caller.session).await?;
    let session = &caller.session;
    let page = Account {
        shell: shell(&hub, Some(&caller)),
        full_name: session.full_name.clone(),
        email: session.email.clone(),
        phone: session.phone.clone(),
        session: SignedIn {
            at: Moment(session.confirmed_at.unwrap_or(session.created_at)),
            browser: session.browser.clone(),
            place: session.place.clone(),
            how: session.confirmed_by.map_or("", how),
        },
        recent: sign_ins.iter().map(shown).collect(),
    };
    Ok(page::respond(StatusCode::OK, &page))
}

/// Ends the session and takes its cookie away.
pub(crate) async fn sign_out(State(hub): State<Hub>, caller: MaybeCaller) -> Result<Response, Problem> {
    if let Some(caller) = caller.current() {
        sign_out_of(&hub, &caller).await?;
    }
    Ok((CookieJar::new().add(Caller::no_cookie(&hub)), Redirect::to("/")).into_response())
}

/// Ends the session; whatever it still waited for is taken back.
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
