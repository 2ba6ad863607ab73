//! Every address of the site, in one place: pages for people, JSON for programs, assets.

mod account;
mod approval;
mod code;
mod events;
mod finish;
mod frame;
mod in_flight;
mod landing;
mod locked;
mod openapi;
mod password;
mod reset;
mod session;
mod sessions;
mod sign_in;
mod sign_up;
mod transaction;
mod transfer;
mod waiting;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{delete, get, post},
};
use hub::{Hub, places::KeyLimiter};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{
    answer::problem::Problem,
    page,
    request::body::{CODE_BODY, LARGEST_BODY},
    settings::SiteSettings,
    site::{Shared, Site},
    trust::origin::Origins,
};

/// No script, style, picture or connection but our own; nobody may frame us.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The router for pages, API and assets over `hub`.
///
/// # Errors
/// When the description of the API cannot be written.
pub fn router(hub: Hub, settings: SiteSettings) -> Result<Router, serde_json::Error> {
    let SiteSettings { public_url, proxies, others } = settings;
    let origins = Origins::of(&public_url);
    let document = openapi::document(!origins.is_loopback(), others.map(|describe| describe())).to_json()?.into();
    let changes = KeyLimiter::new(in_flight::PLACES);
    Ok(routes(Site::new(Shared { hub, origins, proxies, document, changes })))
}

fn routes(site: Site) -> Router {
    let router = Router::new()
        .merge(pages())
        .nest("/api", api())
        .route("/assets/{hash}/{name}", get(page::asset))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::wrong_method() })
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(site.clone(), in_flight::limit))
        .layer(middleware::from_fn_with_state(site.hub.tasks().clone(), finish::finish))
        .layer(middleware::from_fn_with_state(site.clone(), guard))
        .layer(middleware::from_fn_with_state(site.clone(), frame::problems_as_pages));
    let secure = site.is_secure();
    headers(secure)
        .into_iter()
        .fold(router, |router, (name, value)| {
            router.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)))
        })
        .with_state(site)
}

fn pages() -> Router<Site> {
    Router::new()
        .route("/", get(landing::page))
        .route("/sign-up", get(sign_up::page).post(sign_up::submit))
        .route("/sign-up/change", get(sign_up::change_page).post(sign_up::change))
        .route("/invitation", get(sign_up::invited_page))
        .route("/sign-in", get(sign_in::page).post(sign_in::submit))
        .route("/approvals", post(transfer::submit))
        .route("/approvals/{id}", get(waiting::page))
        .route("/approvals/{id}/complete", post(waiting::complete))
        .route("/approvals/{id}/cancel", post(waiting::cancel))
        .route("/approvals/{id}/resend", post(waiting::resend))
        .route("/approvals/{id}/code", get(transaction::code_page).post(transaction::submit_code))
        .route("/approvals/{id}/code/send", post(transaction::submit_send))
        .route("/code", get(code::page).post(code::submit).layer(DefaultBodyLimit::max(CODE_BODY)))
        .route("/code/send", post(code::send))
        .route("/account", get(account::page))
        .route("/account/notices/{id}/dismiss", post(account::dismiss))
        .route("/account/not-me", post(sessions::submit_not_me))
        .route("/account/sessions/end", post(sessions::submit_end_others))
        .route("/account/sessions/{id}/end", post(sessions::submit_end))
        .route("/password", get(password::page).post(password::submit))
        .route("/reset", get(reset::page).post(reset::submit))
        .route("/reset/done", get(reset::done))
        .route("/sign-out", post(account::sign_out))
}

fn api() -> Router<Site> {
    Router::new()
        .route("/openapi.json", get(openapi::show))
        .route("/users", post(sign_up::create))
        .route("/session", get(session::show).post(sign_in::create).delete(session::end))
        .route("/session/not-me", post(sessions::not_me))
        .route("/sessions", get(sessions::list).delete(sessions::end_others))
        .route("/sessions/{id}", delete(sessions::end))
        .route("/password", post(password::change))
        .route("/password/reset", post(reset::reset))
        .route("/session/code", post(session::code).layer(DefaultBodyLimit::max(CODE_BODY)))
        .route("/session/code/send", post(session::send_code))
        .route("/approvals", post(transaction::create))
        .route("/approvals/{id}", get(approval::show))
        .route("/approvals/{id}/events", get(events::events))
        .route("/approvals/{id}/complete", post(approval::complete))
        .route("/approvals/{id}/cancel", post(approval::cancel))
        .route("/approvals/{id}/resend", post(approval::resend))
        .route("/approvals/{id}/code", post(transaction::code))
        .route("/approvals/{id}/code/send", post(transaction::send_code))
}

/// Refuses requests of other sites that would change something.
async fn guard(State(site): State<Site>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && !site.origins.may_change(request.headers()) {
        return Problem::foreign_origin().into_response();
    }
    next.run(request).await
}

/// Headers of every answer that does not set them itself.
fn headers(secure: bool) -> Vec<(HeaderName, &'static str)> {
    let mut headers = vec![
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With "no-referrer" browsers would send "Origin: null" with our own forms (Fetch standard, 3.2).
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    if secure {
        headers.push((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    headers
}
