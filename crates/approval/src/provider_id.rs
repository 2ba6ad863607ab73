//! The ids that the provider gives out: plain words, and nothing else is known of them.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Whom the provider knows: one per phone number. It sends it as a number or a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct ProviderUserId(String);

/// The provider's id of one approval request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RequestId(String);

/// A text that the provider never gave out as an id. In a path it could name something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not an id of the provider")]
pub struct ParseProviderIdError;

impl ProviderUserId {
    /// The word, which may stand in a path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RequestId {
    /// The word, which may stand in a path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProviderUserId {
    type Err = ParseProviderIdError;

    fn from_str(text: &str) -> Result<Self, ParseProviderIdError> {
        Self::try_from(text.to_owned())
    }
}

impl FromStr for RequestId {
    type Err = ParseProviderIdError;

    fn from_str(text: &str) -> Result<Self, ParseProviderIdError> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for ProviderUserId {
    type Error = ParseProviderIdError;

    fn try_from(text: String) -> Result<Self, ParseProviderIdError> {
        plain(text).map(Self)
    }
}

impl TryFrom<String> for RequestId {
    type Error = ParseProviderIdError;

    fn try_from(text: String) -> Result<Self, ParseProviderIdError> {
        plain(text).map(Self)
    }
}

fn plain(text: String) -> Result<String, ParseProviderIdError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !text.is_empty() && text.bytes().all(plain) { Ok(text) } else { Err(ParseProviderIdError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_the_provider_is_a_plain_word_and_nothing_else_is_one() {
        for id in ["1635", "4a725520-bff5-0135-eb01-0e5d90336a8c", "a_B"] {
            assert_eq!(id.parse::<ProviderUserId>().unwrap().as_str(), id);
            assert_eq!(id.parse::<RequestId>().unwrap().as_str(), id);
        }
        for odd in ["", ".", "..", "../sms", "1/../2", "1?force=false", "1#", "%2e%2e", "1 ", "1\n", "1\0", "é"] {
            assert_eq!(odd.parse::<ProviderUserId>(), Err(ParseProviderIdError), "{odd:?}");
            assert_eq!(odd.parse::<RequestId>(), Err(ParseProviderIdError), "{odd:?}");
        }
    }

    #[test]
    fn an_id_that_is_none_is_not_read_from_json_either() {
        assert_eq!(serde_json::from_str::<RequestId>(r#""4a725520""#).unwrap(), "4a725520".parse().unwrap());
        assert!(serde_json::from_str::<RequestId>(r#""../sms""#).is_err());
        assert!(serde_json::from_str::<ProviderUserId>(r#""""#).is_err());
    }
}
