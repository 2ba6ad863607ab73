//! The roles of a process, and which environment variables each of them reads.

use std::time::Duration;

use super::Listen;

/// The role that a process plays; it decides which environment variables are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// Whether a process of this role reads `variable`; one that it does not read cannot stop it, whatever it holds.
    pub(super) fn reads(self, variable: &str) -> bool {
        use Role::{Demo, Hub, Operator, Receiver, Serve, Simulator};
        let readers: &[Role] = match variable {
            "AUTHY_API_KEY" | "AUTHY_API_KEY_FILE" => &[Serve, Receiver, Hub, Simulator],
            "AUTHY_CALLBACK_URL" => &[Serve, Receiver, Simulator],
            "AUTHY_API_URL" | "AUTHY_TIMEOUT_MS" => &[Serve, Hub],
            "PUBLIC_URL" => &[Demo, Serve, Receiver, Hub, Operator],
            "DATABASE_URL" | "SIGN_UP" => &[Demo, Serve, Hub, Operator],
            "TRUSTED_PROXIES" => &[Demo, Serve, Receiver, Hub],
            "FORWARDED_HEADER"
            | "LOGO_URL"
            | "SIGN_IN_SECONDS"
            | "TRANSACTION_SECONDS"
            | "SESSION_SECONDS"
            | "SESSION_IDLE_SECONDS"
            | "AUDIT_DAYS"
            | "PENDING_PUSHES"
            | "REFUSED_PUSHES"
            | "PUSH_WAIT_SECONDS"
            | "SIGN_UPS_PER_ADDRESS"
            | "CODES_PER_COUNTRY"
            | "CODES_PER_HOUR"
            | "HASHING_THREADS" => &[Demo, Serve, Hub],
            "AUTHY_API_KEY_PREVIOUS" | "AUTHY_API_KEY_PREVIOUS_FILE" | "SPOOL" | "SPOOL_MB" => &[Serve, Receiver],
            "HOST" | "PORT" => &[Demo, Serve, Receiver, Hub, Simulator, Operator],
            "PRODUCT_NAME" => &[Demo, Serve, Hub, Simulator],
            "ADMIN_ADDR" | "DRAIN_SECONDS" => &[Serve, Receiver, Hub],
            "SIMULATOR_PORT" => &[Demo],
            "SIMULATOR_STATE" | "SIMULATOR_HOSTS" => &[Simulator],
            "CONNECTIONS_PER_ADDRESS" | "KEEP_ALIVE_SECONDS" | "MEMORY_MB" => &[Demo, Serve, Receiver, Hub, Simulator],
            "AUTHY_CALLBACK_METHOD" => &[Demo, Simulator],
            sockets if sockets.starts_with("SOCKETS") => &[Demo, Serve, Hub],
            nats if nats.starts_with("NATS_") => &[Serve, Receiver, Hub, Operator],
            _ => return true,
        };
        readers.contains(&self)
    }
}
