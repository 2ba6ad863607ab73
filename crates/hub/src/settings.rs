//! What an operator can set about a hub.

use time::Duration;
use url::Url;

use crate::{proxies::Proxies, seats::SeatLimits};

/// The settings of a hub.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The product's name, as people read it on pages and phones.
    pub product: String,
    /// A picture that the phone shows beside a sign-in.
    pub logo_url: Option<Url>,
    /// What browsers use to reach us; only its origin counts.
    pub public_url: Url,
    /// The proxies that are believed about who asks.
    pub proxies: Proxies,
    /// How many browsers may wait at once.
    pub seats: SeatLimits,
    /// Seconds until a sign-in's or sign-up's approval expires; at least [`Settings::SHORTEST`].
    pub sign_in_seconds: u32,
    /// Seconds until a transaction's approval expires, unless it says otherwise.
    pub transaction_seconds: u32,
    /// Whether other hubs may be running on the same database. If none is, whatever is unfinished at the start was left
    /// by a process that has ended.
    pub shared: bool,
}

/// The provider ends a request this long before we end its approval, so that its last word still counts.
pub(crate) const PROVIDER_ENDS_BEFORE: Duration = Duration::seconds(5);
/// A session ends this long after the password unless a proof confirms it.
pub(crate) const PENDING_SESSION: Duration = Duration::minutes(15);
/// A confirmed session ends after this long.
pub(crate) const CONFIRMED_SESSION: Duration = Duration::hours(12);

impl Settings {
    /// The shortest life of an approval, in seconds: the provider must have at least one second of it.
    pub const SHORTEST: u32 = 6;
}
