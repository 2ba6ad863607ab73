//! Bodies read into types: JSON for programs, forms for pages. What cannot be read gets a problem, never a guess.

use std::str::FromStr;

use approval::{ApprovalId, SessionId};
use axum::{
    body::{Body, HttpBody as _},
    extract::{
        FromRequest, FromRequestParts, Path, Request,
        rejection::{FormRejection, JsonRejection},
    },
    http::{StatusCode, request::Parts},
};
use bytes::Bytes;
use percent_encoding::percent_decode;
use serde::{Deserialize, de::DeserializeOwned};
use thiserror::Error;
use utoipa::IntoParams;

use crate::{answer::problem::Problem, site::Site};

/// The largest body any address takes, in bytes.
pub(crate) const LARGEST_BODY: usize = 16 * 1024;

/// The largest body with a code, in bytes: 64 characters of any script, encoded, and room around them.
pub(crate) const CODE_BODY: usize = 1024;

/// The most pairs in a form. Ours have at most 10 labels with their values and a few more; each pair costs about 100
/// ns.
const MOST_PAIRS: usize = 100;

const NOT_OUR_JSON: &str = "The body must be the JSON that this address describes.";
const NOT_OUR_FORM: &str = "The form was not filled in as our pages do it.";

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

/// A form's body.
#[derive(Debug)]
pub(crate) struct Form<T>(pub(crate) T);

/// The id of an approval in the address. What is no id is an address where nothing is.
#[derive(Debug, IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(crate) struct OfApproval(#[param(value_type = String, format = "uuid")] pub(crate) ApprovalId);

/// The id of a session in the address.
#[derive(Debug, IntoParams)]
#[into_params(names("id"), parameter_in = Path)]
pub(crate) struct OfSession(#[param(value_type = String, format = "uuid")] pub(crate) SessionId);

/// The number of a notice in the address.
#[derive(Debug)]
pub(crate) struct OfNotice(pub(crate) i64);

/// A whole number however JSON spells it: 180.0 is one as well as 180 (JSON Schema 2020-12, 6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Whole(pub(crate) u32);

/// A number that is negative, too large, or not whole.
#[derive(Debug, Error)]
#[error("not a whole number")]
pub(crate) struct NotWhole;

impl TryFrom<f64> for Whole {
    type Error = NotWhole;

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only what fits is cast")]
    fn try_from(number: f64) -> Result<Self, NotWhole> {
        let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        if fits { Ok(Self(number as u32)) } else { Err(NotWhole) }
    }
}

impl<T: DeserializeOwned> FromRequest<Site> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Problem> {
        match axum::Json::from_request(object(request, site).await?, site).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::unsupported_type()),
            Err(error) => Err(unreadable(error.status(), NOT_OUR_JSON)),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<Site> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Problem> {
        match axum::Form::from_request(text(request, site).await?, site).await {
            Ok(axum::Form(body)) => Ok(Self(body)),
            Err(FormRejection::InvalidFormContentType(_)) => Err(Problem::unsupported_type()),
            Err(error) => Err(unreadable(error.status(), NOT_OUR_FORM)),
        }
    }
}

/// The request, unless it says itself that its body is too large: then none of it is waited for.
fn small(request: Request) -> Result<Request, Problem> {
    let promised = request.body().size_hint().lower();
    if promised > LARGEST_BODY as u64 { Err(Problem::too_large()) } else { Ok(request) }
}

/// The request, with an empty body in place of one that is no JSON object. The parser quotes the value that it refuses,
/// which costs a millisecond for a long text.
async fn object(request: Request, site: &Site) -> Result<Request, Problem> {
    let (parts, body) = small(request)?.into_parts();
    let body = Bytes::from_request(Request::from_parts(parts.clone(), body), site).await;
    let body = body.map_err(|error| unreadable(error.status(), NOT_OUR_JSON))?;
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    Ok(Request::from_parts(parts, if is_object { body.into() } else { Body::empty() }))
}

/// The request, if its form is UTF-8 and has no more pairs than our forms. Without this check, the form parser replaces
/// bytes that are not UTF-8, and two different passwords become one.
async fn text(request: Request, site: &Site) -> Result<Request, Problem> {
    let (parts, body) = small(request)?.into_parts();
    // The limit of what is read stands in the parts.
    let body = Bytes::from_request(Request::from_parts(parts.clone(), body), site).await;
    let body = body.map_err(|error| unreadable(error.status(), NOT_OUR_FORM))?;
    if body.split(|byte| *byte == b'&').count() > MOST_PAIRS {
        return Err(Problem::bad_request(NOT_OUR_FORM));
    }
    match percent_decode(&body).decode_utf8() {
        Ok(_) => Ok(Request::from_parts(parts, body.into())),
        Err(_) => Err(Problem::bad_request(NOT_OUR_FORM)),
    }
}

impl FromRequestParts<Site> for OfApproval {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        id_in(parts, site).await.map(Self)
    }
}

impl FromRequestParts<Site> for OfSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        id_in(parts, site).await.map(Self)
    }
}

impl FromRequestParts<Site> for OfNotice {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        id_in(parts, site).await.map(Self)
    }
}

async fn id_in<T: FromStr>(parts: &mut Parts, site: &Site) -> Result<T, Problem> {
    let path = Path::<String>::from_request_parts(parts, site).await;
    path.ok().and_then(|Path(id)| id.parse().ok()).ok_or_else(Problem::not_found)
}

fn unreadable(status: StatusCode, detail: &'static str) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE { Problem::too_large() } else { Problem::bad_request(detail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_may_have_a_point() {
        let read = |text| serde_json::from_str(text).ok().map(|Whole(number)| number);
        for text in ["180", "180.0", "1.8e2"] {
            assert_eq!(read(text), Some(180), "{text}");
        }
        for text in ["180.5", "-1", "4294967296", "1e300", "\"180\"", "null"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
