//! The name of one message on its way from a receiver to a hub.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Names one message to the broker: the SHA-256 of the signed parameters, in hexadecimal. A repeat of the provider
/// has the same, a contradiction another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

/// A text that is no message id.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not a message id")]
pub struct ParseMessageIdError;

impl FromStr for MessageId {
    type Err = ParseMessageIdError;

    fn from_str(text: &str) -> Result<Self, ParseMessageIdError> {
        let digits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        digits.then(|| Self(text.to_owned())).ok_or(ParseMessageIdError)
    }
}

impl MessageId {
    /// The id of a message whose signed parameters are `params`.
    #[must_use]
    pub fn of(params: &[u8]) -> Self {
        Self(Sha256::digest(params).iter().fold(String::with_capacity(64), |mut text, byte| {
            use fmt::Write as _;
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }

    /// The id under which it is told that the same message came again: one for all its repeats.
    #[must_use]
    pub fn again(&self) -> Self {
        Self::of(format!("again {}", self.0).as_bytes())
    }

    /// The W3C `traceparent` of everything that happens because of this message. It follows from the id, so that it
    /// needs no place of its own.
    #[must_use]
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", &self.0[..32], &self.0[32..48])
    }

    /// The 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_reads_back_and_nothing_else_does() {
        let id = MessageId::of(b"what was signed");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        for other in ["", &id.as_str()[1..], &id.as_str().to_uppercase(), &format!("{}0", id.as_str())] {
            assert_eq!(other.parse::<MessageId>(), Err(ParseMessageIdError));
        }
    }
}
