//! The URL that a callback's signature covers. Configured, never derived from a request: behind a proxy the two differ,
//! and headers are the sender's to choose.

use std::str::FromStr;

use thiserror::Error;
use url::Url;

/// The absolute URL of the callback, exactly as it stands in the provider's console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackUrl {
    signed: String,
    url: Url,
}

/// A text that cannot be a callback's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseCallbackUrlError {
    /// It is relative, has no host, or is no URL at all.
    #[error("the callback URL must be absolute, like https://host/authy/callback")]
    NotAbsolute,
    /// Its scheme is neither `http` nor `https`.
    #[error("the callback URL must begin with http:// or https://")]
    Scheme,
    /// It carries a user name or a password, which the signature does not cover.
    #[error("the callback URL must not carry a user name or a password")]
    Credentials,
}

impl CallbackUrl {
    /// The part that is signed: the text as it was configured, up to its query. Not normalised, because the provider
    /// signs the text that was typed into its console.
    #[must_use]
    pub fn signed(&self) -> &str {
        &self.signed
    }

    /// Where the provider sends the callback.
    #[must_use]
    pub const fn target(&self) -> &Url {
        &self.url
    }
}

impl FromStr for CallbackUrl {
    type Err = ParseCallbackUrlError;

    fn from_str(text: &str) -> Result<Self, ParseCallbackUrlError> {
        // The URL parser drops white space and control characters in silence; here they are a slip of the operator.
        if text.chars().any(|one| one.is_whitespace() || one.is_control()) {
            return Err(ParseCallbackUrlError::NotAbsolute);
        }
        let url = Url::parse(text).map_err(|_| ParseCallbackUrlError::NotAbsolute)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ParseCallbackUrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ParseCallbackUrlError::Credentials);
        }
        let end = text.find(['?', '#']).unwrap_or(text.len());
        Ok(Self { signed: text[..end].to_owned(), url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_the_text_up_to_the_query() {
        for (text, signed) in [
            ("https://app.example.com/authy/callback", "https://app.example.com/authy/callback"),
            ("http://Example.COM:80", "http://Example.COM:80"),
            ("https://app.example.com/a/../b?tenant=1#x", "https://app.example.com/a/../b"),
            ("http://[::1]:3000/", "http://[::1]:3000/"),
            ("https://bücher.example/ä", "https://bücher.example/ä"),
        ] {
            assert_eq!(text.parse::<CallbackUrl>().unwrap().signed(), signed);
        }
    }

    #[test]
    fn what_is_no_absolute_web_address_is_refused() {
        use ParseCallbackUrlError::{Credentials, NotAbsolute, Scheme};
        for (text, error) in [
            ("", NotAbsolute),
            ("/authy/callback", NotAbsolute),
            ("app.example.com/authy/callback", NotAbsolute),
            ("https://", NotAbsolute),
            ("https://app.example.com/ ", NotAbsolute),
            ("ftp://app.example.com/", Scheme),
            ("https://me:secret@app.example.com/", Credentials),
        ] {
            assert_eq!(text.parse::<CallbackUrl>(), Err(error), "{text:?}");
        }
    }
}
