//! Transactions for programs, and the codes that approve one, on its page as well. The form that asks for one is
//! `transfer`'s.

use approval::{ApprovalId, Details, Logo, Status};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use hub::{
    Visitor,
    caller::{Caller, MaybeCaller},
    person::phone_ending,
    steps::transaction,
    wanted,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    code::beside_or_above,
    frame::{refused, shell, to_sign_in},
};
use crate::{
    answer::{
        problem::Problem,
        refusals::{
            AlreadyDecided, Body, CodesOff, Internal, InvalidInput, NewPasswordNeeded, NoSession,
            NoSessionOrTransactionCode, NotFound, ProviderUnavailable, TooMany,
        },
        schemas,
        view::ApprovalView,
    },
    page::{self, TransactionCode},
    request::{
        body::{Form, Json, OfApproval, Whole},
        code::{TypedCode, WantedCode},
        confirmed::ConfirmedCaller,
    },
    site::Site,
};

/// What is to be approved, as a program says it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Transaction, examples(json!({
    "message": "Send money to Jarod's vault?",
    "details": { "Amount": "1,000,000", "Currency": "Galleons" },
    "logos": [{ "res": "default", "url": "https://example.com/logo.png" }],
    "expires_in": 300
})))]
pub(crate) struct Input {
    /// The sentence to approve.
    #[schema(schema_with = schemas::message)]
    message: String,
    #[serde(default)]
    #[schema(schema_with = schemas::details, required = false)]
    details: Details,
    #[serde(default)]
    #[schema(schema_with = schemas::logos, required = false)]
    logos: Vec<Logo>,
    /// Seconds until it expires; without it, as the operator has set.
    #[schema(value_type = Option<u32>, minimum = 30, maximum = 600)]
    expires_in: Option<Whole>,
}

/// Has something approved by whoever is in.
///
/// The phone shows exactly what is written; what does not fit is refused. At most 10 requests are sent to one phone
/// within 10 minutes, 2 are on it at once (or as many as the operator has set), and it has a rest after one that was
/// denied or that nobody answered. Where push is off for the account, a code is sent instead.
#[utoipa::path(
    post,
    path = "/api/approvals",
    operation_id = "request_approval",
    tag = "approvals",
    security(("session" = [])),
    request_body = Input,
    responses(
        (status = CREATED, body = ApprovalView, description = "The phone is being asked."),
        Body, NoSession, NewPasswordNeeded, InvalidInput, TooMany, Internal
    )
)]
pub(crate) async fn create(
    State(site): State<Site>,
    ConfirmedCaller(caller): ConfirmedCaller,
    Json(input): Json<Input>,
) -> Result<Response, Problem> {
    let Input { message, details, logos, expires_in } = input;
    let typed = wanted::Typed { message, details, logos, expires_in: expires_in.map(|Whole(seconds)| seconds) };
    let wanted = wanted::Wanted::parse(typed, site.hub.product()).map_err(Problem::invalid)?;
    let id = site.hub.new_approval_id();
    let approval = transaction::begin(&site.hub, &caller, id, wanted).await?;
    Ok((StatusCode::CREATED, axum::Json(ApprovalView::from(&approval))).into_response())
}

/// Approves a transaction by a code that was sent for it alone.
///
/// Codes from an authenticator do not count: they do not say what they approve. A right code sent again finds the
/// transaction approved. Wrong codes count together with those of sign-ins.
#[utoipa::path(
    post,
    path = "/api/approvals/{id}/code",
    operation_id = "approve_by_code",
    tag = "approvals",
    security(("session" = [])),
    params(OfApproval),
    request_body = TypedCode,
    responses(
        (status = OK, body = ApprovalView, description = "It is approved."),
        Body, NoSessionOrTransactionCode, CodesOff, NotFound, AlreadyDecided, TooMany, Internal, ProviderUnavailable
    )
)]
pub(crate) async fn code(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    Json(typed): Json<TypedCode>,
) -> Result<Response, Problem> {
    let approval = transaction::approve_by_code(&site.hub, &caller.required()?, id, typed.code.expose()).await?;
    Ok(axum::Json(ApprovalView::from(&approval)).into_response())
}

/// Sends a code that approves this transaction alone.
///
/// It counts together with the codes sent for sign-ins.
#[utoipa::path(
    post,
    path = "/api/approvals/{id}/code/send",
    operation_id = "send_approval_code",
    tag = "approvals",
    security(("session" = [])),
    params(OfApproval),
    request_body = WantedCode,
    responses(
        (status = ACCEPTED, description = "The code is on its way."),
        Body, NoSession, CodesOff, NotFound, AlreadyDecided, TooMany, Internal, ProviderUnavailable
    )
)]
pub(crate) async fn send_code(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    visitor: Visitor,
    Json(wanted): Json<WantedCode>,
) -> Result<Response, Problem> {
    transaction::send_code(&site.hub, &caller.required()?, &visitor, id, wanted.channel).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The form for a code that approves one transaction.
pub(crate) async fn code_page(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let Some(caller) = caller.current() else { return Ok(to_sign_in()) };
    Ok(match form(&site, &caller, id).await? {
        Some(form) => page::respond(StatusCode::OK, &form),
        None => Redirect::to(&format!("/approvals/{id}")).into_response(),
    })
}

/// A code was typed there.
pub(crate) async fn submit_code(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    Form(typed): Form<TypedCode>,
) -> Result<Response, Problem> {
    let caller = caller.required()?;
    match transaction::approve_by_code(&site.hub, &caller, id, typed.code.expose()).await {
        Ok(_) => Ok(Redirect::to(&format!("/approvals/{id}")).into_response()),
        Err(refusal) => again(&site, &caller, id, refusal.into()).await,
    }
}

/// A code was asked for there.
pub(crate) async fn submit_send(
    State(site): State<Site>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    visitor: Visitor,
    Form(wanted): Form<WantedCode>,
) -> Result<Response, Problem> {
    let caller = caller.required()?;
    match transaction::send_code(&site.hub, &caller, &visitor, id, wanted.channel).await {
        Ok(()) => Ok(Redirect::to(&format!("/approvals/{id}/code")).into_response()),
        Err(refusal) => again(&site, &caller, id, refusal.into()).await,
    }
}

async fn again(site: &Site, caller: &Caller, id: ApprovalId, problem: Problem) -> Result<Response, Problem> {
    match form(site, caller, id).await? {
        Some(form) => {
            let (error, trouble) = beside_or_above(&problem);
            Ok(refused(&problem, &TransactionCode { error, trouble, ..form }))
        }
        None => Err(problem),
    }
}

/// `None`: there is nothing to approve any more.
async fn form(site: &Site, caller: &Caller, id: ApprovalId) -> Result<Option<TransactionCode>, Problem> {
    let approval = transaction::own(&site.hub, caller, id).await?;
    let pending = approval.status == Status::Pending;
    let phone_ending = phone_ending(caller.session.phone.expose());
    let shell = shell(site, Some(caller));
    Ok(pending.then_some(TransactionCode { shell, approval, phone_ending, error: None, trouble: None }))
}
