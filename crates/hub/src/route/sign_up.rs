//! Signing up: a form, or `POST /api/users`.

use approval::Secret;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;
use storage::{Invitation, LinkHash, Via};
use utoipa::ToSchema;

use super::{
    frame::{refused, shell},
    sign_in::{answer, go_and_wait, send_again},
};
use crate::{
    answer::{
        problem::{Kind, NO_COOKIES, Problem},
        refusals::{Body, Internal, InvalidInput, NoSignUp, ProviderUnavailableOrBusy, TooMany},
        schemas,
        view::Onward,
    },
    hub::Hub,
    page::{self, Field, SignUp},
    person::{Person, Typed, country_of, grouped},
    request::{
        body::{Form, Json},
        caller::{Caller, MaybeCaller},
        cookie_support::{CookieCheck, CookieSupport},
        country_code::CountryCode,
        visitor::Visitor,
    },
    settings::SignUpMode,
    steps::{
        begin::{self, Begun},
        endings, invitations,
    },
    text::phone::{PhoneCountry, PhoneNumber, PhoneRefusal},
    token::LinkToken,
};

/// What signs up. Programs may send the country code as a number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignUp, examples(json!({
    "full_name": "Ada Lovelace",
    "email": "ada@example.com",
    "country_code": "1",
    "phone": "201-555-0123",
    "password": "difference engine"
})))]
pub(crate) struct Input {
    #[schema(schema_with = schemas::full_name)]
    full_name: String,
    #[schema(schema_with = schemas::email)]
    email: String,
    #[schema(schema_with = schemas::country_code)]
    country_code: CountryCode,
    #[schema(schema_with = schemas::phone)]
    phone: Secret,
    #[schema(schema_with = schemas::new_password)]
    password: Secret,
    /// The key of an invitation, or its whole link. Required if the operator allows sign-ups by invitation only. It
    /// proves the address.
    #[serde(default)]
    #[schema(value_type = Option<String>, write_only)]
    invitation: Option<Secret>,
}

/// The submitted form: [`Input`], and `meant`, the number chosen if the typed one was ambiguous.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filled {
    full_name: String,
    email: String,
    country_code: CountryCode,
    phone: Secret,
    meant: Option<Secret>,
    password: Secret,
    #[serde(default)]
    invitation: Option<Secret>,
}

/// The empty form, if sign-ups are allowed. It has a field for an invitation if one is required.
pub(crate) async fn page(State(hub): State<Hub>, cookies: CookieSupport) -> Result<Response, Problem> {
    form(&hub, cookies, hub.settings.sign_up == SignUpMode::Invited)
}

/// The form for an opened invitation: its script moves the token from the address into the form.
pub(crate) async fn invited_page(State(hub): State<Hub>, cookies: CookieSupport) -> Result<Response, Problem> {
    form(&hub, cookies, true)
}

/// The form that was shown again has this address; opened by hand or from the history, it leads to the empty form.
pub(crate) async fn change_page() -> Redirect {
    Redirect::to("/sign-up")
}

/// Ends a pending sign-up and shows its form again, with all but the password: the number was not right, or the person
/// starts over. One that brought an invitation only has its request cancelled: its session keeps the invitation, and ends
/// when the form is sent. A session that is no pending sign-up stays as it is.
pub(crate) async fn change(
    State(hub): State<Hub>,
    caller: MaybeCaller,
    cookies: CookieSupport,
) -> Result<Response, Problem> {
    let Some(caller) = caller.current() else { return Ok(Redirect::to("/sign-up").into_response()) };
    if !caller.is_sign_up() {
        return Ok(Redirect::to("/account").into_response());
    }
    let jar = if caller.session.invitation == Invitation::Brought {
        endings::take_back(&hub, &caller).await?;
        cookies.check(&hub)
    } else {
        endings::sign_out(&hub, &caller).await?;
        cookies.check(&hub).add(Caller::no_cookie(&hub))
    };
    Ok((jar, page::respond(StatusCode::OK, &begun_before(&hub, caller))).into_response())
}

fn form(hub: &Hub, cookies: CookieSupport, invited: bool) -> Result<Response, Problem> {
    invitations::allowed(hub, true)?;
    let form = SignUp { invited, ..SignUp::new(shell(hub, None)) };
    Ok((cookies.check(hub), page::respond(StatusCode::OK, &form)).into_response())
}

/// The form with the values of a pending sign-up, except the password.
fn begun_before(hub: &Hub, caller: Caller) -> SignUp {
    let field = |value: String| Field { value, error: None };
    let (session, empty) = (caller.session, SignUp::new(shell(hub, None)));
    SignUp {
        invited: hub.settings.sign_up == SignUpMode::Invited && session.invitation == Invitation::Missing,
        full_name: field(session.full_name),
        email: field(session.email),
        country_code: field(country_of(session.phone.expose())),
        phone: field(grouped(session.phone.expose())),
        again: true,
        ..empty
    }
}

