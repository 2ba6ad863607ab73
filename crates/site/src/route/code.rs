//! `/code`: the code form.

use ::approval::{Approval, Delivery, Status};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use hub::{
    CallWait, Push, Visitor, Withheld,
    caller::{Caller, MaybeCaller},
    phone::sending,
    steps::{
        account,
        code_form::{CodeForm, code_form},
        codes,
    },
};
use time::OffsetDateTime;

use super::frame::{phone, refused, shell, to_sign_in};
use crate::{
    answer::problem::{Kind, Problem, in_words},
    page::{self, Code, Reason},
    request::{
        body::Form,
        caller::confirmed_cookies,
        code::{TypedCode, WantedCode},
    },
    site::Site,
};

/// The note under the button for a call.
const CALL: &str = "A voice reads a code";

/// The form.
pub(crate) async fn page(State(site): State<Site>, caller: MaybeCaller) -> Result<Response, Problem> {
    match caller.current() {
        None => Ok(to_sign_in()),
        Some(caller) if caller.is_confirmed() => Ok(Redirect::to("/account").into_response()),
        Some(caller) => {
            let approval = account::waits_for(&site.hub, &caller).await?;
            match approved(approval.as_ref()) {
                Some(onward) => Ok(onward.into_response()),
                None => Ok(page::respond(StatusCode::OK, &form(&site, &caller, approval).await?)),
            }
        }
    }
}

/// A code was typed.
pub(crate) async fn submit(
    State(site): State<Site>,
    caller: MaybeCaller,
    typed: Result<Form<TypedCode>, Problem>,
) -> Result<Response, Problem> {
    let checked = match typed {
        Ok(Form(typed)) => codes::check(&site.hub, caller.clone(), typed.code.expose()).await.map_err(Problem::from),
        // No code is as long.
        Err(problem) if problem.kind == Kind::TooLarge => Err(Problem::malformed_code()),
        Err(problem) => Err(problem),
    };
    match checked {
        Ok(confirmed) => Ok((confirmed_cookies(&site, &confirmed), Redirect::to("/account")).into_response()),
        Err(problem) => again(&site, caller.current(), problem).await,
    }
}

/// A code was asked for.
pub(crate) async fn send(
    State(site): State<Site>,
    caller: MaybeCaller,
    visitor: Visitor,
    Form(wanted): Form<WantedCode>,
) -> Result<Response, Problem> {
    match sending::send(&site.hub, &caller.clone().required()?, &visitor, wanted.channel).await {
        Ok(()) => Ok(Redirect::to("/code").into_response()),
        Err(refusal) => {
            // The row says more than the session that the request began with: how the last code was sent.
            let now = match caller.current() {
                Some(caller) => MaybeCaller::of(&site.hub, caller.token).await?.current(),
                None => None,
            };
            again(&site, now, refusal.into()).await
        }
    }
}

/// The way on after a tap on Approve: no code is needed any more.
fn approved(approval: Option<&Approval>) -> Option<Redirect> {
    let approved = approval.filter(|approval| approval.status == Status::Approved);
    approved.map(|approval| Redirect::to(&format!("/approvals/{}", approval.id)))
}

/// The form again, with what went wrong; without a session there is no form.
async fn again(site: &Site, caller: Option<Caller>, problem: Problem) -> Result<Response, Problem> {
    let leads_away = matches!(problem.kind, Kind::NoSession | Kind::AlreadyRegistered | Kind::AlreadySignedIn);
    match caller {
        Some(caller) if !leads_away => {
            let approval = account::waits_for(&site.hub, &caller).await?;
            if let Some(onward) = approved(approval.as_ref()) {
                return Ok(onward.into_response());
            }
            let (error, trouble) = beside_or_above(&problem);
            let page = Code { error, trouble, ..form(site, &caller, approval).await? };
            Ok(refused(&problem, &page))
        }
        _ => Err(problem),
    }
}

/// A wrong code is told beside the field; whatever else went wrong is not the code's fault, and stands above.
pub(super) fn beside_or_above(problem: &Problem) -> (Option<String>, Option<String>) {
    let told = Some(problem.detail.clone());
    if problem.kind == Kind::InvalidCode { (told, None) } else { (None, told) }
}

async fn form(site: &Site, caller: &Caller, approval: Option<Approval>) -> Result<Code, Problem> {
    let session = &caller.session;
    let CodeForm { codes_off, push, call } = code_form(&site.hub, caller, approval.is_some()).await?;
    let trouble = if codes_off {
        Some(Problem::codes_off().detail)
    } else {
        session.code_trouble.then(|| "The last code could not be sent. Please try again in a minute.".to_owned())
    };
    let now = site.hub.now();
    let reason = match (&approval, push) {
        (Some(approval), _) => reason(approval),
        (None, Some(push)) => unasked(push, now),
        (None, None) => Reason::Chosen,
    };
    let call_note = call.map_or_else(|| CALL.to_owned(), |wait| when_to_call(wait, now));
    Ok(Code {
        shell: shell(site, Some(caller)),
        reason,
        phone: phone(session),
        sent: session.code_sent_by.filter(|_| !session.code_trouble),
        call_note,
        error: None,
        trouble,
        pending: approval.filter(|approval| approval.status == Status::Pending),
    })
}

const fn reason(approval: &Approval) -> Reason {
    match approval.delivery {
        Delivery::NoApp => Reason::NoApp,
        Delivery::Unavailable => Reason::Unavailable,
        _ => Reason::Chosen,
    }
}

/// The note under the button for a call to an unproven phone.
fn when_to_call(wait: CallWait, now: OffsetDateTime) -> String {
    match wait {
        CallWait::Over => CALL.to_owned(),
        CallWait::Until(until) => format!("Possible in {}", in_words((until - now).whole_seconds() + 1)),
        CallWait::TextFirst => "Possible a minute after a text message".to_owned(),
    }
}

/// Why a session has no approval: its phone had a rest when it began.
fn unasked(push: Push, now: OffsetDateTime) -> Reason {
    let seconds = |until: OffsetDateTime| (until - now).whole_seconds() + 1;
    match push {
        Push::Allowed => Reason::Rested,
        Push::Withheld(Withheld::Pending(until)) => Reason::Busy(seconds(until)),
        Push::Withheld(Withheld::Refused(until)) => Reason::Rest(seconds(until)),
        Push::Withheld(Withheld::Off) => Reason::Off,
    }
}
