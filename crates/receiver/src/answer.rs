//! What becomes of a callback: the answer to its sender, and the one line in our log. Neither holds the body, a
//! header, or whom the callback is about.

use std::time::Duration;

use approval::{MessageId, RequestId, told};
use axum::{
    Json,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{
            ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
};
use broker::{PublishError, Receipt};
use provider::{Rejected, SignedWith, Unreadable};
use serde::Serialize;
use utoipa::ToSchema;

use crate::address::{self, Addresses, CALLBACK_PATH};

/// An answer is for the provider alone: should a browser ever see one, it makes nothing of it and keeps nothing.
const HEADERS: [(HeaderName, &str); 5] = [
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

/// A callback that is safe with the event log.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It is on its way to a hub.
    Published { id: MessageId, request: RequestId, receipt: Receipt, with: SignedWith },
    /// It is signed and says nothing we understand: it is kept for people.
    Buried { id: MessageId, reason: Unreadable, with: SignedWith },
}

/// A callback that was not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is not the provider's.
    Signature(Rejected),
    /// Its body is too large to be the provider's.
    TooLarge,
    /// Its body did not come to its end.
    Incomplete,
    /// It came by another method.
    Method,
    /// It came to an address where nothing is.
    Nowhere,
    /// It is long, and its turn for the check of its signature did not come in time.
    Busy,
    /// The event log failed, or, without an error, did not acknowledge in time.
    Unavailable(Option<PublishError>),
}

/// The same as its sender reads it (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallbackProblem)]
pub(crate) struct Problem {
    /// The stable name of its kind.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
}

impl Problem {
    /// The cause stays with us: a sender that is not the provider learns nothing from the answer.
    pub(crate) const fn of(refused: &Refused) -> Self {
        let (status, kind, title) = match refused {
            Refused::Signature(_) => (401, "invalid-signature", "The signature is missing or wrong"),
            Refused::TooLarge => (413, "too-large", "The request is too large"),
            Refused::Incomplete => (400, "bad-request", "The request cannot be read"),
            Refused::Nowhere => (404, "not-found", "There is nothing here"),
            Refused::Method => (405, "method-not-allowed", "This cannot be done here"),
            Refused::Busy => (503, "busy", "Too many callbacks are being checked"),
            Refused::Unavailable(_) => (503, "unavailable", "The callback cannot be kept now"),
        };
        Self { kind, title, status }
    }
}

impl From<Rejected> for Refused {
    fn from(rejected: Rejected) -> Self {
        Self::Signature(rejected)
    }
}

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        (StatusCode::OK, HEADERS).into_response()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let problem = Problem::of(&self);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response =
            (status, HEADERS, [(CONTENT_TYPE, "application/problem+json")], Json(problem)).into_response();
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
        }
        if matches!(self, Self::Busy) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Writes the one line about a callback that took this long.
pub(crate) fn log(answer: &Result<Taken, Refused>, took: Duration) {
    let duration_ms = took.as_secs_f64() * 1000.0;
    match answer {
        Ok(Taken::Published { id, request, receipt, with }) => tracing::info!(
            callback.outcome = word(*receipt),
            callback.key = key(*with),
            message.id = id.as_str(),
            request.id = request.as_str(),
            duration_ms,
            "took a callback"
        ),
        Ok(Taken::Buried { id, reason, with }) => tracing::warn!(
            callback.outcome = "buried",
            callback.key = key(*with),
            message.id = id.as_str(),
            callback.missing = reason.field,
            duration_ms,
            "buried a signed callback that cannot be read"
        ),
        Err(Refused::Unavailable(cause)) => tracing::error!(
            callback.outcome = "unavailable",
            error = cause.as_ref().map(|cause| tracing::field::display(told(cause))),
            duration_ms,
            "could not take a callback: the event log did not acknowledge it"
        ),
        Err(refused) => tracing::warn!(
            callback.outcome = "refused",
            callback.reason = refused.reason(),
            duration_ms,
            "refused a callback"
        ),
    }
}

/// Logs a signed request to an address where no callback is taken. After three such answers the provider disables the
/// callback URL.
pub(crate) fn log_elsewhere(path: &str, addresses: &Addresses) {
    tracing::warn!(
        callback.outcome = "refused",
        callback.reason = Refused::Nowhere.reason(),
        path = address::logged(path),
        taken_at = addresses.configured().unwrap_or(CALLBACK_PATH),
        "a signed request came to an address where no callback is taken; correct the URL in the provider's console or \
         the path that the proxy sends"
    );
}

const fn word(receipt: Receipt) -> &'static str {
    match receipt {
        Receipt::Stored => "published",
        Receipt::Duplicate => "repeated",
    }
}

/// Which key was used, as a word: it tells an operator when the previous one may be forgotten.
const fn key(with: SignedWith) -> &'static str {
    match with {
        SignedWith::Current => "current",
        SignedWith::Previous => "previous",
    }
}

impl Refused {
    const fn reason(&self) -> &'static str {
        match self {
            Self::Signature(Rejected::Unsigned) => "unsigned",
            Self::Signature(Rejected::Mismatch) => "wrong signature",
            Self::Signature(Rejected::Malformed(_)) => "malformed body",
            Self::TooLarge => "too large",
            Self::Incomplete => "incomplete body",
            Self::Method => "wrong method",
            Self::Nowhere => "wrong address",
            Self::Busy => "too many at once",
            Self::Unavailable(_) => "event log unavailable",
        }
    }
}
