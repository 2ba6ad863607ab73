//! `/`: what this is. Whoever is in goes on to the account.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};

use super::frame::shell;
use crate::{
    hub::Hub,
    page::{self, Landing},
    request::caller::MaybeCaller,
};

/// The first page.
pub(crate) async fn page(State(hub): State<Hub>, caller: MaybeCaller) -> Response {
    if caller.current().is_some_and(|caller| caller.is_confirmed()) {
        return Redirect::to("/account").into_response();
    }
    page::respond(StatusCode::OK, &Landing { shell: shell(&hub, None) })
}
