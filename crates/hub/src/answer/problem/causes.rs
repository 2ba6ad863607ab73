//! From what went wrong inside to what a client is told: the cause is logged here, once, and never sent.

use approval::told;
use axum::http::StatusCode;
use provider::ProviderError;
use storage::StorageError;

use super::{Kind, Problem};
use crate::password::HashError;

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        if matches!(error, StorageError::Busy(_)) {
            // Every request meets it while it lasts, so it is stated once for all of them: `Hub::note_locked`.
            return Self::database_busy();
        }
        tracing::error!(error = %told(&error), "a request failed");
        Self::internal()
    }
}

impl From<approval::ShownError> for Problem {
    fn from(error: approval::ShownError) -> Self {
        Self::new(Kind::TooLong, "A phone cannot show this", StatusCode::UNPROCESSABLE_ENTITY).saying(error.to_string())
    }
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        tracing::error!(error = %told(&error), "a request failed");
        match error {
            HashError::Busy => Self::busy(),
            HashError::Failed(_) | HashError::CutOff => Self::internal(),
        }
    }
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        if let ProviderError::NoDescriptor(_) = error {
            tracing::error!(error = %told(&error), "the provider could not be called");
        } else {
            tracing::warn!(error = %told(&error), "the provider did not do what it was asked");
        }
        match error {
            ProviderError::OverLimit { retry_after } => Self::provider_over_limit(retry_after),
            _ => Self::provider_unavailable(),
        }
    }
}
