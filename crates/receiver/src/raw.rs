//! A request as it came, before anything of it is believed.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody as _},
    extract::{FromRequest as _, Request},
    http::{self, HeaderMap, StatusCode, Uri},
};
use bytes::Bytes;
use provider::{Method, NONCE_HEADER, SIGNATURE_HEADER, SignedRequest};
use tokio::time::timeout;

use crate::answer::Refused;

/// The largest body that is read.
pub(crate) const BODY_LIMIT: usize = 64 * 1024;
/// How long the sender may take over its body.
const BODY_DEADLINE: Duration = Duration::from_secs(5);

/// The parts of a request that a signature covers.
pub(crate) struct Raw {
    method: Method,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
}

impl Raw {
    /// Reads the whole request; of a `GET`, whose parameters are its query, only the head. The body is not read if the
    /// head shows that no signature can match.
    pub(crate) async fn read(mut request: Request) -> Result<Self, Refused> {
        let method = if request.method() == http::Method::GET { Method::Get } else { Method::Post };
        let headers = std::mem::take(request.headers_mut());
        let uri = std::mem::take(request.uri_mut());
        let head = Self { method, headers, uri, body: Bytes::new() };
        // `Content-Length` says that the body is too long.
        if method == Method::Post && request.body().size_hint().lower() > BODY_LIMIT as u64 {
            return Err(Refused::TooLarge);
        }
        head.signed().check_headers()?;
        match method {
            Method::Get => Ok(head),
            Method::Post => Ok(Self { body: read_body(request).await?, ..head }),
        }
    }

    pub(crate) fn signed(&self) -> SignedRequest<'_> {
        SignedRequest {
            method: self.method,
            nonce: self.only(NONCE_HEADER),
            signature: self.only(SIGNATURE_HEADER),
            query: self.query(),
            body: &self.body,
        }
    }

    /// The parameters, byte for byte.
    pub(crate) fn into_params(self) -> Bytes {
        match self.method {
            Method::Get => Bytes::copy_from_slice(self.query().as_bytes()),
            Method::Post => self.body,
        }
    }

    fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// The one value of a header. Of two we would have to guess which one is meant.
    fn only(&self, header: &str) -> Option<&str> {
        let mut values = self.headers.get_all(header).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }
}

async fn read_body(request: Request<Body>) -> Result<Bytes, Refused> {
    match timeout(BODY_DEADLINE, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Refused::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Refused::Incomplete),
    }
}
