//! Codes that the provider sends to a phone, by SMS or by a call.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use approval::Entropy;

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
}

impl SentCode {
    const LIFETIME: Duration = Duration::minutes(10);

    /// A new code of 7 digits.
    pub(crate) fn new(entropy: &Entropy, now: OffsetDateTime, action: Option<String>, words: Option<String>) -> Self {
        let code = u64::from_be_bytes(entropy.bytes()) % 10_000_000;
        Self { code: format!("{code:07}"), sent_at: now, action, action_message: words, used: false }
    }

    pub(crate) fn is_for(&self, token: &str, action: Option<&str>, now: OffsetDateTime) -> bool {
        self.code == token && self.action.as_deref() == action && now < self.sent_at + Self::LIFETIME
    }

    pub(crate) fn spend(&mut self) -> Verdict {
        if std::mem::replace(&mut self.used, true) { Verdict::Reused } else { Verdict::Valid }
    }
}
