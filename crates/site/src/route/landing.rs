//! `/`: what this is. Whoever is in goes on to the account.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use hub::caller::MaybeCaller;

use super::frame::shell;
use crate::{
    page::{self, Landing},
    site::Site,
};

/// The first page.
pub(crate) async fn page(State(site): State<Site>, caller: MaybeCaller) -> Response {
    if caller.current().is_some_and(|caller| caller.is_confirmed()) {
        return Redirect::to("/account").into_response();
    }
    page::respond(StatusCode::OK, &Landing { shell: shell(&site, None) })
}
