//! Bodies read into types: JSON for programs, forms for pages. What cannot be read gets a problem, never a guess.

use approval::ApprovalId;
use axum::{
    extract::{
        FromRequest, FromRequestParts, Path, Request,
        rejection::{FormRejection, JsonRejection},
    },
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::{hub::Hub, problem::Problem};

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

impl<T: DeserializeOwned> FromRequest<Hub> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, hub: &Hub) -> Result<Self, Problem> {
        match axum::Json::from_request(request, hub).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::unsupported_type()),
            Err(error) => Err(unreadable(error.status(), "The body must be the JSON that this address describes.")),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<Hub> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, hub: &Hub) -> Result<Self, Problem> {
        match axum::Form::from_request(request, hub).await {
            Ok(axum::Form(body)) => Ok(Self(body)),
            Err(FormRejection::InvalidFormContentType(_)) => Err(Problem::unsupported_type()),
            Err(error) => Err(unreadable(error.status(), "The form was not filled in as our pages do it.")),
        }
    }
}

impl FromRequestParts<Hub> for OfApproval {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, hub).await;
        path.ok().and_then(|Path(id)| id.parse().ok()).map(Self).ok_or_else(Problem::not_found)
    }
}

fn unreadable(status: StatusCode, detail: &'static str) -> Problem {
    if status == StatusCode::PAYLOAD_TOO_LARGE { Problem::too_large() } else { Problem::bad_request(detail) }
}
