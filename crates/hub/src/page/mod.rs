//! The pages as a browser gets them: one view struct for each template of `web/templates`, and the assets.
//! Owns what a page shows; must not know where it comes from (storage, provider, broker).

mod account;
mod assets;
mod code;
mod country;
mod devices;
mod form;
mod landing;
mod moment;
mod password;
mod problem;
mod sign_in;
mod sign_up;
mod transaction_code;
mod transfer;
mod waiting;

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

pub(crate) use account::{Account, Noted, SignedIn};
pub(crate) use assets::asset;
pub(crate) use code::{Code, Reason};
pub(crate) use devices::{Device, Devices};
pub(crate) use form::Field;
pub(crate) use landing::Landing;
pub(crate) use moment::Moment;
pub(crate) use password::{Password, Reset, ResetDone};
pub(crate) use problem::Problem;
pub(crate) use sign_in::SignIn;
pub(crate) use sign_up::SignUp;
pub(crate) use transaction_code::TransactionCode;
pub(crate) use transfer::{Listed, Transfer};
pub(crate) use waiting::Waiting;

/// What the frame around every page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shell {
    /// The product's name, as configured.
    pub(crate) product: String,
    /// The email address of the session's account, for the header. A pending session has one too.
    pub(crate) signed_in_as: Option<String>,
    /// Whether they are in, and may want to leave.
    pub(crate) is_in: bool,
}

/// Answers with a page that no cache keeps: each shows a state that passes.
pub(crate) fn respond(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
