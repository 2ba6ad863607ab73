//! Transactions: asked for on the account page or by a program, and their codes.

use std::collections::BTreeMap;

use approval::{ApprovalId, Details, Logo, Resolution, Status};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    account::{Which, account},
    code::{Typed, Wanted, beside_or_above},
    frame::{refused, shell},
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
    hub::Hub,
    page::{self, Field, TransactionCode, Transfer},
    person::phone_ending,
    request::{
        body::{Form, Json, OfApproval, Whole},
        caller::{Caller, MaybeCaller},
        visitor::Visitor,
    },
    steps::transaction,
    wanted,
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
    State(hub): State<Hub>,
    caller: MaybeCaller,
    Json(input): Json<Input>,
) -> Result<Response, Problem> {
    let Input { message, details, logos, expires_in } = input;
    let typed = wanted::Typed { message, details, logos, expires_in: expires_in.map(|Whole(seconds)| seconds) };
    let wanted = wanted::Wanted::parse(typed).map_err(Problem::invalid)?;
    let id = ApprovalId::new(&hub.clock, &hub.entropy);
    let approval = transaction::begin(&hub, &caller.required()?, id, wanted).await?;
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
    request_body = Typed,
    responses(
        (status = OK, body = ApprovalView, description = "It is approved."),
        Body, NoSessionOrTransactionCode, CodesOff, NotFound, AlreadyDecided, TooMany, Internal, ProviderUnavailable
    )
)]
pub(crate) async fn code(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    Json(typed): Json<Typed>,
) -> Result<Response, Problem> {
    let approval = transaction::approve_by_code(&hub, &caller.required()?, id, typed.code.expose()).await?;
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
    request_body = Wanted,
    responses(
        (status = ACCEPTED, description = "The code is on its way."),
        Body, NoSession, CodesOff, NotFound, AlreadyDecided, TooMany, Internal, ProviderUnavailable
    )
)]
pub(crate) async fn send_code(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    visitor: Visitor,
    Json(wanted): Json<Wanted>,
) -> Result<Response, Problem> {
    transaction::send_code(&hub, &caller.required()?, &visitor, id, wanted.channel).await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The form on the account page, filled in.
pub(crate) async fn submit(
    State(hub): State<Hub>,
    caller: MaybeCaller,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let caller = caller.required()?;
    let written = Written::read(pairs).ok_or(Problem::bad_request("This form is not ours."))?;
    match begin(&hub, &caller, &written).await {
        Ok(approval) => Ok(Redirect::to(&format!("/approvals/{approval}")).into_response()),
        Err(problem) if problem.status.is_client_error() && caller.is_confirmed() => {
            let page = account(&hub, &caller, written.again(&hub, &problem), Which::default()).await?;
            Ok(refused(&problem, &page))
        }
        Err(problem) => Err(problem),
    }
}

/// The form for a code that approves one transaction.
pub(crate) async fn code_page(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
) -> Result<Response, Problem> {
    let Some(caller) = caller.current() else { return Ok(Redirect::to("/sign-in").into_response()) };
    Ok(match form(&hub, &caller, id).await? {
        Some(form) => page::respond(StatusCode::OK, &form),
        None => Redirect::to(&format!("/approvals/{id}")).into_response(),
    })
}

/// A code was typed there.
pub(crate) async fn submit_code(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    Form(typed): Form<Typed>,
) -> Result<Response, Problem> {
    let caller = caller.required()?;
    match transaction::approve_by_code(&hub, &caller, id, typed.code.expose()).await {
        Ok(_) => Ok(Redirect::to(&format!("/approvals/{id}")).into_response()),
        Err(problem) => again(&hub, &caller, id, problem).await,
    }
}

/// A code was asked for there.
pub(crate) async fn submit_send(
    State(hub): State<Hub>,
    OfApproval(id): OfApproval,
    caller: MaybeCaller,
    visitor: Visitor,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Problem> {
    let caller = caller.required()?;
    match transaction::send_code(&hub, &caller, &visitor, id, wanted.channel).await {
        Ok(()) => Ok(Redirect::to(&format!("/approvals/{id}/code")).into_response()),
        Err(problem) => again(&hub, &caller, id, problem).await,
    }
}

/// The account page's form as a browser sends it.
struct Written {
    id: Option<ApprovalId>,
    message: String,
    rows: Vec<(String, String)>,
    logo: String,
}

impl Written {
    /// Labels and values come in turn, all else once. `None`: this is not our form.
    fn read(pairs: Vec<(String, String)>) -> Option<Self> {
        let (mut once, mut rows) = (BTreeMap::new(), Vec::new());
        for (name, text) in pairs {
            let text = text.trim().to_owned();
            match name.as_str() {
                "label" => rows.push((text, None)),
                "value" => rows.last_mut().filter(|(_, value)| value.is_none())?.1 = Some(text),
                "id" | "message" | "logo" => once.insert(name, text).is_none().then_some(())?,
                _ => return None,
            }
        }
        let rows = rows.into_iter().map(|(label, value)| (label, value.unwrap_or_default())).collect();
        let id = once.remove("id").map(|id| id.parse()).transpose().ok()?;
        let mut text = |name| once.remove(name).unwrap_or_default();
        Some(Self { id, message: text("message"), rows, logo: text("logo") })
    }

    /// Rows that nothing was written into ask for nothing.
    fn typed(&self) -> wanted::Typed {
        let details = self.rows.iter().filter(|(_, value)| !value.is_empty()).cloned();
        let logo = (!self.logo.is_empty()).then(|| Logo { res: Resolution::Default, url: self.logo.clone() });
        let logos = logo.into_iter().collect();
        wanted::Typed { message: self.message.clone(), details: Details::new(details), logos, expires_in: None }
    }

    /// The form again, with what is wrong.
    fn again(self, hub: &Hub, problem: &Problem) -> Transfer {
        let error =
            |name: &str| problem.errors.iter().find(|(field, _)| *field == name).map(|(_, error)| error.clone());
        Transfer {
            id: ApprovalId::new(&hub.clock, &hub.entropy),
            message: Field { value: self.message, error: error("message") },
            rows: self.rows,
            details_error: error("details"),
            logo: Field { value: self.logo, error: error("logos") },
            error: problem.errors.is_empty().then(|| problem.detail.clone()),
        }
    }
}

/// Asks for what was written; a form that comes back with other content asks anew.
async fn begin(hub: &Hub, caller: &Caller, written: &Written) -> Result<ApprovalId, Problem> {
    let wanted = wanted::Wanted::parse(written.typed()).map_err(Problem::invalid)?;
    let fresh = || ApprovalId::new(&hub.clock, &hub.entropy);
    let id = match written.id {
        Some(id) => match hub.storage.approval(id).await? {
            Some(before) if !wanted.is_shown_by(&before) => fresh(),
            _ => id,
        },
        None => fresh(),
    };
    transaction::begin(hub, caller, id, wanted).await.map(|approval| approval.id)
}

async fn again(hub: &Hub, caller: &Caller, id: ApprovalId, problem: Problem) -> Result<Response, Problem> {
    match form(hub, caller, id).await? {
        Some(form) => {
            let (error, trouble) = beside_or_above(&problem);
            Ok(refused(&problem, &TransactionCode { error, trouble, ..form }))
        }
        None => Err(problem),
    }
}

/// `None`: there is nothing to approve any more.
async fn form(hub: &Hub, caller: &Caller, id: ApprovalId) -> Result<Option<TransactionCode>, Problem> {
    let approval = transaction::own(hub, caller, id).await?;
    let pending = approval.status == Status::Pending;
    let phone_ending = phone_ending(caller.session.phone.expose());
    let shell = shell(hub, Some(caller));
    Ok(pending.then_some(TransactionCode { shell, approval, phone_ending, error: None, trouble: None }))
}
