//! A caller with a confirmed session. An extractor, so that all others are refused before the body is read: reading a
//! long one costs more than a client without a session may cause. Knows no body.

use axum::{extract::FromRequestParts, http::request::Parts};
use hub::caller::{Caller, MaybeCaller};

use crate::{answer::problem::Problem, site::Site};

/// The caller, by its current token, with a confirmed session.
#[derive(Debug)]
pub(crate) struct ConfirmedCaller(pub(crate) Caller);

impl FromRequestParts<Site> for ConfirmedCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        Ok(MaybeCaller::from_request_parts(parts, site).await?.confirmed().map(Self)?)
    }
}
