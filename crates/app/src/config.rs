//! What can be configured: the sections of `config/default.toml`, which is embedded, gives every default and is the
//! documentation. Knows nothing of what a role makes of it.

mod documentation;
mod error;
mod files;
mod layers;
mod role;
mod values;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use approval::Secret;
use confique::Config as Layered;
use hub::SignUpMode;
use provider::{CallbackUrl, Method};
use site::{ForwardedHeader, TrustedProxies};
use url::Url;

use crate::database::DatabaseUrl;

pub(crate) use error::ConfigError;
pub(crate) use layers::load;
pub(crate) use role::Role;
pub(crate) use values::LogFormat;

/// Everything that can be configured.
#[derive(Debug, Layered)]
pub(crate) struct Config {
    #[config(nested)]
    pub(crate) listen: Listen,
    #[config(nested)]
    pub(crate) sockets: Sockets,
    #[config(nested)]
    pub(crate) capacity: Capacity,
    #[config(nested)]
    pub(crate) authy: Authy,
    #[config(nested)]
    pub(crate) product: Product,
    #[config(nested)]
    pub(crate) limits: Limits,
    #[config(nested)]
    pub(crate) nats: Nats,
    #[config(nested)]
    pub(crate) receiver: Receiver,
    #[config(nested)]
    pub(crate) simulator: Simulator,
    #[config(nested)]
    pub(crate) log: Log,
}

/// Where to listen.
#[derive(Debug, Layered)]
pub(crate) struct Listen {
    #[config(env = "HOST", deserialize_with = values::host)]
    pub(crate) host: IpAddr,
    #[config(env = "PORT", deserialize_with = values::port)]
    pub(crate) port: Option<u16>,
    #[config(env = "CONNECTIONS_PER_ADDRESS", deserialize_with = values::count)]
    pub(crate) connections_per_address: Option<u32>,
    #[config(env = "KEEP_ALIVE_SECONDS", deserialize_with = values::keep_alive)]
    pub(crate) keep_alive_seconds: u32,
    #[config(env = "DRAIN_SECONDS", deserialize_with = values::drain)]
    pub(crate) drain_seconds: u32,
    #[config(env = "ADMIN_ADDR", deserialize_with = values::address)]
    pub(crate) admin: Option<SocketAddr>,
    #[config(env = "TRUSTED_PROXIES", deserialize_with = values::proxies)]
    pub(crate) trusted_proxies: Option<TrustedProxies>,
    #[config(env = "FORWARDED_HEADER", deserialize_with = values::forwarded_header)]
    pub(crate) forwarded_header: ForwardedHeader,
}

impl Listen {
    /// How long a connection may be idle between two requests.
    pub(crate) fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive_seconds.into())
    }
}

/// How many browsers may wait at once.
#[derive(Debug, Layered)]
pub(crate) struct Sockets {
    #[config(env = "SOCKETS", deserialize_with = values::count)]
    pub(crate) all: u32,
    #[config(env = "SOCKETS_PER_SESSION", deserialize_with = values::count)]
    pub(crate) per_session: u32,
    #[config(env = "SOCKETS_PER_ADDRESS", deserialize_with = values::count)]
    pub(crate) per_address: Option<u32>,
    #[config(env = "SOCKETS_OPENING", deserialize_with = values::count)]
    pub(crate) opening: u32,
}

/// How much of the machine the process takes.
#[derive(Debug, Layered)]
pub(crate) struct Capacity {
    #[config(env = "MEMORY_MB", deserialize_with = values::megabytes)]
    pub(crate) memory_mb: Option<u32>,
    #[config(env = "HASHING_THREADS", deserialize_with = values::few)]
    pub(crate) hashing_threads: Option<u32>,
}

/// What the provider and this service agreed on, and how to reach the provider.
#[derive(Debug, Layered)]
pub(crate) struct Authy {
    #[config(env = "AUTHY_API_KEY", deserialize_with = values::secret)]
    pub(crate) api_key: Option<Secret>,
    #[config(env = "AUTHY_API_KEY_FILE", deserialize_with = values::path)]
    pub(crate) api_key_file: Option<PathBuf>,
    #[config(env = "AUTHY_API_KEY_PREVIOUS", deserialize_with = values::secret)]
    pub(crate) api_key_previous: Option<Secret>,
    #[config(env = "AUTHY_API_KEY_PREVIOUS_FILE", deserialize_with = values::path)]
    pub(crate) api_key_previous_file: Option<PathBuf>,
    #[config(env = "AUTHY_API_URL", deserialize_with = values::url)]
    pub(crate) api_url: Url,
    #[config(env = "AUTHY_CALLBACK_URL", deserialize_with = values::callback_url)]
    pub(crate) callback_url: Option<CallbackUrl>,
    #[config(env = "AUTHY_TIMEOUT_MS", deserialize_with = values::milliseconds)]
    pub(crate) timeout_ms: u32,
}

