//! Why a simulator cannot start.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why [`Simulator::open`](crate::Simulator::open) failed. Every variant is one sentence for the operator.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The API key can be none.
    #[error(transparent)]
    Key(#[from] provider::BadKey),
    /// The state file is there and cannot be read.
    #[error("cannot read the simulator's state file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The state file holds something else; nothing in it is touched.
    #[error("{} is not a state file of this simulator; move it away to start afresh", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where it stopped making sense.
        #[source]
        source: serde_json::Error,
    },
    /// The state file cannot be written.
    #[error("cannot write the simulator's state file {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is no HTTP client that could send callbacks.
    #[error("cannot send callbacks")]
    Client(#[from] provider::ClientError),
}
