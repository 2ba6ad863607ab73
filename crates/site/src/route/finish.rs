//! Every request has an answer, whatever becomes of its handler or of its browser. Knows no route.

use std::panic::AssertUnwindSafe;

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use hub::client::{DisconnectGuard, WaitMark};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::answer::problem::Problem;

/// Finishes what was begun, also when the browser hangs up meanwhile: a code that the provider has accepted must still
/// confirm its session, and a written approval must be pushed. What only reads ends with its browser.
///
/// A handler that panics is our own fault, and told as one.
pub(super) async fn finish(State(tasks): State<TaskTracker>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let mark = request.extensions().get::<WaitMark>().cloned();
    let answer = AssertUnwindSafe(next.run(request).in_current_span()).catch_unwind();
    // Work that only waits, and has begun nothing yet, ends when the client disconnects.
    // Boxed, because the layers around it would reserve its size several times.
    let (client, answer) = DisconnectGuard::with(mark, Box::pin(answer));
    let answered = if reads { answer.await.ok() } else { tasks.spawn(answer).await.ok().and_then(Result::ok) };
    client.answered();
    answered.unwrap_or_else(|| Problem::internal().into_response())
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::StatusCode, middleware::from_fn_with_state, routing::any};
    use tower::ServiceExt as _;

    use super::*;

    async fn fails() -> StatusCode {
        panic!("on purpose")
    }

    #[tokio::test]
    async fn a_handler_that_panics_is_answered_for_whatever_was_asked() {
        let router = Router::new().route("/", any(fails));
        let router = router.layer(from_fn_with_state(TaskTracker::new(), finish));
        for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
            let request = Request::builder().method(&method).body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{method}");
            assert_eq!(answer.extensions().get::<Problem>(), Some(&Problem::internal()), "{method}");
        }
    }
}
