//! The words for what an approval is for, where it stands, how its request travelled, and how a code travels.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;

/// Where an approval stands. All but pending are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting for the tap.
    Pending,
    /// The person approved.
    Approved,
    /// The person denied.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// The browser that asked took it back, or got in another way.
    Cancelled,
}

/// What an approval is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Proves the phone of a new account.
    SignUp,
    /// Lets a session in.
    SignIn,
    /// Approves one transaction.
    Transaction,
}

/// How far the provider got with handing the request to the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// We are handing the request to the provider.
    Sending,
    /// The provider took it.
    Sent,
    /// The provider knows no app for this phone.
    NoApp,
    /// The provider refused, was over its limit or could not be reached.
    Unavailable,
    /// No answer came in time: it may have arrived.
    Unknown,
}

/// How a code travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A text message.
    Sms,
    /// A telephone call.
    Call,
}

/// A stored word that none of ours is.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("unknown {of}")]
pub struct ParseWordError {
    /// Which vocabulary was expected.
    pub of: &'static str,
}

impl Status {
    const ALL: [Self; 5] = [Self::Pending, Self::Approved, Self::Denied, Self::Expired, Self::Cancelled];

    /// The word for it in code, SQL, JSON and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing can change it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending)
    }
}

impl Purpose {
    const ALL: [Self; 3] = [Self::SignUp, Self::SignIn, Self::Transaction];

    /// The word for it in code, SQL, JSON and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignIn => "sign_in",
            Self::Transaction => "transaction",
        }
    }
}

impl Delivery {
    const ALL: [Self; 5] = [Self::Sending, Self::Sent, Self::NoApp, Self::Unavailable, Self::Unknown];

    /// The word for it in code, SQL, JSON and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::NoApp => "no_app",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the phone may ring for it, now or soon: nobody has said that it will not.
    #[must_use]
    pub const fn may_ring(self) -> bool {
        matches!(self, Self::Sending | Self::Sent | Self::Unknown)
    }
}

impl Channel {
    const ALL: [Self; 2] = [Self::Sms, Self::Call];

    /// The word for it in code, SQL, JSON, logs and the provider's paths.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Call => "call",
        }
    }
}

impl FromStr for Status {
    type Err = ParseWordError;

    fn from_str(word: &str) -> Result<Self, ParseWordError> {
        Self::ALL.into_iter().find(|one| one.word() == word).ok_or(ParseWordError { of: "status" })
    }
}

impl FromStr for Purpose {
    type Err = ParseWordError;

    fn from_str(word: &str) -> Result<Self, ParseWordError> {
        Self::ALL.into_iter().find(|one| one.word() == word).ok_or(ParseWordError { of: "purpose" })
    }
}

impl FromStr for Delivery {
    type Err = ParseWordError;

    fn from_str(word: &str) -> Result<Self, ParseWordError> {
        Self::ALL.into_iter().find(|one| one.word() == word).ok_or(ParseWordError { of: "delivery" })
    }
}

impl FromStr for Channel {
    type Err = ParseWordError;

    fn from_str(word: &str) -> Result<Self, ParseWordError> {
        Self::ALL.into_iter().find(|one| one.word() == word).ok_or(ParseWordError { of: "channel" })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_is_the_word_of_the_json() {
        for one in Status::ALL {
            assert_eq!(one.word().parse(), Ok(one));
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
        }
        for one in Purpose::ALL {
            assert_eq!(one.word().parse(), Ok(one));
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
        }
        for one in Channel::ALL {
            assert_eq!(one.word().parse(), Ok(one));
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
        }
        for one in Delivery::ALL {
            assert_eq!(one.word().parse(), Ok(one));
            assert_eq!(serde_json::to_value(one).unwrap(), one.word());
        }
    }
}
