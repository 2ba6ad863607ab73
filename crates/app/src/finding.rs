//! Findings: each tells an operator in one sentence how a part of the process is, and what to do. The start logs them,
//! `/health/ready` answers them, `/metrics` counts them. Knows no part.

use serde::Serialize;
use strum::{IntoStaticStr, VariantArray};

/// The part that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Part {
    /// The process as a whole.
    Process,
    /// What was planned from the limits of open files and memory.
    Capacity,
    /// The service's database.
    Database,
    /// The event log of a single process.
    EventLog,
    /// The connection to NATS.
    Nats,
    /// Events on their way through NATS: its stream and its consumer.
    Events,
    /// A receiver's spool.
    Spool,
    /// Callbacks of the provider.
    Callbacks,
}

impl Part {
    /// Its word on `/health/ready` and `/metrics`.
    pub(crate) fn word(self) -> &'static str {
        self.into()
    }
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Level {
    /// The service works, but less or more slowly.
    Warn,
    /// Something does not work.
    Error,
}

impl Level {
    /// Its word on `/health/ready` and `/metrics`.
    pub(crate) fn word(self) -> &'static str {
        self.into()
    }
}

/// One thing that an operator should know, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The part that it is about.
    pub(crate) part: Part,
    /// Its severity.
    pub(crate) level: Level,
    /// The fact, as a sentence.
    pub(crate) sentence: String,
    /// The action that repairs it.
    pub(crate) remedy: String,
}

impl Finding {
    /// A finding of level [`Level::Warn`].
    pub(crate) fn warn(part: Part, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { part, level: Level::Warn, sentence: sentence.into(), remedy: remedy.into() }
    }

    /// A finding of level [`Level::Error`].
    pub(crate) fn error(part: Part, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { part, level: Level::Error, sentence: sentence.into(), remedy: remedy.into() }
    }

    /// Logs it on one line.
    pub(crate) fn log(&self) {
        let (part, remedy, sentence) = (self.part.word(), &*self.remedy, &*self.sentence);
        match self.level {
            Level::Warn => tracing::warn!(part, remedy, "{sentence}"),
            Level::Error => tracing::error!(part, remedy, "{sentence}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_in_metrics_are_those_in_json() {
        for part in Part::VARIANTS {
            assert_eq!(serde_json::to_value(part).unwrap(), part.word());
        }
        for level in Level::VARIANTS {
            assert_eq!(serde_json::to_value(level).unwrap(), level.word());
        }
    }
}