/// The form, filled in.
pub(crate) async fn submit(
    State(hub): State<Hub>,
    caller: MaybeCaller,
    visitor: Visitor,
    cookies: CookieSupport,
    Form(filled): Form<Filled>,
) -> Result<Response, Problem> {
    let Filled { full_name, email, country_code, phone, meant, password, invitation } = filled;
    let input = Input { full_name, email, country_code, phone, password, invitation };
    match cookies.verdict() {
        CookieCheck::Kept => {}
        CookieCheck::Unproven => return Ok(send_again(&hub, cookies, "/sign-up")),
        CookieCheck::Blocked => {
            let form =
                SignUp { error: Some(NO_COOKIES.to_owned()), ..corrected(&hub, input, &Problem::invalid(vec![])) };
            return Ok(page::respond(StatusCode::FORBIDDEN, &form));
        }
    }
    let carried = typed(&input).is_none() && invitation_of(&hub, &input, &caller).await?.is_some();
    match sign_up(&hub, &input, meant.as_ref(), caller, &visitor).await {
        Ok(begun) => Ok(go_and_wait(&hub, &begun)),
        Err(problem) if problem.kind == Kind::SignUpClosed => Err(problem),
        Err(problem) if problem.status.is_client_error() || problem.status == StatusCode::SERVICE_UNAVAILABLE => {
            let form = corrected(&hub, input, &problem);
            // The field is empty and required, and there is nothing to paste into it.
            let invited = form.invited && (!carried || form.invitation.error.is_some());
            Ok(refused(&problem, &SignUp { invited, ..form }))
        }
        Err(problem) => Err(problem),
    }
}

/// Signs somebody up.
///
/// The account is pending until its phone is proven: the approval is to be completed, or a code to be typed. The answer
/// is the same whether the address is known or not. `next` is `code` while the phone gets no requests from sign-ups:
/// because enough of them wait on it, or the last one was denied or not answered. The operator may require an invitation,
/// or close sign-ups. Phone numbers that do not exist and common passwords are refused with 422, beside their field: no
/// schema can describe them.
#[utoipa::path(
    post,
    path = "/api/users",
    operation_id = "sign_up",
    tag = "session",
    request_body = Input,
    responses(
        (
            status = CREATED,
            body = Onward,
            description = "The phone is being asked.",
            headers(("set-cookie" = String, description = "The pending session."))
        ),
        Body, NoSignUp, InvalidInput, TooMany, Internal, ProviderUnavailableOrBusy
    )
)]
pub(crate) async fn create(
    State(hub): State<Hub>,
    caller: MaybeCaller,
    visitor: Visitor,
    Json(input): Json<Input>,
) -> Result<Response, Problem> {
    let begun = sign_up(&hub, &input, None, caller, &visitor).await?;
    Ok(answer(&hub, &begun))
}

async fn sign_up(
    hub: &Hub,
    input: &Input,
    meant: Option<&Secret>,
    before: MaybeCaller,
    visitor: &Visitor,
) -> Result<Begun, Problem> {
    let invitation = invitation_of(hub, input, &before).await?;
    invitations::allowed(hub, invitation.is_some())?;
    let country_code = input.country_code.to_string();
    let person = Person::parse(&Typed {
        full_name: &input.full_name,
        email: &input.email,
        country_code: &country_code,
        phone: &input.phone,
        meant,
        password: &input.password,
    });
    let begun = begin::sign_up(hub, person.map_err(Problem::invalid)?, invitation, visitor).await?;
    // By the token in force alone: the one before may only repeat its proof.
    if let Some(before) = before.current() {
        endings::sign_out(hub, &before).await?;
    }
    Ok(begun)
}

/// The invitation that was typed, or the one that this browser's pending sign-up brought.
async fn invitation_of(hub: &Hub, input: &Input, before: &MaybeCaller) -> Result<Option<LinkHash>, Problem> {
    if let Some(typed) = typed(input) {
        return Ok(Some(LinkToken::shown(typed).hash()));
    }
    // By the token in force alone, as everything but a repeated proof.
    match before.0.as_ref().filter(|before| before.session.via == Via::Current) {
        Some(before) => invitations::brought_before(hub, &before.session, &input.email).await,
        None => Ok(None),
    }
}

/// The key of an invitation as it was typed.
fn typed(input: &Input) -> Option<&str> {
    input.invitation.as_ref().map(Secret::expose).filter(|text| !text.trim().is_empty())
}

/// The form again: what was typed stays, but the password.
fn corrected(hub: &Hub, input: Input, problem: &Problem) -> SignUp {
    let country_code = input.country_code.to_string();
    let field = |name: &str, value: String| {
        let error = problem.errors.iter().find(|(field, _)| *field == name).map(|(_, error)| error.clone());
        Field { value: page::shown_again(value), error }
    };
    let of_invitation = problem.kind == Kind::InvalidInvitation;
    let invitation = Field {
        value: page::shown_again(input.invitation.map_or_else(String::new, |key| key.expose().to_owned())),
        error: of_invitation.then(|| problem.detail.clone()),
    };
    SignUp {
        shell: shell(hub, None),
        invited: hub.settings.sign_up == SignUpMode::Invited || of_invitation || !invitation.value.is_empty(),
        invitation,
        full_name: field("full_name", input.full_name),
        email: field("email", input.email),
        meant: meant(&country_code, input.phone.expose()),
        country_code: field("country_code", country_code),
        phone: field("phone", input.phone.expose().to_owned()),
        password: field("password", String::new()),
        error: (problem.errors.is_empty() && !of_invitation).then(|| problem.detail.clone()),
        again: false,
    }
}

/// The numbers to choose from, if the typed one is ambiguous.
fn meant(country_code: &str, phone: &str) -> Vec<PhoneNumber> {
    match PhoneCountry::parse(country_code).map(|country| PhoneNumber::parse(country, phone, None)) {
        Some(Err(PhoneRefusal::Question(numbers))) => numbers,
        _ => Vec::new(),
    }
}
