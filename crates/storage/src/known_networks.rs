//! Networks from which an account was recently confirmed. Knows no address and no limit.

use time::Duration;

use crate::rows::millis;
use crate::{Storage, StorageError};

/// A network stays known for this long after a session from it was confirmed.
const KNOWN_FOR: Duration = Duration::days(90);

impl Storage {
    /// True if a session of any account was confirmed from this network in the last 90 days.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_known_network(&self, network: &str) -> Result<bool, StorageError> {
        let since = millis(self.clock.now() - KNOWN_FOR);
        let known = sqlx::query_scalar!(
            "SELECT 1 AS one FROM sessions WHERE network = $1 AND confirmed_at > $2 AND confirmed_at IS NOT NULL LIMIT 1",
            network,
            since,
        );
        Ok(known.fetch_optional(&self.reader).await?.is_some())
    }
}
