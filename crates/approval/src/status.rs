//! The words for what an approval is for, where it stands, how its request travelled, and how a code travels.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// Where an approval stands. All but pending are final.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// Proves the phone of a new account.
    SignUp,
    /// Lets a session in.
    SignIn,
    /// Approves one transaction.
    Transaction,
}

impl Purpose {
    /// The word for it in code, SQL, JSON and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }
}

/// How far the provider got with handing the request to the phone.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// A text message.
    Sms,
    /// A telephone call.
    Call,
}

impl Channel {
    /// The word for it in code, SQL, JSON, logs and the provider's paths.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }
}

impl Status {
    /// The word for it in code, SQL, JSON and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// Whether nothing can change it any more.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending)
    }
}

impl Delivery {
    /// The word for it in code, SQL, JSON and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// Whether the phone may ring for it, now or soon: nobody has said that it will not.
    #[must_use]
    pub const fn may_ring(self) -> bool {
        matches!(self, Self::Sending | Self::Sent | Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::str::FromStr;

    use serde::Serialize;

    use super::*;

    fn reads_back<T: Copy + Debug + PartialEq + FromStr + Serialize>(all: &[T], word: impl Fn(T) -> &'static str) {
        for one in all {
            assert_eq!(word(*one).parse().ok(), Some(*one));
            assert_eq!(serde_json::to_value(one).unwrap(), word(*one));
        }
    }

    #[test]
    fn every_word_reads_back_and_is_the_word_of_the_json() {
        reads_back(Status::VARIANTS, Status::word);
        reads_back(Purpose::VARIANTS, Purpose::word);
        reads_back(Delivery::VARIANTS, Delivery::word);
        reads_back(Channel::VARIANTS, Channel::word);
        assert_eq!((Purpose::SignUp.word(), Delivery::NoApp.to_string().as_str()), ("sign_up", "no_app"));
    }
}
