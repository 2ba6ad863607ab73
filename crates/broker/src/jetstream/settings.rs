//! What an operator can set about a server: where it is, who we are, how long we wait. Reaches nothing.

use std::path::PathBuf;
use std::time::Duration;

use approval::Secret;

/// How a [`super::JetStream`] reaches its server and treats its messages.
#[derive(Debug, Clone)]
pub struct JetStreamSettings {
    /// The servers, as in `nats://10.0.0.1:4222,nats://10.0.0.2:4222`; one of them is enough to find the others.
    pub url: Secret,
    /// What the server sends to us alone stands on subjects below `_INBOX.` and this word, so that a login can be kept from
    /// reading what others are sent. Default: `any`.
    pub inbox: &'static str,
    /// True if this process takes events, as hubs do. Only then is the shared consumer checked. Default: true.
    pub takes: bool,
    /// Who we are.
    pub credentials: Credentials,
    /// How the line is kept private.
    pub tls: Tls,
    /// Begin with TLS, before the server has said anything; for servers with `handshake_first`. Default: false.
    pub tls_first: bool,
    /// How many servers keep a copy of each message, for streams that are made by us. Default: 1.
    pub replicas: usize,
    /// How large each stream may become, in bytes, for streams that are made by us. Default: without a limit.
    pub max_bytes: Option<u64>,
    /// After this many hand-outs without success a message is parked. Default: 60.
    pub max_attempts: u32,
    /// How long a consumer may keep a message before it is handed to another. Default: 5 s.
    pub lease: Duration,
    /// How long a publish waits for its acknowledgement. Default: 2 s, well within the provider's patience.
    pub ack_within: Duration,
    /// How long to try to reach the server at the start. Default: 8 s.
    pub start_within: Duration,
    /// How long streams and consumer are used before their settings are checked again. Default: 10 s.
    pub review_every: Duration,
}

/// The login. Files are read again at each connection.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// Nobody in particular.
    None,
    /// A user and a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A user, and a file with the password and nothing else.
    PasswordFile {
        /// The user.
        user: String,
        /// The file.
        path: PathBuf,
    },
    /// A token.
    Token(Secret),
    /// A file with a token and nothing else.
    TokenFile(PathBuf),
    /// A file with the seed of an nkey.
    Nkey(PathBuf),
    /// A file with a JWT and a seed, as `nsc` writes it.
    File(PathBuf),
}

impl Credentials {
    /// The configuration variable that they come from.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        match self {
            Self::None | Self::Password { .. } => "NATS_USER",
            Self::PasswordFile { .. } => "NATS_PASSWORD_FILE",
            Self::Token(_) => "NATS_TOKEN",
            Self::TokenFile(_) => "NATS_TOKEN_FILE",
            Self::Nkey(_) => "NATS_NKEY",
            Self::File(_) => "NATS_CREDS",
        }
    }

    /// What an operator should do when the server refuses them.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::None => {
                "no login is configured; set NATS_USER and NATS_PASSWORD, NATS_TOKEN, NATS_NKEY or NATS_CREDS"
            }
            Self::Password { .. } => "check NATS_USER and NATS_PASSWORD, or the login in NATS_URL",
            Self::PasswordFile { .. } => "check NATS_USER, and renew the file that NATS_PASSWORD_FILE names",
            Self::Token(_) => "check NATS_TOKEN, or the token in NATS_URL",
            Self::TokenFile(_) => "renew the file that NATS_TOKEN_FILE names",
            Self::Nkey(_) => "renew the file that NATS_NKEY names",
            Self::File(_) => "renew the file that NATS_CREDS names",
        }
    }
}

/// How the line is kept private.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Refuse a server that offers none.
    pub required: bool,
    /// A file with certificates of authorities to trust beside those of the machine.
    pub authorities: Option<PathBuf>,
    /// Files with our own certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

impl JetStreamSettings {
    /// The defaults, with this address.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url),
            inbox: "any",
            takes: true,
            credentials: Credentials::None,
            tls: Tls::default(),
            tls_first: false,
            replicas: 1,
            max_bytes: None,
            max_attempts: 60,
            lease: Duration::from_secs(5),
            ack_within: Duration::from_secs(2),
            start_within: Duration::from_secs(8),
            review_every: Duration::from_secs(10),
        }
    }
}
