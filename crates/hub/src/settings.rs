//! What an operator can set about a hub, and the times beside it that nobody can.

use time::Duration;
use url::Url;

/// The settings of a hub.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The product's name, as people read it on pages and phones.
    pub product: String,
    /// A picture that the phone shows beside a sign-in.
    pub logo_url: Option<Url>,
    /// How many browsers may wait at once.
    pub seats: SeatLimits,
    /// Limits of password hashing.
    pub hashing: HashLimits,
    /// How many guesses may wait for the delays of their accounts, over all accounts.
    pub waiting_guesses: usize,
    /// The mode of sign-ups.
    pub sign_up: SignUpMode,
    /// Seconds until a sign-in's or sign-up's approval expires; at least [`Settings::SHORTEST`].
    pub sign_in_seconds: u32,
    /// Seconds until a transaction's approval expires, unless it says otherwise.
    pub transaction_seconds: u32,
    /// How often phones are asked and codes sent.
    pub limits: Limits,
    /// Seconds until a confirmed session ends, however much it is used.
    pub session_seconds: u32,
    /// Seconds until a confirmed session ends that nobody uses.
    pub session_idle_seconds: u32,
    /// Days that the audit trail goes back; 0: for ever.
    pub audit_days: u32,
    /// Whether other hubs may be running on the same database. If none is, whatever is unfinished at the start was left
    /// by a process that has ended.
    pub shared: bool,
}

/// The mode of sign-ups: who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpMode {
    /// All people who can reach the page.
    Open,
    /// People with an invitation.
    Invited,
    /// No sign-ups.
    Closed,
}

/// The limits on attempts that an operator can set; the others stand in `throttle.rs`.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests that may be on one account's phone at once.
    pub pending_pushes: u32,
    /// Denied or unanswered requests in a row after which an account's phone is not asked until a code was used.
    pub refused_pushes: u32,
    /// Seconds from asking for a refused request until the phone may be asked again; longer after the next ones.
    pub push_wait_seconds: u32,
    /// Sign-ups from one address in 10 minutes.
    pub sign_ups_per_address: u32,
    /// Codes sent to all phones of one country, by its calling code, in 10 minutes.
    pub codes_per_country: u32,
    /// Codes sent for all sign-ups together, in an hour.
    pub codes_per_hour: u32,
}

/// How many may wait at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatLimits {
    /// In this process.
    pub all: u32,
    /// With one session: several tabs, each for a moment by more than one way.
    pub per_session: u32,
    /// From one address; an office shares one, so nothing is counted unless an operator says so.
    pub per_address: Option<u32>,
    /// In this process, before the first state was told.
    pub opening: u32,
}

/// How many passwords may be hashed at once and wait for it. Each hash takes [`crate::HASH_MEMORY`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashLimits {
    /// Hashes at once; at least 1.
    pub threads: usize,
    /// Waiters in each half of the pool, known and unknown networks.
    pub queue: usize,
}

/// The provider ends a request this long before we end its approval, so that its last word still counts.
pub(crate) const PROVIDER_ENDS_BEFORE: Duration = Duration::seconds(5);
/// A reset link works this long: enough to hand it over and to think of a password, too little to be found later.
pub const RESET_LINK: Duration = Duration::minutes(30);
/// An invitation is valid for this long: it outlasts a short holiday.
pub const INVITATION: Duration = Duration::days(7);
/// A session ends this long after the password unless a proof confirms it.
pub(crate) const PENDING_SESSION: Duration = Duration::minutes(15);

impl Settings {
    /// The shortest life of an approval, in seconds: the provider must have at least one second of it.
    pub const SHORTEST: u32 = 6;

    /// A confirmed session ends after this long.
    pub(crate) fn session(&self) -> Duration {
        Duration::seconds(self.session_seconds.into())
    }

    /// A confirmed session ends when it is not used for this long.
    pub(crate) fn session_idle(&self) -> Duration {
        Duration::seconds(self.session_idle_seconds.into())
    }

    /// The audit trail goes back this long; `None`: for ever.
    pub(crate) fn audit(&self) -> Option<Duration> {
        (self.audit_days > 0).then(|| Duration::days(self.audit_days.into()))
    }
}
