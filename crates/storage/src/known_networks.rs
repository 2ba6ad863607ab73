//! Networks from which an account was recently confirmed. Knows no address and no limit.

use time::Duration;

use crate::rows::millis;
use crate::{Sessions, StorageError};

/// A network stays known for this long after a session from it was confirmed.
const KNOWN_FOR: Duration = Duration::days(90);

impl Sessions<'_> {
    /// True if a session of any account was confirmed from this network in the last 90 days.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_known_network(self, network: &str) -> Result<bool, StorageError> {
        let since = millis(self.0.clock.now() - KNOWN_FOR);
        let known = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM sessions
                WHERE network = $1 AND confirmed_at > $2 AND confirmed_at IS NOT NULL) AS "is!: bool""#,
            network,
            since,
        );
        Ok(known.fetch_one(self.0.read()).await?)
    }
}
