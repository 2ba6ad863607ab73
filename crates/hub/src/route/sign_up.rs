//! Signing up: a form, or `POST /api/users`.

use std::fmt;

use approval::Secret;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::{Deserialize, Deserializer, de};
use utoipa::ToSchema;

use super::{
    frame::{refused, shell},
    sign_in::{answer, go_and_wait, send_again},
};
use crate::{
    answer::{
        problem::{NO_COOKIES, Problem},
        refusals::{Body, ForeignOrigin, Internal, InvalidInput, ProviderUnavailableOrBusy, TooMany},
        schemas,
        view::Onward,
    },
    hub::Hub,
    page::{self, Field, SignUp},
    person::{Person, Typed, country_of, grouped},
    request::{
        body::{Form, Json, Whole},
        caller::{Caller, MaybeCaller},
        cookie_support::{CookieSupport, Verdict},
        visitor::Visitor,
    },
    steps::{
        begin::{self, Begun},
        endings,
    },
    text::phone::{Country, Phone, PhoneRefusal},
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
}

/// The form, filled in: the same, and the answer to a question about the number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filled {
    full_name: String,
    email: String,
    country_code: CountryCode,
    phone: Secret,
    meant: Option<Secret>,
    password: Secret,
}

/// The calling code of a country, 1 to 999, or its ISO 3166-1 code.
#[derive(Debug)]
enum CountryCode {
    Text(String),
    Number(Whole),
}

/// The empty form.
pub(crate) async fn page(State(hub): State<Hub>, cookies: CookieSupport) -> Response {
    (cookies.check(&hub), page::respond(StatusCode::OK, &SignUp::new(shell(&hub, None)))).into_response()
}

/// Ends a pending sign-up and shows its form again, with all but the password: the number was not right, or the person
/// starts over. A session that is no pending sign-up stays as it is.
pub(crate) async fn change(
    State(hub): State<Hub>,
    caller: MaybeCaller,
    cookies: CookieSupport,
) -> Result<Response, Problem> {
    let Some(caller) = caller.current() else { return Ok(Redirect::to("/sign-up").into_response()) };
    if !caller.is_sign_up() {
        return Ok(Redirect::to("/account").into_response());
    }
    endings::sign_out(&hub, &caller).await?;
    let jar = cookies.check(&hub).add(Caller::no_cookie(&hub));
    Ok((jar, page::respond(StatusCode::OK, &begun_before(&hub, caller))).into_response())
}

/// The form with what the owner of a pending sign-up typed, but the password.
fn begun_before(hub: &Hub, caller: Caller) -> SignUp {
    let field = |value: String| Field { value, error: None };
    let (session, empty) = (caller.session, SignUp::new(shell(hub, None)));
    SignUp {
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
    let Filled { full_name, email, country_code, phone, meant, password } = filled;
    let input = Input { full_name, email, country_code, phone, password };
    match cookies.verdict() {
        Verdict::Kept => {}
        Verdict::Unproven => return Ok(send_again(&hub, cookies, "/sign-up")),
        Verdict::Blocked => {
            let form =
                SignUp { error: Some(NO_COOKIES.to_owned()), ..corrected(&hub, input, &Problem::invalid(vec![])) };
            return Ok(page::respond(StatusCode::FORBIDDEN, &form));
        }
    }
    match sign_up(&hub, &input, meant.as_ref(), caller, &visitor).await {
        Ok(begun) => Ok(go_and_wait(&hub, &begun)),
        Err(problem) if problem.status.is_client_error() || problem.status == StatusCode::SERVICE_UNAVAILABLE => {
            Ok(refused(&problem, &corrected(&hub, input, &problem)))
        }
        Err(problem) => Err(problem),
    }
}

/// Signs somebody up.
///
/// The account is pending until its phone is proven: the approval is to be completed, or a code to be typed. Answers
/// alike whether the address is known or not. No schema can say which phone numbers exist in a country and which passwords
/// many people use: these are refused with 422, beside their field.
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
        Body, ForeignOrigin, InvalidInput, TooMany, Internal, ProviderUnavailableOrBusy
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
    let country_code = input.country_code.to_string();
    let person = Person::parse(&Typed {
        full_name: &input.full_name,
        email: &input.email,
        country_code: &country_code,
        phone: &input.phone,
        meant,
        password: &input.password,
    });
    let begun = begin::sign_up(hub, person.map_err(Problem::invalid)?, visitor).await?;
    // By the token in force alone: the one before may only repeat its proof.
    if let Some(before) = before.current() {
        endings::sign_out(hub, &before).await?;
    }
    Ok(begun)
}

/// The form again: what was typed stays, but the password.
fn corrected(hub: &Hub, input: Input, problem: &Problem) -> SignUp {
    let country_code = input.country_code.to_string();
    let field = |name: &str, value: String| {
        let error = problem.errors.iter().find(|(field, _)| *field == name).map(|(_, error)| error.clone());
        Field { value, error }
    };
    SignUp {
        shell: shell(hub, None),
        full_name: field("full_name", input.full_name),
        email: field("email", input.email),
        meant: meant(&country_code, input.phone.expose()),
        country_code: field("country_code", country_code),
        phone: field("phone", input.phone.expose().to_owned()),
        password: field("password", String::new()),
        error: problem.errors.is_empty().then(|| problem.detail.clone()),
        again: false,
    }
}

/// Not an untagged enum: that would keep a list or an object of any size, to try each variant on it.
impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;

        impl de::Visitor<'_> for TextOrNumber {
            type Value = CountryCode;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a whole number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<CountryCode, E> {
                Ok(CountryCode::Text(text.to_owned()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<CountryCode, E> {
                Whole::try_from(number).map(CountryCode::Number).map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<CountryCode, E> {
                u32::try_from(number).map(|number| CountryCode::Number(Whole(number))).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(TextOrNumber)
    }
}

/// The numbers to choose from, where the typed one can be several.
fn meant(country_code: &str, phone: &str) -> Vec<Phone> {
    match Country::parse(country_code).map(|country| Phone::parse(country, phone, None)) {
        Some(Err(PhoneRefusal::Question(numbers))) => numbers,
        _ => Vec::new(),
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(Whole(number)) => write!(f, "{number}"),
        }
    }
}
