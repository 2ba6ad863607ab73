//! What hubs tell each other. A wire format: versioned, and held by a golden text in the tests.

use serde::{Deserialize, Serialize};

use crate::ApprovalId;

/// An announcement, tagged with its schema version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "schema")]
pub enum Announcement {
    /// These approvals changed: whoever has a browser that waits for one reads its row.
    #[serde(rename = "changed.v1")]
    Changed {
        /// Which.
        approvals: Vec<ApprovalId>,
    },
}

impl Announcement {
    /// The announcement as it travels: JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what [`Announcement::to_bytes`] wrote. `None` for a schema version this build does not know.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = r#"{"schema":"changed.v1","approvals":["0193597d-6c00-7000-8000-000000000001"]}"#;

    #[test]
    fn an_announcement_is_written_as_the_golden_text_and_reads_back() {
        let approvals = vec!["0193597d-6c00-7000-8000-000000000001".parse().unwrap()];
        let announcement = Announcement::Changed { approvals };
        assert_eq!(String::from_utf8(announcement.to_bytes()).unwrap(), GOLDEN);
        assert_eq!(Announcement::from_bytes(GOLDEN.as_bytes()), Some(announcement));
        assert_eq!(Announcement::from_bytes(GOLDEN.replace("v1", "v2").as_bytes()), None);
    }
}
