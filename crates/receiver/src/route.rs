//! The one address that the receiver serves, and what is said at any other.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    answer::{self, Refused},
    pool::VerifyPool,
    raw::BODY_LIMIT,
    receiver::Receiver,
    schemas,
};

/// A receiver, and the pool for its slow work.
type Shared = State<Arc<(Arc<Receiver>, VerifyPool)>>;

/// The receiver's routes: `GET` and `POST` of `/authy/callback`.
///
/// Looks at no `Host`, `Origin` or `Sec-Fetch` header, never redirects, and limits no rate: the signature is the proof.
pub fn router(receiver: Receiver) -> Router {
    // Without a handler of its own, a HEAD would be taken for a GET.
    let callback = get(take_query).post(take_body).head(refuse_method).fallback(refuse_method);
    Router::new()
        .route("/authy/callback", callback)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new((Arc::new(receiver), VerifyPool::new())))
}

/// The answer where nothing else is served beside the receiver.
#[must_use]
pub fn nothing_here() -> Response {
    Refused::Nowhere.into_response()
}

/// Takes a callback whose parameters are a JSON body.
///
/// Answered once the event log has it. A signed one that cannot be read is kept for people.
#[utoipa::path(
    post,
    path = "/authy/callback",
    operation_id = "take_callback",
    tag = "callback",
    security(("signature" = [])),
    params(schemas::Nonce),
    request_body(content = schemas::Callback, description = "At most 64 KiB."),
    responses(
        (status = OK, description = "The callback is safe."),
        schemas::BodyRefused
    )
)]
pub(crate) async fn take_body(shared: Shared, request: Request) -> Response {
    take_callback(shared, request).await
}

/// Takes a callback whose parameters are the query.
///
/// Answered once the event log has it. A signed one that cannot be read is kept for people. A URL of more than 65,534
/// bytes is answered by the status 414 alone.
#[utoipa::path(
    get,
    path = "/authy/callback",
    operation_id = "take_callback_by_query",
    tag = "callback",
    security(("signature" = [])),
    params(schemas::Nonce, schemas::Query),
    responses(
        (status = OK, description = "The callback is safe."),
        schemas::QueryRefused
    )
)]
pub(crate) async fn take_query(shared: Shared, request: Request) -> Response {
    take_callback(shared, request).await
}

async fn take_callback(State(shared): Shared, request: Request) -> Response {
    let started = Instant::now();
    let (receiver, pool) = &*shared;
    let answer = receiver.take(pool, request).await;
    answer::log(&answer, started.elapsed());
    answer.into_response()
}

async fn refuse_method() -> Response {
    let started = Instant::now();
    let answer = Err(Refused::Method);
    answer::log(&answer, started.elapsed());
    answer.into_response()
}
