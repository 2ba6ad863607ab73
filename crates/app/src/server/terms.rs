//! How a listener serves: set by the role that opens it. Knows no connection.

use std::time::Duration;

use super::slots::Slots;
use crate::ending::Ending;

/// The default of [`Terms::patience`], for every listener.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How a listener serves.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) heads: Heads,
    pub(crate) slots: Slots,
    /// How long a connection may take for its first byte, and for the head and the body of a request.
    pub(crate) patience: Duration,
    /// How long a connection may be idle between two requests.
    pub(crate) keep_alive: Duration,
    pub(crate) ending: Ending,
}

/// How long the head of a request may be; a longer one is answered 431.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Heads {
    /// As browsers and programs send it.
    Short,
    /// As long as the provider may send it where it calls back by GET: all of a callback is its query then.
    WithCallbacks,
}

/// The longest URL that can be read at all (`http::Uri`); a longer one is answered 414. The longest callback is
/// shorter: all but a few thousand of its bytes come from one body of 16 KiB, and encoding makes at most three of each.
pub(super) const URL_BYTES: usize = u16::MAX as usize - 1;

impl Heads {
    /// Bytes that a connection may buffer until a head has ended. The address of the request is known only then.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Short => 16 * 1024,
            Self::WithCallbacks => URL_BYTES + Self::Short.bytes(),
        }
    }
}
