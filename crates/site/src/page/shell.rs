//! What stands around every page, and how a page is answered.

use approval::told;
use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// What the frame around every page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shell {
    /// The product's name, as configured.
    pub(crate) product: String,
    /// The email address of the session's account, for the header. A pending session has one too.
    pub(crate) signed_in_as: Option<String>,
    /// Whether they are in, and may want to leave.
    pub(crate) is_in: bool,
    /// Whether people may create accounts.
    pub(crate) offers_sign_up: bool,
}

/// Answers with a page that no cache keeps: each shows a state that passes.
pub(crate) fn respond(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(error = %told(&error), "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
