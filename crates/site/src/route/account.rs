//! `/account` for whoever is in, and the way out.

use approval::ApprovalId;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use hub::{
    ConfirmedBy, LiveSession, Notice,
    caller::{Caller, MaybeCaller},
    steps::{
        account::{self, Overview},
        endings,
        proof::Proof,
    },
};
use serde::Deserialize;

use super::frame::{shell, to_sign_in};
use crate::{
    answer::problem::Problem,
    page::{self, Account, Device, Devices, Listed, Moment, Noted, SignedIn, Transfer},
    request::{
        body::OfNotice,
        caller::no_cookie,
        query::{QueryRejection, ShortQuery},
    },
    site::Site,
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
    State(site): State<Site>,
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
        let waiting = account::waits_for(&site.hub, &caller).await?;
        // Without an approval the phone was not asked, and a code is waited for.
        let next = waiting.map_or_else(|| "/code".to_owned(), |approval| format!("/approvals/{}", approval.id));
        return Ok(Redirect::to(&next).into_response());
    }
    if caller.session.password_doubted {
        return Ok(Redirect::to("/password").into_response());
    }
    let transfer = Transfer::empty(site.hub.new_approval_id());
    Ok(page::respond(StatusCode::OK, &account_page(&site, &caller, transfer, which).await?))
}

/// The account page with this form on it.
pub(super) async fn account_page(
    site: &Site,
    caller: &Caller,
    transfer: Transfer,
    which: Which,
) -> Result<Account, Problem> {
    let session = &caller.session;
    let Overview { sign_ins, transactions: listed, notices, sessions } =
        account::overview(&site.hub, caller, which.before).await?;
    Ok(Account {
        shell: shell(site, Some(caller)),
        full_name: session.full_name.clone(),
        email: session.email.clone(),
        phone: session.phone.clone(),
        devices: Devices {
            all: sessions.into_iter().map(device).collect(),
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
    State(site): State<Site>,
    OfNotice(id): OfNotice,
    caller: MaybeCaller,
) -> Result<Redirect, Problem> {
    let caller = caller.confirmed()?;
    account::dismiss_notice(&site.hub, &caller, id).await?;
    Ok(Redirect::to("/account"))
}

/// Ends the session and takes its cookie away.
pub(crate) async fn sign_out(State(site): State<Site>, caller: MaybeCaller) -> Result<Response, Problem> {
    if let Some(caller) = caller.current() {
        endings::sign_out(&site.hub, &caller).await?;
    }
    Ok((CookieJar::new().add(no_cookie(&site)), Redirect::to("/")).into_response())
}

fn shown(one: &hub::SignIn) -> SignedIn {
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
