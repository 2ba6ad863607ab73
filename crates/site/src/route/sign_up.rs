//! Signing up: a form, or `POST /api/users`.

use approval::Secret;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use hub::{
    SignUpMode, Visitor,
    caller::{Caller, MaybeCaller},
    person::{self, country_of, grouped},
    steps::{
        begin::{self, Begun},
        endings, invitations,
    },
    text::phone::{PhoneCountry, PhoneNumber, PhoneRefusal},
};
use serde::Deserialize;
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
    page::{self, Field, SignUp},
    request::{
        body::{Form, Json},
        caller::no_cookie,
        cookie_support::{CookieCheck, CookieSupport},
        country_code::CountryCode,
    },
    site::Site,
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
pub(crate) async fn page(State(site): State<Site>, cookies: CookieSupport) -> Result<Response, Problem> {
    form(&site, cookies, site.hub.sign_up_mode() == SignUpMode::Invited)
}

/// The form for an opened invitation: its script moves the token from the address into the form.
pub(crate) async fn invited_page(State(site): State<Site>, cookies: CookieSupport) -> Result<Response, Problem> {
    form(&site, cookies, true)
}

/// The form that was shown again has this address; opened by hand or from the history, it leads to the empty form.
pub(crate) async fn change_page() -> Redirect {
    Redirect::to("/sign-up")
}

/// Ends a pending sign-up and shows its form again, with all but the password: the number was not right, or the person
/// starts over. One that brought an invitation only has its request cancelled: its session keeps the invitation, and ends
/// when the form is sent. A session that is no pending sign-up stays as it is.
pub(crate) async fn change(
    State(site): State<Site>,
    caller: MaybeCaller,
    cookies: CookieSupport,
) -> Result<Response, Problem> {
    let Some(caller) = caller.current() else { return Ok(Redirect::to("/sign-up").into_response()) };
    if !caller.is_sign_up() {
        return Ok(Redirect::to("/account").into_response());
    }
    let jar = if invitations::has_brought(&caller) {
        endings::take_back(&site.hub, &caller).await?;
        cookies.check(&site)
    } else {
        endings::sign_out(&site.hub, &caller).await?;
        cookies.check(&site).add(no_cookie(&site))
    };
    Ok((jar, page::respond(StatusCode::OK, &begun_before(&site, caller))).into_response())
}

fn form(site: &Site, cookies: CookieSupport, invited: bool) -> Result<Response, Problem> {
    invitations::allowed(&site.hub, true)?;
    let form = SignUp { invited, ..SignUp::new(shell(site, None)) };
    Ok((cookies.check(site), page::respond(StatusCode::OK, &form)).into_response())
}

/// The form with the values of a pending sign-up, except the password.
fn begun_before(site: &Site, caller: Caller) -> SignUp {
    let field = |value: String| Field { value, error: None };
    let invited = site.hub.sign_up_mode() == SignUpMode::Invited && !invitations::has_brought(&caller);
    let (session, empty) = (caller.session, SignUp::new(shell(site, None)));
    SignUp {
        invited,
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
    State(site): State<Site>,
    caller: MaybeCaller,
    visitor: Visitor,
    cookies: CookieSupport,
    Form(filled): Form<Filled>,
) -> Result<Response, Problem> {
    let Filled { full_name, email, country_code, phone, meant, password, invitation } = filled;
    let input = Input { full_name, email, country_code, phone, password, invitation };
    match cookies.verdict() {
        CookieCheck::Kept => {}
        CookieCheck::Unproven => return Ok(send_again(&site, cookies, "/sign-up")),
        CookieCheck::Blocked => {
            let form =
                SignUp { error: Some(NO_COOKIES.to_owned()), ..corrected(&site, input, &Problem::invalid(vec![])) };
            return Ok(page::respond(StatusCode::FORBIDDEN, &form));
        }
    }
    let carried = typed(&input).is_none() && invitations::is_carried(&site.hub, &input.email, &caller).await?;
    match sign_up(&site, &input, meant.as_ref(), caller, &visitor).await {
        Ok(begun) => Ok(go_and_wait(&site, &begun)),
        Err(problem) if problem.kind == Kind::SignUpClosed => Err(problem),
        Err(problem) if problem.status.is_client_error() || problem.status == StatusCode::SERVICE_UNAVAILABLE => {
            let form = corrected(&site, input, &problem);
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
    State(site): State<Site>,
    caller: MaybeCaller,
    visitor: Visitor,
    Json(input): Json<Input>,
) -> Result<Response, Problem> {
    let begun = sign_up(&site, &input, None, caller, &visitor).await?;
    Ok(answer(&site, &begun))
}

async fn sign_up(
    site: &Site,
    input: &Input,
    meant: Option<&Secret>,
    before: MaybeCaller,
    visitor: &Visitor,
) -> Result<Begun, Problem> {
    let country_code = input.country_code.to_string();
    let person = person::Typed {
        full_name: &input.full_name,
        email: &input.email,
        country_code: &country_code,
        phone: &input.phone,
        meant,
        password: &input.password,
    };
    let wanted = begin::SignUp { person, invitation: typed(input) };
    Ok(begin::sign_up(&site.hub, &wanted, before, visitor).await?)
}

/// The key of an invitation as it was typed.
fn typed(input: &Input) -> Option<&Secret> {
    input.invitation.as_ref().filter(|key| !key.expose().trim().is_empty())
}

/// The form again: what was typed stays, but the password.
fn corrected(site: &Site, input: Input, problem: &Problem) -> SignUp {
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
        shell: shell(site, None),
        invited: site.hub.sign_up_mode() == SignUpMode::Invited || of_invitation || !invitation.value.is_empty(),
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
