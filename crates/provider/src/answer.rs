//! One answer of the provider, read as loosely as it is written: it sends `success` as a truth value or a text, its
//! error number as a number or a text, and JSON under any content type.

use std::{str::FromStr, time::Duration};

use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde_json::Value;

use crate::ProviderError;

const SIZE_LIMIT: usize = 256 * 1024;

/// Status and body.
pub(crate) struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Value,
}

impl Answer {
    /// Reads a response to its end. A body that is no JSON, or larger than any of the provider's, reads as nothing.
    pub(crate) async fn read(mut response: Response) -> Result<Self, ProviderError> {
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > SIZE_LIMIT {
                bytes.clear();
                break;
            }
        }
        Ok(Self { status, retry_after, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// Whether the provider says it did what was asked.
    pub(crate) fn succeeded(&self) -> bool {
        self.status == StatusCode::OK && self.body.get("success").is_none_or(is_true)
    }

    /// Itself, if the provider did what was asked.
    pub(crate) fn ok(self) -> Result<Self, ProviderError> {
        if self.succeeded() { Ok(self) } else { Err(self.error()) }
    }

    /// The value at `pointer` (RFC 6901) as a text, if it is a text or a number.
    pub(crate) fn text(&self, pointer: &str) -> Option<String> {
        self.body.pointer(pointer).and_then(text)
    }

    /// The same, where the provider has to say it.
    pub(crate) fn required(&self, pointer: &str) -> Result<String, ProviderError> {
        self.text(pointer).filter(|text| !text.is_empty()).ok_or_else(|| self.unexpected())
    }

    /// An id, where the provider has to give one.
    pub(crate) fn id<T: FromStr>(&self, pointer: &str) -> Result<T, ProviderError> {
        self.required(pointer)?.parse().map_err(|_| self.unexpected())
    }

    /// Whether the value at `pointer` is true.
    pub(crate) fn is_true(&self, pointer: &str) -> bool {
        self.body.pointer(pointer).is_some_and(is_true)
    }

    /// The provider's error number.
    pub(crate) fn error_code(&self) -> Option<u32> {
        self.text("/error_code")?.parse().ok()
    }

    pub(crate) fn unexpected(&self) -> ProviderError {
        ProviderError::Unexpected { status: self.status.as_u16(), code: self.error_code() }
    }

    /// The error it is. The provider's number says more than the HTTP status, which it shares between a wrong code
    /// and a wrong key.
    pub(crate) fn error(&self) -> ProviderError {
        match (self.error_code(), self.status.as_u16()) {
            (Some(60_003), _) | (_, 429) => ProviderError::OverLimit { retry_after: self.retry_after },
            (Some(60_001), _) => ProviderError::BadKey,
            (Some(60_016 | 60_026 | 60_127 | 60_128), _) => ProviderError::UnknownUser,
            (Some(60_027), _) => self.refused_user(),
            (Some(60_033 | 60_083), _) => ProviderError::PhoneRefused,
            (Some(60_049), _) => ProviderError::UnknownRequest,
            (Some(60_050 | 60_051), _) => ProviderError::NoApp,
            (_, 504) => ProviderError::Slow(None),
            (_, 500..) => ProviderError::Down(None),
            _ => self.unexpected(),
        }
    }

    /// "User was not valid": the fields at fault are named beside it.
    fn refused_user(&self) -> ProviderError {
        let at_fault =
            |field| self.body.get(field).or_else(|| self.body.pointer(&format!("/errors/{field}"))).is_some();
        if at_fault("email") && !at_fault("cellphone") && !at_fault("country_code") {
            ProviderError::EmailRefused
        } else {
            ProviderError::PhoneRefused
        }
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn is_true(value: &Value) -> bool {
    value == true || value == "true"
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}
