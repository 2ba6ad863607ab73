//! The application's API key: authenticates us to the provider, and the provider's callbacks to us.

use std::fmt;

use approval::Secret;
use thiserror::Error;

/// The API key of the Authy application, opaque and never empty. Prints as `[redacted]`.
#[derive(Clone)]
pub struct ApiKey(Secret);

/// The keys that callbacks may be signed with: the one in force and, while keys are exchanged, the one before it.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    current: ApiKey,
    previous: Option<ApiKey>,
}

/// A text that is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadKey {
    /// It has nothing but white space: it would accept what anybody signs with nothing.
    #[error("the API key is blank")]
    Blank,
    /// It has characters that the provider gives to nobody. A NUL at its end would even count for nothing: HMAC fills
    /// short keys with them (RFC 2104).
    #[error("the API key has control characters")]
    Control,
}

impl ApiKey {
    /// Takes a key of any other spelling.
    ///
    /// # Errors
    /// [`BadKey`] when it cannot be one.
    pub fn new(key: Secret) -> Result<Self, BadKey> {
        match key.expose() {
            blank if blank.trim().is_empty() => Err(BadKey::Blank),
            odd if odd.contains(char::is_control) => Err(BadKey::Control),
            _ => Ok(Self(key)),
        }
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl ApiKeys {
    /// The key in force alone, or with the one before it.
    #[must_use]
    pub const fn new(current: ApiKey, previous: Option<ApiKey>) -> Self {
        Self { current, previous }
    }

    /// The key in force: what the provider is called with.
    #[must_use]
    pub const fn current(&self) -> &ApiKey {
        &self.current
    }

    pub(crate) const fn previous(&self) -> Option<&ApiKey> {
        self.previous.as_ref()
    }
}

impl From<ApiKey> for ApiKeys {
    fn from(key: ApiKey) -> Self {
        Self::new(key, None)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(key: &str) -> Option<BadKey> {
        ApiKey::new(Secret::new(key)).err()
    }

    #[test]
    fn a_blank_key_is_refused() {
        for blank in ["", " ", "\n", " \u{a0}\t"] {
            assert_eq!(refused(blank), Some(BadKey::Blank), "{blank:?}");
        }
    }

    #[test]
    fn a_key_that_hmac_cannot_tell_from_another_is_refused() {
        for odd in ["\0", "\0\0", "key\0", "ke\ny", "key\u{7f}"] {
            assert_eq!(refused(odd), Some(BadKey::Control), "{odd:?}");
        }
        assert_eq!(refused("a key of the tests"), None);
    }

    #[test]
    fn keys_print_as_redacted() {
        let key = |text| ApiKey::new(Secret::new(text)).unwrap();
        let both = ApiKeys::new(key("007"), Some(key("006")));
        assert_eq!(format!("{both:?}"), "ApiKeys { current: [redacted], previous: Some([redacted]) }");
    }
}
