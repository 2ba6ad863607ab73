//! The state of a process and the findings behind it, as `/health/ready` answers them. Checks nothing itself.

use axum::http::StatusCode;
use serde_json::{Value, json};
use strum::IntoStaticStr;

use crate::finding::{Finding, Part};

/// The state of a process. Where several are true, the first in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum State {
    /// The process opens its parts.
    Starting,
    /// The process is ending.
    Stopping,
    /// The database takes no write.
    NoDatabase,
    /// The event log of a single process takes no write.
    NoEventLog,
    /// Neither NATS nor the spool takes a callback.
    NoSpool,
    /// NATS can be reached, and events cannot be taken from it or published to it.
    NoEvents,
    /// Callbacks are kept in the spool.
    Spooling,
    /// A hub cannot reach NATS, or NATS refuses its login.
    NoNats,
    /// All is well.
    Ready,
}

/// The state of a process, and the findings behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// The state.
    pub(crate) state: State,
    /// Everything that an operator should know.
    pub(crate) findings: Vec<Finding>,
    /// How many callbacks wait in the spool, or null if its file does not answer; `None` without a spool.
    pub(crate) spooled: Option<Value>,
}

impl State {
    /// Its word on `/health/ready`.
    pub(crate) fn word(self) -> &'static str {
        self.into()
    }

    /// True if work can be sent to the process. A hub that gets no events from NATS still polls the provider and takes
    /// codes; a receiver without NATS still takes callbacks.
    pub(crate) const fn takes_work(self) -> bool {
        matches!(self, Self::NoEvents | Self::Spooling | Self::NoNats | Self::Ready)
    }

    /// The status that `/health/ready` answers with.
    pub(crate) const fn status(self) -> StatusCode {
        if self.takes_work() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    }
}

impl Report {
    /// The report of a process that is starting.
    pub(crate) fn starting() -> Self {
        let remedy = "wait; if it lasts, the last lines of the log name what the start waits for";
        Self::of(State::Starting, Finding::warn(Part::Process, "the process is starting", remedy))
    }

    /// The report of a process that is ending.
    pub(crate) fn stopping() -> Self {
        let remedy = "send work elsewhere, or start the process again";
        Self::of(State::Stopping, Finding::warn(Part::Process, "the process is stopping", remedy))
    }

    /// The body of `/health/ready`.
    pub(crate) fn json(&self) -> Value {
        let mut json = json!({ "state": self.state.word(), "findings": self.findings });
        if let Some(spooled) = &self.spooled {
            json["spooled"] = spooled.clone();
        }
        let fault = self.findings.iter().find(|finding| finding.part == Part::Events);
        if let Some(fault) = fault.filter(|_| self.state == State::NoEvents) {
            json["fault"] = fault.sentence.clone().into();
        }
        json
    }

    fn of(state: State, finding: Finding) -> Self {
        Self { state, findings: vec![finding], spooled: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_sent_to_a_process_that_lacks_events_and_not_to_one_that_starts_or_stops() {
        for (report, word) in [(Report::starting(), "starting"), (Report::stopping(), "stopping")] {
            assert_eq!((report.state.word(), report.state.status().as_u16()), (word, 503));
        }
        for state in [State::NoEvents, State::Spooling, State::NoNats] {
            assert_eq!(state.status(), StatusCode::OK, "{state:?}");
        }
    }
}
