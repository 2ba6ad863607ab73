//! A caller with a confirmed session. An extractor, so that all others are refused before the body is read: reading a
//! long one costs more than a client without a session may cause. Knows no body.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    answer::problem::Problem,
    hub::Hub,
    request::caller::{Caller, MaybeCaller},
};

/// The caller, by its current token, with a confirmed session.
#[derive(Debug)]
pub(crate) struct ConfirmedCaller(pub(crate) Caller);

impl FromRequestParts<Hub> for ConfirmedCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Problem> {
        MaybeCaller::from_request_parts(parts, hub).await?.confirmed().map(Self)
    }
}
