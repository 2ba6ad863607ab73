//! How many requests with one cookie may be changing something at once. A request runs on when its client hangs up, so
//! without a limit one session could queue as many as it can send. Knows no route.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use crate::{answer::problem::Problem, hub::Hub, request::caller};

/// Changes at once with one cookie, in this process. A browser sends one for each click.
pub(crate) const PLACES: usize = 32;

/// Refuses a change when too many with the same cookie are still in work. Requests without a cookie are limited by what
/// they ask for.
pub(super) async fn limit(State(hub): State<Hub>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let Some(token) = caller::token(&hub, request.headers()).filter(|_| !reads) else {
        return next.run(request).await;
    };
    match hub.changes.take(token.hash().0) {
        Some(_place) => next.run(request).await,
        None => Problem::too_many_at_once().into_response(),
    }
}