/// What people see, where it is kept, and how long things last.
#[derive(Debug, Clone, Layered)]
pub(crate) struct Product {
    #[config(env = "PRODUCT_NAME", deserialize_with = values::name)]
    pub(crate) name: String,
    #[config(env = "LOGO_URL", deserialize_with = values::url)]
    pub(crate) logo_url: Option<Url>,
    #[config(env = "PUBLIC_URL", deserialize_with = values::origin)]
    pub(crate) public_url: Option<Url>,
    #[config(env = "DATABASE_URL", deserialize_with = values::database)]
    pub(crate) database_url: Option<DatabaseUrl>,
    #[config(env = "SIGN_IN_SECONDS", deserialize_with = values::seconds)]
    pub(crate) sign_in_seconds: u32,
    #[config(env = "TRANSACTION_SECONDS", deserialize_with = values::seconds)]
    pub(crate) transaction_seconds: u32,
    #[config(env = "SESSION_SECONDS", deserialize_with = values::session_seconds)]
    pub(crate) session_seconds: u32,
    #[config(env = "SESSION_IDLE_SECONDS", deserialize_with = values::session_seconds)]
    pub(crate) session_idle_seconds: u32,
    #[config(env = "AUDIT_DAYS", deserialize_with = values::days)]
    pub(crate) audit_days: u32,
    #[config(env = "SIGN_UP", deserialize_with = values::sign_up)]
    pub(crate) sign_up: SignUpMode,
}

/// How often phones are asked and codes sent.
#[derive(Debug, Clone, Copy, Layered)]
pub(crate) struct Limits {
    #[config(env = "PENDING_PUSHES", deserialize_with = values::few)]
    pub(crate) pending_pushes: u32,
    #[config(env = "REFUSED_PUSHES", deserialize_with = values::few)]
    pub(crate) refused_pushes: u32,
    #[config(env = "PUSH_WAIT_SECONDS", deserialize_with = values::wait)]
    pub(crate) push_wait_seconds: u32,
    #[config(env = "SIGN_UPS_PER_ADDRESS", deserialize_with = values::count)]
    pub(crate) sign_ups_per_address: u32,
    #[config(env = "CODES_PER_COUNTRY", deserialize_with = values::count)]
    pub(crate) codes_per_country: u32,
    #[config(env = "CODES_PER_HOUR", deserialize_with = values::count)]
    pub(crate) codes_per_hour: u32,
}

/// The event log that several processes share, and how to get at it.
#[derive(Debug, Clone, Layered)]
pub(crate) struct Nats {
    #[config(env = "NATS_URL", deserialize_with = values::secret)]
    pub(crate) url: Option<Secret>,
    #[config(env = "NATS_USER", deserialize_with = values::text)]
    pub(crate) user: Option<String>,
    #[config(env = "NATS_PASSWORD", deserialize_with = values::secret)]
    pub(crate) password: Option<Secret>,
    #[config(env = "NATS_PASSWORD_FILE", deserialize_with = values::path)]
    pub(crate) password_file: Option<PathBuf>,
    #[config(env = "NATS_TOKEN", deserialize_with = values::secret)]
    pub(crate) token: Option<Secret>,
    #[config(env = "NATS_TOKEN_FILE", deserialize_with = values::path)]
    pub(crate) token_file: Option<PathBuf>,
    #[config(env = "NATS_NKEY", deserialize_with = values::path)]
    pub(crate) nkey: Option<PathBuf>,
    #[config(env = "NATS_CREDS", deserialize_with = values::path)]
    pub(crate) creds: Option<PathBuf>,
    #[config(env = "NATS_TLS", deserialize_with = values::switch)]
    pub(crate) tls: bool,
    #[config(env = "NATS_TLS_FIRST", deserialize_with = values::switch)]
    pub(crate) tls_first: bool,
    #[config(env = "NATS_CA", deserialize_with = values::path)]
    pub(crate) ca: Option<PathBuf>,
    #[config(env = "NATS_CERT", deserialize_with = values::path)]
    pub(crate) cert: Option<PathBuf>,
    #[config(env = "NATS_KEY", deserialize_with = values::path)]
    pub(crate) key: Option<PathBuf>,
    #[config(env = "NATS_REPLICAS", deserialize_with = values::replicas)]
    pub(crate) replicas: u8,
    #[config(env = "NATS_STREAM_MB", deserialize_with = values::megabytes)]
    pub(crate) stream_mb: Option<u32>,
}

/// What a receiver keeps for itself.
#[derive(Debug, Clone, Layered)]
pub(crate) struct Receiver {
    #[config(env = "SPOOL", deserialize_with = values::path)]
    pub(crate) spool: PathBuf,
    #[config(env = "SPOOL_MB", deserialize_with = values::megabytes)]
    pub(crate) spool_mb: u32,
}

/// The simulated provider and phone.
#[derive(Debug, Layered)]
pub(crate) struct Simulator {
    #[config(env = "SIMULATOR_PORT", deserialize_with = values::port)]
    pub(crate) port: u16,
    #[config(env = "SIMULATOR_STATE", deserialize_with = values::path)]
    pub(crate) state: Option<PathBuf>,
    #[config(env = "SIMULATOR_HOSTS", deserialize_with = values::host_names)]
    pub(crate) hosts: Option<Vec<String>>,
    #[config(env = "AUTHY_CALLBACK_METHOD", deserialize_with = values::callback_method)]
    pub(crate) callback_method: Method,
}

/// What is logged, and how.
#[derive(Debug, Layered)]
pub(crate) struct Log {
    #[config(env = "LOG", deserialize_with = values::text)]
    pub(crate) filter: Option<String>,
    #[config(env = "LOG_FORMAT", deserialize_with = values::log_format)]
    pub(crate) format: LogFormat,
}
