//! The addresses that the receiver serves, and the answer at all others.

use std::{convert::Infallible, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use provider::SIGNATURE_HEADER;
use tower::{Service as _, ServiceExt as _, service_fn};

use crate::{
    address::Addresses,
    answer::{self, Refused},
    pool::VerifyPool,
    raw::BODY_LIMIT,
    receiver::Receiver,
    schemas,
};

/// A receiver, and the pool for its slow work.
type Shared = State<Arc<(Arc<Receiver>, VerifyPool)>>;

/// The receiver's routes: `GET` and `POST` of `/authy/callback`, and of the path of the configured URL. `rest` is
/// the router for all other addresses, if there is one.
///
/// Looks at no `Host`, `Origin` or `Sec-Fetch` header, never redirects, and limits no rate: the signature is the proof.
pub fn router(receiver: Receiver, rest: Option<Router>) -> Router {
    let addresses = Addresses::of(&receiver.callback_url);
    let shared = Arc::new((Arc::new(receiver), VerifyPool::new()));
    // Without a handler of its own, a HEAD would be taken for a GET.
    let callback = get(take_query).post(take_body).head(refuse_method).fallback(refuse_method);
    let callback: MethodRouter = callback.layer(DefaultBodyLimit::max(BODY_LIMIT)).with_state(shared);
    let elsewhere = Arc::new(Elsewhere { addresses, callback: callback.clone(), rest });
    Router::new()
        .route("/authy/callback", callback)
        .fallback_service(service_fn(move |request| Arc::clone(&elsewhere).answer(request)))
}

/// What is served at all other addresses.
struct Elsewhere {
    addresses: Addresses,
    callback: MethodRouter,
    rest: Option<Router>,
}

impl Elsewhere {
    /// Takes a callback at another spelling of its address. Beside pages, the request must have a signature, because
    /// the address may be that of a page.
    async fn answer(self: Arc<Self>, request: Request) -> Result<Response, Infallible> {
        let is_signed = request.headers().contains_key(SIGNATURE_HEADER);
        if (is_signed || self.rest.is_none()) && self.addresses.contain(request.uri().path()) {
            return self.callback.clone().call(request).await;
        }
        if is_signed {
            answer::log_elsewhere(request.uri().path(), &self.addresses);
        }
        match &self.rest {
            Some(rest) => rest.clone().oneshot(request).await,
            None => Ok(Refused::Nowhere.into_response()),
        }
    }
}

/// Takes a callback whose parameters are a JSON body.
///
/// Answered once the event log has it. A signed one that cannot be read is kept for people. Taken at the path of
/// `AUTHY_CALLBACK_URL` as well, and with doubled slashes or one at the end.
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
