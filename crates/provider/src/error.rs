//! What can go wrong with the provider, by what the caller can do about it.
//!
//! No variant carries a phone number, a code, a key or a URL.

use std::error::Error;
use std::fs::File;
use std::io;
use std::iter::successors;
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
    /// This process has no file descriptor left to call it with. Nothing was done, and it is not the provider's fault.
    #[error("this process has no file descriptor left to call the provider")]
    NoDescriptor(#[source] reqwest::Error),
    /// Too many calls wait for an answer already. Nothing was done.
    #[error("too many calls to the provider are under way")]
    Crowded,
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

/// No more open files in this process, or on this machine (errno(3): `EMFILE`, `ENFILE`).
const OUT_OF_DESCRIPTORS: [i32; 2] = [24, 23];

impl From<reqwest::Error> for ProviderError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may hold a code.
        let error = error.without_url();
        if error.is_builder() {
            Self::Down(Some(error))
        } else if error.is_connect() {
            if lacks_descriptor(&error) { Self::NoDescriptor(error) } else { Self::Down(Some(error)) }
        } else {
            Self::Slow(Some(error))
        }
    }
}

/// True if the error comes from a lack of descriptors. A failed look-up of a name does not say so, so a file is tried
/// as well.
fn lacks_descriptor(error: &reqwest::Error) -> bool {
    let is_lack = |error: &io::Error| error.raw_os_error().is_some_and(|number| OUT_OF_DESCRIPTORS.contains(&number));
    let mut causes = successors(error.source(), |cause| (*cause).source());
    causes.any(|cause| cause.downcast_ref().is_some_and(is_lack))
        || File::open("/dev/null").is_err_and(|error| is_lack(&error))
}
