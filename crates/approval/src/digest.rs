//! The digest that binds an approval request to what was shown, for whom, in which session.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::{ApprovalId, SessionId, Shown, UserId};

/// SHA-256 over approval, user, session, message and details. Prints as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not a digest")]
pub struct ParseDigestError;

impl Digest {
    /// The digest of what this approval shows.
    #[must_use]
    pub fn of(approval: ApprovalId, user: UserId, session: SessionId, shown: &Shown) -> Self {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            // The length before each text keeps "ab"+"c" apart from "a"+"bc".
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        add(&approval.to_string());
        add(&user.to_string());
        add(&session.to_string());
        add(shown.message());
        for (label, value) in shown.details().iter() {
            add(label);
            add(value);
        }
        Self(hash.finalize().into())
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ParseDigestError);
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| ParseDigestError)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Details, Entropy, Id};

    #[test]
    fn a_digest_changes_with_everything_it_binds_and_reads_back() {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let (approval, user, session) =
            (Id::new(&clock, &entropy), Id::new(&clock, &entropy), Id::new(&clock, &entropy));
        let shown = |message: &str, label: &str, value: &str| {
            Shown::new(message.into(), Details::new([(label.into(), value.into())])).unwrap()
        };
        let digest = Digest::of(approval, user, session, &shown("Send", "Amount", "1"));
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for other in [
            Digest::of(Id::new(&clock, &entropy), user, session, &shown("Send", "Amount", "1")),
            Digest::of(approval, Id::new(&clock, &entropy), session, &shown("Send", "Amount", "1")),
            Digest::of(approval, user, Id::new(&clock, &entropy), &shown("Send", "Amount", "1")),
            Digest::of(approval, user, session, &shown("SendA", "mount", "1")),
            Digest::of(approval, user, session, &shown("Send", "Amount", "10")),
        ] {
            assert_ne!(digest, other);
        }
    }
}
