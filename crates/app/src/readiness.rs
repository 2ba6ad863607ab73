//! Checks the parts of a process, and reports its state and findings. Knows no listener.

use std::sync::Arc;
use std::time::Duration;

use broker::{Embedded, JetStream, Spooled};
use hub::Condition;
use serde_json::Value;
use storage::Storage;
use tokio::time::timeout;

use crate::finding::{Finding, Part};
use crate::report::{Report, State};

/// How long a file may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The open parts of a process. The worst of their states is the state of the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    /// The database of a hub.
    pub(crate) storage: Option<Storage>,
    /// The event log of one process.
    pub(crate) events: Option<Arc<Embedded>>,
    /// The event log that several processes share.
    pub(crate) nats: Option<Arc<JetStream>>,
    /// The spool of a receiver.
    pub(crate) spool: Option<Arc<Spooled>>,
    /// The troubles that a hub has noted.
    pub(crate) hub: Option<Condition>,
    /// Findings of the start, which stay for the life of the process.
    pub(crate) found_at_start: Vec<Finding>,
}

/// A finding, and the state it puts the process in.
type Seen = (State, Finding);

impl Parts {
    /// Checks all parts. Files are written as well as read, because a full disk can still be read.
    pub(crate) async fn report(&self) -> Report {
        let (database, event_log, (spooled, spool)) = tokio::join!(self.database(), self.event_log(), self.spool());
        let files = [database, event_log, spool].into_iter().flatten();
        let seen: Vec<Seen> = files.chain(self.events()).chain(self.nats()).chain(self.lasting()).collect();
        Report {
            state: seen.iter().map(|(state, _)| *state).min().unwrap_or(State::Ready),
            findings: seen.into_iter().map(|(_, finding)| finding).collect(),
            spooled,
        }
    }

    async fn database(&self) -> Option<Seen> {
        if in_time(self.storage.as_ref()?.maintenance().ping()).await.is_some() {
            return None;
        }
        let sentence = "the database takes no write within 2 s";
        let remedy = "free its disk, or end the program that has it locked (a sqlite3 shell, a backup)";
        Some((State::NoDatabase, Finding::error(Part::Database, sentence, remedy)))
    }

    async fn event_log(&self) -> Option<Seen> {
        if in_time(self.events.as_ref()?.takes()).await == Some(true) {
            return None;
        }
        let sentence = "the file of events beside the database takes no write within 2 s";
        Some((State::NoEventLog, Finding::error(Part::EventLog, sentence, "free its disk")))
    }

    /// The number of callbacks in the spool, and a finding if it is not empty or takes none.
    async fn spool(&self) -> (Option<Value>, Option<Seen>) {
        let Some(spool) = &self.spool else { return (None, None) };
        let (spooled, takes) = tokio::join!(in_time(spool.spooled()), in_time(spool.takes()));
        let seen = match spooled {
            Some(0) if takes == Some(true) => None,
            Some(spooled) if takes == Some(true) => {
                let sentence = format!("callbacks wait in the spool for NATS: {spooled}");
                let remedy = "repair NATS; the spool then empties by itself";
                Some((State::Spooling, Finding::warn(Part::Spool, sentence, remedy)))
            }
            Some(_) => {
                let sentence = "NATS takes no callbacks, and the spool is full or its disk does not answer within 2 s";
                let remedy = "repair NATS, free the disk of SPOOL, or raise SPOOL_MB";
                Some((State::NoSpool, Finding::error(Part::Spool, sentence, remedy)))
            }
            None => {
                let sentence = "the spool's disk does not answer within 2 s";
                Some((State::NoSpool, Finding::error(Part::Spool, sentence, "repair the disk of SPOOL")))
            }
        };
        (Some(spooled.into()), seen)
    }

