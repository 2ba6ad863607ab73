//! The picture beside a request on the phone.

use serde::{Deserialize, Serialize};
use strum::VariantArray;
use thiserror::Error;

use crate::is_plain;

/// A picture beside the request, for one kind of screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logo {
    /// For which screens.
    pub res: Resolution,
    /// Where the phone finds it.
    pub url: String,
}

/// The screens a logo is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "lowercase")]
pub enum Resolution {
    /// All that have none of their own.
    Default,
    /// Of low resolution.
    Low,
    /// Of medium resolution.
    Med,
    /// Of high resolution.
    High,
}

/// The logos of one request: none, or one for all screens and perhaps others for some.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Logos(Vec<Logo>);

/// Why logos are not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogosError {
    /// A logo without an http address of at most [`Logos::URL_LIMIT`] characters.
    #[error("a logo needs an http address of at most {} characters", Logos::URL_LIMIT)]
    Address,
    /// Logos of which none is for all screens, or two for one kind of screen.
    #[error("one logo must be the default, and there can be one for each kind of screen")]
    Screens,
}

impl Logos {
    /// Characters in the address of a logo, as the provider's own libraries have it.
    pub const URL_LIMIT: usize = 500;

    /// Takes what the provider takes: http addresses, one for each kind of screen, the default among them.
    ///
    /// # Errors
    /// [`LogosError`].
    pub fn new(logos: Vec<Logo>) -> Result<Self, LogosError> {
        if !logos.iter().all(|logo| is_address(&logo.url)) {
            return Err(LogosError::Address);
        }
        let of = |res| logos.iter().filter(|logo| logo.res == res).count();
        let once = logos.iter().all(|logo| of(logo.res) == 1);
        let fits = logos.is_empty() || of(Resolution::Default) == 1;
        if once && fits { Ok(Self(logos)) } else { Err(LogosError::Screens) }
    }

    /// One picture for all screens.
    ///
    /// # Errors
    /// [`LogosError::Address`].
    pub fn one(url: String) -> Result<Self, LogosError> {
        Self::new(vec![Logo { res: Resolution::Default, url }])
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Logo] {
        &self.0
    }
}

fn is_address(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = is_plain(url) && !url.contains(char::is_whitespace);
    plain && url.chars().nth(Logos::URL_LIMIT).is_none() && host.is_some_and(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logo(res: Resolution, url: &str) -> Logo {
        Logo { res, url: url.to_owned() }
    }

    #[test]
    fn logos_are_none_or_a_default_and_perhaps_others() {
        let (default, high) =
            (logo(Resolution::Default, "https://a.example/a.png"), logo(Resolution::High, "http://a/b"));
        assert!(Logos::new(vec![]).is_ok());
        assert!(Logos::new(vec![high.clone(), default.clone()]).is_ok());
        assert_eq!(Logos::new(vec![high]), Err(LogosError::Screens));
        assert_eq!(Logos::new(vec![default.clone(), default]), Err(LogosError::Screens));
    }

    #[test]
    fn a_logo_has_an_http_address_of_500_characters_at_most() {
        for url in
            ["", "a.png", "javascript:alert(1)", "https://", "https://a/ b", "data:image/png;base64,AA", "https://a/\n"]
        {
            assert_eq!(Logos::one(url.to_owned()), Err(LogosError::Address), "{url}");
        }
        let long = |length: usize| format!("https://a.example/{}", "a".repeat(length - 18));
        assert!(Logos::one(long(500)).is_ok());
        assert!(Logos::one(long(501)).is_err());
    }
}
