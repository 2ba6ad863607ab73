//! What every handler shares: the hub, and what is known of browsers. Below all handlers: knows no route and no page.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use hub::{Hub, places::KeyLimiter};

use crate::trust::{origin::Origins, proxies::Proxies};

/// The shared parts of the site. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Site(Arc<Shared>);

/// See [`Site`].
pub(crate) struct Shared {
    pub(crate) hub: Hub,
    pub(crate) origins: Origins,
    pub(crate) proxies: Proxies,
    /// The description of the API, as it is sent.
    pub(crate) document: Bytes,
    /// Limits requests with one cookie that change something, by the hash of its token.
    pub(crate) changes: KeyLimiter<[u8; 32]>,
}

impl Site {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// True if cookies are `Secure`. Browsers keep cookies for loopback without TLS only if they are not.
    pub(crate) fn is_secure(&self) -> bool {
        !self.origins.is_loopback()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("origins", &self.origins).field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

impl std::ops::Deref for Site {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
