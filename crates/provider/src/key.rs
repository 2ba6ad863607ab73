//! The application's API key: authenticates us to the provider, and the provider's callbacks to us.

use std::fmt;

use approval::Secret;
use thiserror::Error;

/// The API key of the Authy application, opaque and never empty. Prints as `[redacted]`.
#[derive(Clone)]
pub struct ApiKey(Secret);

/// An API key with nothing in it: it would accept what anybody signs with nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the API key is empty")]
pub struct EmptyKey;

impl ApiKey {
    /// Takes a key of any spelling.
    ///
    /// # Errors
    /// [`EmptyKey`] when it has nothing but white space.
    pub fn new(key: Secret) -> Result<Self, EmptyKey> {
        if key.expose().trim().is_empty() { Err(EmptyKey) } else { Ok(Self(key)) }
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
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

    #[test]
    fn an_empty_key_is_refused() {
        for empty in ["", " ", "\n"] {
            assert_eq!(ApiKey::new(Secret::new(empty)).err(), Some(EmptyKey), "{empty:?}");
        }
    }

    #[test]
    fn a_key_prints_as_redacted() {
        assert_eq!(format!("{:?}", ApiKey::new(Secret::new("007")).unwrap()), "[redacted]");
    }
}
