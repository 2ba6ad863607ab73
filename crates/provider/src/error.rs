//! What can go wrong with the provider, by what the caller can do about it.
//!
//! No variant carries a phone number, a code, a key or a URL.

use std::time::Duration;

use thiserror::Error;

/// Why the provider did not do what it was asked.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// It takes no such phone number.
    #[error("the provider refused the phone number")]
    PhoneRefused,
    /// It takes no such email address.
    #[error("the provider refused the email address")]
    EmailRefused,
    /// It knows no such user.
    #[error("the provider knows no such user")]
    UnknownUser,
    /// The user's phone has no app to approve with.
    #[error("the provider knows no app for this user")]
    NoApp,
    /// It knows no such approval request.
    #[error("the provider knows no such request")]
    UnknownRequest,
    /// It does not know our API key.
    #[error("the provider refused the API key")]
    BadKey,
    /// We ask too often.
    #[error("the provider's limit is reached")]
    OverLimit {
        /// How long it wants us to wait, if it says so.
        retry_after: Option<Duration>,
    },
    /// It cannot be reached or cannot do it now. Nothing was done.
    #[error("the provider is down")]
    Down(#[source] Option<reqwest::Error>),
    /// No answer came: the time was up or the connection broke. What was asked may have been done.
    #[error("the provider did not answer")]
    Slow(#[source] Option<reqwest::Error>),
    /// It answered what we do not understand.
    #[error("the provider gave an unexpected answer: HTTP {status}, error {code}", code = code.unwrap_or_default())]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// Its own error number.
        code: Option<u32>,
    },
}

impl From<reqwest::Error> for ProviderError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold a code.
        let error = error.without_url();
        if error.is_connect() || error.is_builder() { Self::Down(Some(error)) } else { Self::Slow(Some(error)) }
    }
}
