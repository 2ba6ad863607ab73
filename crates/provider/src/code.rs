//! The code that a person types.

use std::{fmt, str::FromStr};

use approval::Secret;
use thiserror::Error;

/// [`Code::SHORTEST`] to [`Code::LONGEST`] ASCII digits. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Secret);

/// A text that no code looks like. It never reaches the provider, in whose path a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a code has {} to {} digits", Code::SHORTEST, Code::LONGEST)]
pub struct ParseCodeError;

impl Code {
    /// Digits of the shortest code.
    pub const SHORTEST: usize = 6;
    /// Digits of the longest code.
    pub const LONGEST: usize = 10;

    /// The digits. Never pass them to a log or an error.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl FromStr for Code {
    type Err = ParseCodeError;

    fn from_str(text: &str) -> Result<Self, ParseCodeError> {
        if (Self::SHORTEST..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(Secret::new(text)))
        } else {
            Err(ParseCodeError)
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_to_ten_digits_are_a_code() {
        for text in ["000000", "1234567", "0123456789"] {
            assert_eq!(text.parse::<Code>().unwrap().expose(), text);
        }
    }

    #[test]
    fn a_path_in_place_of_a_code_is_refused_before_any_request() {
        for text in [
            "",
            "12345",
            "12345678901",
            "../sms",
            "../../sms",
            "0000000/1#",
            "000000?",
            "%2e%2e",
            "%30%30%30%30",
            " 123456",
            "123456\n",
            "123456\0",
            "12 3456",
            "-123456",
            "+123456",
            "12345a",
            "\u{661}\u{662}\u{663}",
            "\u{ff11}\u{ff12}\u{ff13}",
        ] {
            assert_eq!(text.parse::<Code>(), Err(ParseCodeError), "{text:?}");
        }
    }

    #[test]
    fn a_code_prints_as_redacted() {
        assert_eq!(format!("{:?}", "123456".parse::<Code>()), "Ok([redacted])");
    }
}
