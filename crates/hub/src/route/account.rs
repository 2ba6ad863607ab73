//! `/account` for whoever is in, and the way out.

use approval::ApprovalId;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use serde::Deserialize;
use storage::{ConfirmedBy, LiveSession, Notice};

use super::frame::{shell, to_sign_in};
use crate::{
    answer::problem::Problem,
    hub::Hub,
    page::{self, Account, Device, Devices, Listed, Moment, Noted, SignedIn, Transfer},
    request::{
        body::OfNotice,
        caller::{Caller, MaybeCaller},
        query::{QueryRejection, ShortQuery},
    },
    steps::{endings, proof::Proof},
};

/// Which transactions are listed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Those that are older than this one; without it, the newest.
    before: Option<ApprovalId>,
}

/// Transactions, who you are, where you are signed in, recent sign-ins.
pub(crate) async fn page(
    State(hub): State<Hub>,
    caller: MaybeCaller,
    which: Result<ShortQuery<Which>, QueryRejection>,
) -> Result<Response, Problem> {
    let ShortQuery(which) =
        which.map_err(|_| Problem::bad_request("The only parameter is before, the id of an approval."))?;
    if let Some(id) = caller.0.as_ref().and_then(Proof::to_repeat) {
        return Ok(Redirect::to(&format!("/approvals/{id}")).into_response());
    }
    let Some(caller) = caller.current() else { return Ok(to_sign_in()) };
    if !caller.is_confirmed() {
        let waiting = hub.storage.approval_of_session(caller.session.id).await?;
        // Without an approval the phone was not asked, and a code is waited for.
        let next = waiting.map_or_else(|| "/code".to_owned(), |approval| format!("/approvals/{}", approval.id));
        return Ok(Redirect::to(&next).into_response());
    }
    if caller.session.password_doubted {
        return Ok(Redirect::to("/password").into_response());
    }
    let transfer = Transfer::empty(ApprovalId::new(&hub.clock, &hub.entropy));
    Ok(page::respond(StatusCode::OK, &account(&hub, &caller, transfer, which).await?))
}

/// The account page with this form on it.
pub(super) async fn account(hub: &Hub, caller: &Caller, transfer: Transfer, which: Which) -> Result<Account, Problem> {
    let session = &caller.session;
    let sign_ins = hub.storage.recent_sign_ins(session).await?;
    let listed = hub.storage.transactions(session.user, which.before).await?;
    let notices = hub.storage.notices(session.user).await?;
    Ok(Account {
        shell: shell(hub, Some(caller)),
        full_name: session.full_name.clone(),
        email: session.email.clone(),
        phone: session.phone.clone(),
        devices: Devices {
            all: hub.storage.live_sessions(session).await?.into_iter().map(device).collect(),
            password_set: session.password_set_at.map(Moment),
        },
        notices: notices.into_iter().map(noted).collect(),
        transfer,
        older: listed.transactions.last().filter(|_| listed.more).map(|one| one.id),
        newest: which.before.is_none(),
        transactions: listed.transactions.iter().map(Listed::from).collect(),
        recent: sign_ins.iter().map(shown).collect(),
    })
}

/// Shows a notice no more.
pub(crate) async fn dismiss(
    State(hub): State<Hub>,
    OfNotice(id): OfNotice,
    caller: MaybeCaller,
) -> Result<Redirect, Problem> {
    let caller = caller.confirmed()?;
    hub.storage.dismiss_notice(caller.session.user, id).await?;
    Ok(Redirect::to("/account"))
}

/// Ends the session and takes its cookie away.
pub(crate) async fn sign_out(State(hub): State<Hub>, caller: MaybeCaller) -> Result<Response, Problem> {
    if let Some(caller) = caller.current() {
        endings::sign_out(&hub, &caller).await?;
    }
    Ok((CookieJar::new().add(Caller::no_cookie(&hub)), Redirect::to("/")).into_response())
}

fn shown(one: &storage::SignIn) -> SignedIn {
    SignedIn { at: Moment(one.at), browser: one.browser.clone(), place: one.place.clone(), how: how(one.by) }
}

fn noted(notice: Notice) -> Noted {
    Noted {
        id: notice.id,
        kind: notice.kind,
        at: Moment(notice.at),
        ended: notice.ended_at.map(Moment),
        browser: notice.browser.unwrap_or_default(),
        place: notice.place.unwrap_or_default(),
    }
}

fn device(one: LiveSession) -> Device {
    Device {
        id: one.id,
        browser: one.browser,
        place: one.place,
        how: one.confirmed_by.map_or("Waits for the phone", how),
        since: Moment(one.confirmed_at.unwrap_or(one.created_at)),
        used: Moment(one.last_used_at),
        current: one.current,
    }
}

const fn how(by: ConfirmedBy) -> &'static str {
    match by {
        ConfirmedBy::Approval => "Approved on the phone",
        ConfirmedBy::Code => "With a code",
    }
}
