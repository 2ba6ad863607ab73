//! The provider's API (authy.com, "Authy API"), for programs on this machine or under a configured name, never for web
//! pages. Knows nothing of pages and phones' taps.

mod app;
mod authorized;
mod codes;
mod lookup;
mod named;
mod onetouch;
mod refusal;
mod registrations;
mod secret;
mod slow;
mod users;
mod verification;
mod webhooks;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{any, delete, get, post},
};

use crate::{guard, simulator::Simulator};

/// No genuine call is larger.
const BODY_LIMIT: usize = 64 * 1024;

pub(crate) fn router(simulator: &Simulator) -> Router<Simulator> {
    let slowly = from_fn_with_state(simulator.clone(), slow::answer);
    Router::new()
        .nest("/protected/json", protected().layer(slowly.clone()))
        .nest("/onetouch/json", onetouch().layer(slowly))
        .route("/protected/{*path}", any(no_such_call))
        .route("/onetouch/{*path}", any(no_such_call))
        .merge(dashboard())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(simulator.clone(), guard::known_host))
}

fn protected() -> Router<Simulator> {
    Router::new()
        .route("/users/new", post(users::create))
        .route("/users/{id}/status", get(users::status))
        .route("/users/{id}/update", post(users::update))
        .route("/users/{id}/register_activity", post(users::register_activity))
        .route("/users/{id}/remove", post(users::remove))
        .route("/users/{id}/delete", post(users::delete))
        .route("/users/delete/{id}", post(users::delete))
        .route("/users/{id}/secret", post(secret::of_user))
        .route("/registrations/status", get(registrations::status))
        .route("/sms/{id}", get(codes::sms))
        .route("/call/{id}", get(codes::call))
        .route("/email/{id}", post(codes::email))
        .route("/verify/{token}/{id}", get(codes::verify))
        .route("/app/details", get(app::details))
        .route("/app/stats", get(app::stats))
        .route("/phones/verification/start", post(verification::start))
        .route("/phones/verification/check", get(verification::check))
        .route("/phones/verification/status", get(verification::status))
        .route("/phones/info", get(verification::info))
        .fallback(no_such_call)
        .method_not_allowed_fallback(no_such_call)
}

fn onetouch() -> Router<Simulator> {
    Router::new()
        .route("/users/{id}/approval_requests", post(onetouch::create))
        .route("/approval_requests/{uuid}", get(onetouch::read))
        .fallback(no_such_call)
        .method_not_allowed_fallback(no_such_call)
}

/// Not nested: a signature covers the whole path.
fn dashboard() -> Router<Simulator> {
    const WEBHOOKS: &str = "/dashboard/json/application/webhooks";
    Router::new()
        .route(WEBHOOKS, get(webhooks::list).post(webhooks::create))
        .route(&format!("{WEBHOOKS}/{{id}}"), delete(webhooks::remove))
        .route("/dashboard/{*path}", any(no_such_call))
        .method_not_allowed_fallback(no_such_call)
}

/// Everything this stand-in does not have, XML among it, and every other method of what it has. The provider's errors
/// have a body that its clients read, and none of them is a 405.
async fn no_such_call() -> refusal::Refusal {
    refusal::Refusal::InvalidRequest
}
