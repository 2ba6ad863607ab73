//! Why the hub refuses a request. Knows no HTTP and no page: `site` makes the answer of it.
//! The cause of a fault of our own is logged here, once.

use std::time::Duration;

use approval::{ShownError, told};
use provider::ProviderError;
use storage::{LimitName, Limited, StorageError, Withheld};

use crate::{password::HashError, person::FieldErrors};

/// Why a request is refused. The reason is the same for every kind of client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Some fields hold what is not allowed.
    Fields(FieldErrors),
    /// Unknown email or wrong password; nobody learns which.
    InvalidCredentials,
    /// The address has an invisible character, so no account has it. No password was checked, and no attempt counted.
    HiddenInAddress,
    /// The old password is wrong.
    WrongPassword,
    /// The person said that something was not them, and has not chosen another password yet.
    NewPasswordNeeded,
    /// A reset link that is used, expired or unknown; nobody learns which.
    InvalidLink,
    /// An invitation that is used, expired, replaced or unknown; nobody learns which.
    InvalidInvitation,
    /// A sign-up without an invitation, where one is needed.
    InvitationNeeded,
    /// Sign-ups are closed.
    SignUpClosed,
    /// A code that is wrong, used or too old.
    InvalidCode,
    /// The text is no code, so none was checked and no attempt counted.
    MalformedCode,
    /// As [`Refusal::InvalidCode`], for a transaction: only codes that were sent for it count.
    InvalidTransactionCode,
    /// This code is being checked already, and no further request may wait for the outcome.
    CodeInWork,
    /// Codes are off for the account.
    CodesOff,
    /// An unproven phone is called only after a wait that follows a text message. `None` if none was sent yet.
    TextFirst(Option<Limited>),
    /// The request needs a session, or a confirmed one.
    NoSession,
    /// Nothing is here, or nothing of this caller's.
    NotFound,
    /// The approval is not approved.
    NotApproved,
    /// The approval cannot be cancelled or sent again any more.
    AlreadyDecided,
    /// The phone is proven, and its owner has an account already.
    AlreadyRegistered,
    /// The session is confirmed already; what is asked for is for pending ones.
    AlreadySignedIn,
    /// A limit is reached.
    Limited(LimitName, Limited),
    /// The phone is not asked now. `Limited` says when it may be; `None` if only a code switches push on again.
    Withheld(Withheld, Option<Limited>),
    /// One session, or one address, has all the waiting pages that it may have.
    TooManySockets,
    /// More people than this machine can check passwords for, or than may wait here.
    Busy,
    /// A phone cannot show this.
    NotShown(ShownError),
    /// The provider cannot be reached or does not take our requests.
    ProviderUnavailable,
    /// The provider takes no more of our requests for now, and perhaps says for how long.
    ProviderOverLimit(Option<Duration>),
    /// Another program has the database locked.
    DatabaseBusy,
    /// Our own fault; the cause is in the log.
    Internal,
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        if matches!(error, StorageError::Busy(_)) {
            // Every request meets it while it lasts, so it is stated once for all of them: `Hub::note_locked`.
            return Self::DatabaseBusy;
        }
        tracing::error!(error = %told(&error), "a request failed");
        Self::Internal
    }
}

impl From<HashError> for Refusal {
    fn from(error: HashError) -> Self {
        tracing::error!(error = %told(&error), "a request failed");
        match error {
            HashError::Busy => Self::Busy,
            HashError::Failed(_) | HashError::CutOff => Self::Internal,
        }
    }
}

impl From<ProviderError> for Refusal {
    fn from(error: ProviderError) -> Self {
        if let ProviderError::NoDescriptor(_) = error {
            tracing::error!(error = %told(&error), "the provider could not be called");
        } else {
            tracing::warn!(error = %told(&error), "the provider did not do what it was asked");
        }
        match error {
            ProviderError::OverLimit { retry_after } => Self::ProviderOverLimit(retry_after),
            _ => Self::ProviderUnavailable,
        }
    }
}

impl From<ShownError> for Refusal {
    fn from(error: ShownError) -> Self {
        Self::NotShown(error)
    }
}
