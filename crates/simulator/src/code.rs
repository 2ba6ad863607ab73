//! Codes that the provider sends, by SMS, by a call or by email.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use approval::Entropy;

/// Where a code arrives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Inbox {
    Sms,
    Calls,
    Mail,
}

/// What the provider says to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Valid,
    Reused,
    Invalid,
}

/// One code that was sent.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SentCode {
    pub(crate) code: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) sent_at: OffsetDateTime,
    /// A code that was sent for an action is good for that action only.
    pub(crate) action: Option<String>,
    /// The words that came with it.
    pub(crate) action_message: Option<String>,
    pub(crate) used: bool,
    /// The verification of a number that it was sent for. It is good for nothing else, as nobody need be a user there.
    #[serde(default)]
    pub(crate) verification: Option<Uuid>,
}

impl SentCode {
    const LIFETIME: Duration = Duration::minutes(10);

    /// A new code of 7 digits.
    pub(crate) fn new(entropy: &Entropy, now: OffsetDateTime, action: Option<String>, words: Option<String>) -> Self {
        Self { action, action_message: words, ..Self::of_digits(7, entropy, now) }
    }

    /// A new code for the verification of a number.
    pub(crate) fn verifying(verification: Uuid, digits: u8, entropy: &Entropy, now: OffsetDateTime) -> Self {
        Self { verification: Some(verification), ..Self::of_digits(digits, entropy, now) }
    }

    fn of_digits(digits: u8, entropy: &Entropy, now: OffsetDateTime) -> Self {
        let code = u64::from_be_bytes(entropy.bytes()) % 10_u64.pow(digits.into());
        let width = digits.into();
        let code = format!("{code:0width$}");
        Self { code, sent_at: now, action: None, action_message: None, used: false, verification: None }
    }

    pub(crate) fn is_for(&self, token: &str, action: Option<&str>, now: OffsetDateTime) -> bool {
        let for_it = self.verification.is_none() && self.action.as_deref() == action;
        for_it && self.code == token && now < self.sent_at + Self::LIFETIME
    }

    pub(crate) fn spend(&mut self) -> Verdict {
        if std::mem::replace(&mut self.used, true) { Verdict::Reused } else { Verdict::Valid }
    }
}
