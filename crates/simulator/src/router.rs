//! Every route of the simulator, on one port.

use axum::{
    Router,
    http::{HeaderValue, header},
};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{api, pages, programs, simulator::Simulator};

/// Logos may come from anywhere on the web, and the icon is empty; everything else is our own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src http: https: data:; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

impl Simulator {
    /// The provider's API, the phones as pages, and the phones as JSON.
    pub fn router(&self) -> Router {
        let header = |name, value| SetResponseHeaderLayer::overriding(name, value);
        Router::new()
            .merge(api::router(self))
            .merge(programs::router())
            .merge(pages::router())
            .layer(header(header::CONTENT_SECURITY_POLICY, POLICY))
            .layer(header(header::REFERRER_POLICY, HeaderValue::from_static("same-origin")))
            .layer(header(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
            .layer(header(header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .with_state(self.clone())
    }
}
