//! `/approvals/{id}`: the waiting page and its buttons, as plain forms.

use approval::Purpose;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use hub::{
    caller::MaybeCaller,
    steps::{
        begin, complete, endings,
        proof::{Confirmed, Proof},
    },
};

use super::frame::{phone, shell, to_sign_in};
use crate::{
    answer::problem::Problem,
    page::{self, Waiting},
    request::{body::OfApproval, caller::confirmed_cookies},
    site::Site,
};

/// How the approval stands. A session that is through goes on to the account; one whose reply got lost on the way is
/// shown its approved approval again, for that completes it.
pub(crate) async fn page(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let Some(caller) = caller.0 else { return Ok(to_sign_in()) };
    match (Proof::by_approval(id).shown_before(&site.hub, &caller), caller.is_confirmed()) {
        (Err(_), _) => return Ok(to_sign_in()),
        (Ok(Some(Confirmed::With(_))), _) | (Ok(_), false) => {}
        (Ok(_), true) => {
            let approval = caller.sees(&site.hub, id).await?;
            if approval.purpose != Purpose::Transaction {
                return Ok(Redirect::to("/account").into_response());
            }
        }
    }
    let approval = caller.sees(&site.hub, id).await?;
    let live = approval.session == caller.session.id;
    let shell = shell(&site, Some(&caller));
    Ok(page::respond(StatusCode::OK, &Waiting::new(shell, approval, site.hub.now(), live, phone(&caller.session))))
}

/// Goes in, once it is approved.
pub(crate) async fn complete(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let jar = confirmed_cookies(&site, &complete::complete(&site.hub, caller, id).await?);
    Ok((jar, Redirect::to("/account")).into_response())
}

/// Takes the request back. The session it waited for stays as it was.
pub(crate) async fn cancel(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Redirect, Problem> {
    endings::cancel(&site.hub, &caller.required()?, id).await?;
    Ok(Redirect::to(&format!("/approvals/{id}")))
}

/// Asks the phone again.
pub(crate) async fn resend(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Redirect, Problem> {
    let approval = begin::again(&site.hub, &caller.required()?, id).await?;
    Ok(Redirect::to(&format!("/approvals/{}", approval.id)))
}
