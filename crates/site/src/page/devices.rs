//! Where somebody is signed in, and their password: a part of the account page.

use approval::SessionId;

use super::Moment;

/// What the part shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Devices {
    /// The browser that asks, then the others by last use.
    pub(crate) all: Vec<Device>,
    /// When the password was changed last; `None`: never.
    pub(crate) password_set: Option<Moment>,
}

/// One live session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// Its id.
    pub(crate) id: SessionId,
    /// With which browser, as in `Firefox on Linux`.
    pub(crate) browser: String,
    /// From where.
    pub(crate) place: String,
    /// By what proof, as in `Approved on the phone`.
    pub(crate) how: &'static str,
    /// When it was begun.
    pub(crate) since: Moment,
    /// When it was used last.
    pub(crate) used: Moment,
    /// Whether it is the one that asks.
    pub(crate) current: bool,
}

impl Devices {
    /// Whether there are others than the one that asks.
    pub(crate) fn has_others(&self) -> bool {
        self.all.iter().any(|device| !device.current)
    }
}