    /// Whether events pass through NATS, and whether the hub takes them.
    fn events(&self) -> Option<Seen> {
        let is_away = self.nats.as_ref().is_some_and(|nats| !nats.is_connected());
        if is_away {
            return None;
        }
        if let Some(fault) = self.nats.as_ref().and_then(|nats| nats.fault()) {
            let remedy = "run `countersign migrate`, or repair what the sentence names; no restart is needed";
            return Some((State::NoEvents, Finding::error(Part::Events, fault, remedy)));
        }
        let fault = self.hub.as_ref()?.events_fault()?;
        let sentence = format!("no events have been taken for 5 s or longer ({fault})");
        let remedy = "repair what the sentence names; if it is NATS, run `countersign migrate`; no restart is needed";
        Some((State::NoEvents, Finding::error(Part::Events, sentence, remedy)))
    }

    fn nats(&self) -> Option<Seen> {
        let nats = self.nats.as_ref().filter(|nats| !nats.is_connected())?;
        let (state, effect) = match self.spool {
            Some(_) => (State::Spooling, "callbacks are kept in the spool"),
            None => (State::NoNats, "people sign in by code, or when the provider is asked"),
        };
        // A server that can be reached and refuses us.
        if let Some(fault) = nats.fault() {
            let remedy =
                "repair what the sentence names; files are read again at each attempt, so no restart is needed";
            return Some((state, Finding::error(Part::Nats, format!("{fault}; meanwhile {effect}"), remedy)));
        }
        let sentence = format!("NATS cannot be reached; meanwhile {effect}");
        let remedy = "start NATS, or set NATS_URL to where it is";
        Some((state, Finding::warn(Part::Nats, sentence, remedy)))
    }

    /// Lasting findings that do not change the state.
    fn lasting(&self) -> Vec<Seen> {
        let mut findings = self.found_at_start.clone();
        if let Some(bytes) = self.hub.as_ref().map(Condition::blocked_wal_bytes).filter(|bytes| *bytes > 0) {
            let megabytes = bytes.div_ceil(1_000_000);
            let sentence =
                format!("{megabytes} MB of the database's write-ahead log have waited for a minute to be checkpointed");
            let remedy = "end the program that reads from the database without an end (a sqlite3 shell, a backup)";
            findings.push(Finding::warn(Part::Database, sentence, remedy));
        }
        if self.hub.as_ref().is_some_and(Condition::misses_callbacks) {
            let sentence = "several approvals in a row were answered on the phone and no callback came";
            let remedy = "if all receivers are ready, enable the callback URL in the provider's console, and check that it \
                          is AUTHY_CALLBACK_URL and can be reached from outside";
            findings.push(Finding::error(Part::Callbacks, sentence, remedy));
        }
        findings.into_iter().map(|finding| (State::Ready, finding)).collect()
    }
}

/// The answer of a file; `None` after an error, or if it takes longer than [`PATIENCE`].
async fn in_time<T, E>(file: impl Future<Output = Result<T, E>>) -> Option<T> {
    timeout(PATIENCE, file).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use approval::Clock;
    use axum::http::StatusCode;
    use broker::EmbeddedSettings;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_process_whose_event_log_takes_nothing_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let log = Embedded::open(&folder.path().join("events.db"), Clock::system(), EmbeddedSettings::default()).await;
        let log = Arc::new(log.unwrap());
        let parts = Parts { events: Some(Arc::clone(&log)), ..Parts::default() };
        assert_eq!(parts.report().await.json(), json!({ "state": "ready", "findings": [] }));
        log.close().await;
        let report = parts.report().await;
        assert_eq!((report.state, report.state.status()), (State::NoEventLog, StatusCode::SERVICE_UNAVAILABLE));
        let finding = &report.json()["findings"][0];
        assert_eq!((&finding["part"], &finding["level"]), (&json!("event_log"), &json!("error")));
        assert!(finding["sentence"].is_string() && finding["remedy"] == "free its disk", "{finding}");
    }

    #[tokio::test]
    async fn what_was_found_at_the_start_is_told_and_leaves_a_process_ready() {
        let finding = Finding::warn(Part::Capacity, "few", "more");
        let report = Parts { found_at_start: vec![finding.clone()], ..Parts::default() }.report().await;
        assert_eq!((report.state, report.findings), (State::Ready, vec![finding]));
    }
}
