//! What travels from receivers to hubs. A wire format: versioned, and held by a golden text in the tests.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{Details, Flat, ProviderUserId, RequestId, Shown};

/// An event, tagged with its schema version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "schema")]
pub enum Event {
    /// A callback whose signature was verified.
    #[serde(rename = "callback.v1")]
    Callback(Callback),
}

/// What a verified callback says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The provider's id of the request.
    pub request: RequestId,
    /// Whom the provider names.
    pub provider_user: ProviderUserId,
    /// The status word, exactly as it came.
    pub status: String,
    /// What the provider says it showed.
    #[serde(default)]
    pub echo: Echo,
    /// When the receiver took it.
    #[serde(with = "time::serde::rfc3339")]
    pub received_at: OffsetDateTime,
}

/// What a callback repeats of our request. Absent, null and empty are all `None`: such an echo proves nothing
/// and denies nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Flat>,
    /// The hidden details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Flat>,
}

impl Event {
    /// The event as the broker carries it: JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Event::to_bytes`] wrote. `None` for anything else, as a schema version this build does not know.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl Echo {
    /// Whether everything that is echoed of message and details is what was shown.
    #[must_use]
    pub fn agrees_with(&self, shown: &Shown) -> bool {
        let message = self.message.as_deref().is_none_or(|message| message == shown.message());
        let details = self.details.as_ref().is_none_or(|details| *details == Details::to_flat(shown.details()));
        message && details
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = include_str!("../golden/callback.v1.json").trim_ascii();

    fn callback() -> Callback {
        Callback {
            request: "4a725520-bff5-0135-eb01-0e5d90336a8c".parse().unwrap(),
            provider_user: "688611".parse().unwrap(),
            status: "approved".into(),
            echo: Echo {
                message: Some("Sign in to Countersign?".into()),
                details: Some(Flat::from([("Number".into(), "47".into())])),
                hidden: Some(Flat::from([("digest".into(), "00".into())])),
            },
            received_at: time::macros::datetime!(2026-11-22 12:00:00.123 UTC),
        }
    }

    #[test]
    fn an_event_is_written_as_the_golden_text_and_reads_back() {
        let event = Event::Callback(callback());
        assert_eq!(String::from_utf8(event.to_bytes()).unwrap(), GOLDEN);
        assert_eq!(Event::from_bytes(GOLDEN.as_bytes()), Some(event));
    }

    #[test]
    fn an_event_of_an_unknown_schema_is_not_read() {
        assert_eq!(Event::from_bytes(GOLDEN.replace("callback.v1", "callback.v2").as_bytes()), None);
    }

    #[test]
    fn an_absent_echo_agrees_and_a_changed_one_does_not() {
        let shown =
            Shown::new("Sign in to Countersign?".into(), Details::new([("Number".into(), "47".into())])).unwrap();
        assert!(Echo::default().agrees_with(&shown));
        assert!(callback().echo.agrees_with(&shown));
        let changed = Echo { details: Some(Flat::from([("Number".into(), "48".into())])), ..Echo::default() };
        assert!(!changed.agrees_with(&shown));
        let fewer = Echo { details: Some(Flat::new()), ..Echo::default() };
        assert!(!fewer.agrees_with(&shown));
    }
}
