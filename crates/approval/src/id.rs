//! Our own ids: UUIDs of version 7 (RFC 9562).

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::{Builder, Uuid};

use crate::{Clock, Entropy};

/// An id of ours. Sortable by time of making, never a secret.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id<Kind> {
    uuid: Uuid,
    #[serde(skip)]
    kind: PhantomData<fn() -> Kind>,
}

/// What an [`ApprovalId`] names.
#[derive(Debug, Clone, Copy)]
pub enum OfApproval {}
/// What a [`SessionId`] names.
#[derive(Debug, Clone, Copy)]
pub enum OfSession {}
/// What a [`UserId`] names.
#[derive(Debug, Clone, Copy)]
pub enum OfUser {}

/// The id of one approval.
pub type ApprovalId = Id<OfApproval>;
/// The id of one session; not its token.
pub type SessionId = Id<OfSession>;
/// The id of one account.
pub type UserId = Id<OfUser>;

/// A text that is no id of ours.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not an id")]
pub struct ParseIdError;

impl<Kind> Id<Kind> {
    /// A new id.
    #[must_use]
    pub fn new(clock: &Clock, entropy: &Entropy) -> Self {
        let millis = clock.now().unix_timestamp_nanos() / 1_000_000;
        let millis = u64::try_from(millis).unwrap_or_default();
        Self::from(Builder::from_unix_timestamp_millis(millis, &entropy.bytes()).into_uuid())
    }
}

impl<Kind> From<Uuid> for Id<Kind> {
    fn from(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }
}

impl<Kind> FromStr for Id<Kind> {
    type Err = ParseIdError;

    /// Takes the canonical spelling only, so that one approval has one address.
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let uuid = Uuid::try_parse(text).map_err(|_| ParseIdError)?;
        if uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text {
            Ok(Self::from(uuid))
        } else {
            Err(ParseIdError)
        }
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uuid.hyphenated().fmt(f)
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Kind> Copy for Id<Kind> {}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> std::hash::Hash for Id<Kind> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = ApprovalId::new(&Clock::system(), &Entropy::system());
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<ApprovalId>(), Err(ParseIdError));
        assert_eq!(id.to_string().replace('-', "").parse::<ApprovalId>(), Err(ParseIdError));
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let at = |seconds| Clock::telling(move || time::OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds));
        let entropy = Entropy::system();
        assert!(UserId::new(&at(1), &entropy).to_string() < UserId::new(&at(2), &entropy).to_string());
    }
}
