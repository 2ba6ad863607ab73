//! What can be wrong with the configuration. Never holds a value, which may be a secret.

use std::path::PathBuf;

use thiserror::Error;

/// A mistake in the configuration, told in a sentence that says where it is and what to do.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file that was asked for, or found, cannot be read.
    #[error("the configuration file {} cannot be read; check that it is there and yours to read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    /// The file is no TOML.
    #[error("line {line} of the configuration file {} is not TOML; correct it there", path.display())]
    Syntax { path: PathBuf, line: usize },
    /// The file has a key that does not exist.
    #[error("the configuration file {} has the unknown key `{}`; remove or correct it", path.display(), key.escape_debug())]
    UnknownKey { path: PathBuf, key: String },
    /// A value cannot be what it should be.
    #[error("{name} {problem}")]
    Value { name: String, problem: String },
    /// A variable that the role needs is not there.
    #[error("{variable} is missing; {advice}")]
    Missing { variable: &'static str, advice: &'static str },
    /// The embedded defaults do not make a configuration.
    #[error("the embedded configuration is incomplete")]
    Defaults(#[source] confique::Error),
}

impl ConfigError {
    /// `name` holds something of which `problem` says what it must be.
    pub(crate) fn value(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Value { name: name.into(), problem: problem.into() }
    }
}
