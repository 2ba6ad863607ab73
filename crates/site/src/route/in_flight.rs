//! Limits concurrent changes with one cookie. A request runs on when its client disconnects, so without a limit one
//! session could queue any number. Knows no route.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{answer::problem::Problem, request::caller, site::Site};

/// Concurrent changes with one cookie, in this process. A browser sends one for each click.
pub(crate) const PLACES: usize = 32;

/// Refuses a change while too many with the same cookie are being processed. Requests without a cookie have the limits
/// of their handlers.
pub(super) async fn limit(State(site): State<Site>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(token) = caller::token(&site, request.headers()).filter(|_| !reads) else {
        return next.run(request).await;
    };
    match site.changes.take(token.hash().0) {
        Some(_place) => next.run(request).await,
        None => Problem::too_many_at_once().into_response(),
    }
}
