//! The roles of a process, and which environment variables each of them reads.

use std::time::Duration;

use strum::IntoStaticStr;

use super::{Listen, documentation};

const PORT: u16 = 3000;
/// Another one, so that it can run beside the product.
const SIMULATOR_PORT: u16 = 3001;

/// The role that a process plays; it decides which environment variables are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Role {
    /// Everything in one process, with a simulated provider.
    Demo,
    /// The product, against a real provider.
    Serve,
    /// Callback in, event out.
    Receiver,
    /// Pages, sessions, deciding.
    Hub,
    /// The simulated provider and phone.
    Simulator,
    /// An operator's command that looks at the event log, makes ready what is kept, or does something for one person.
    Operator,
}

impl Role {
    /// How long a process of this role goes on serving once it was asked to end; zero for roles without a balancer.
    pub(crate) fn drain(self, listen: &Listen) -> Duration {
        match self {
            Self::Serve | Self::Receiver | Self::Hub => Duration::from_secs(listen.drain_seconds.into()),
            Self::Demo | Self::Simulator | Self::Operator => Duration::ZERO,
        }
    }

    /// The port to listen on: as configured, or the one that this role has without it.
    pub(crate) fn port(self, listen: &Listen) -> u16 {
        listen.port.unwrap_or(if self == Self::Simulator { SIMULATOR_PORT } else { PORT })
    }

    /// Whether a process of this role reads `variable`; one that it does not read cannot stop it, whatever it holds.
    pub(super) fn reads(self, variable: &str) -> bool {
        let name: &str = self.into();
        documentation::readers(variable).any(|reader| reader == name || reader == documentation::ALL)
    }
}
