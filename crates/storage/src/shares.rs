//! Limits that many networks share: the more of a limit is used, the fewer attempts one network may make, so that
//! networks with few attempts come first. Counted before the attempt, like every limit.

use sqlx::SqliteConnection;
use time::OffsetDateTime;

use crate::rate_limits::{self, AttemptKind};
use crate::rows::millis;
use crate::{Attempt, Limit, Limited, RateLimits, StorageError, Subject, WriteKey};

/// A shared limit, and the network that uses a part of it.
#[derive(Debug, Clone)]
pub struct Share {
    /// The subject of the shared limit.
    pub of: Subject,
    /// The limit for all networks together.
    pub limit: Limit,
    /// The subject of this network's part.
    pub own: Subject,
}

/// A network may use one in 20 of the remaining attempts.
const SHARE_DIVISOR: i64 = 20;
/// A network may always use this many while any are left: as many codes as one person may have sent.
const LEAST_SHARE: i64 = 5;

impl RateLimits<'_> {
    /// Counts one attempt against several limits, and against its network's shares of others. A refused attempt counts
    /// against none.
    ///
    /// # Errors
    /// When the database cannot be read or written; the attempt must then not be made.
    pub async fn count_shared(
        self,
        kind: AttemptKind,
        limits: &[(Subject, Limit)],
        shares: &[Share],
    ) -> Result<Result<Attempt, Limited>, StorageError> {
        let now = self.0.clock.now();
        // A reader looks first: what is refused keeps nobody from writing.
        let mut reader = self.0.read().acquire().await?;
        let all = with_shares(&mut reader, kind, limits, shares, now).await?;
        if let Some(limited) = rate_limits::limited(&mut reader, kind, &all, now).await? {
            return Ok(Err(limited));
        }
        drop(reader);
        let mut keys = rate_limits::subjects(limits);
        keys.extend(shares.iter().flat_map(|share| [WriteKey::Subject(&share.of), WriteKey::Subject(&share.own)]));
        let mut db = self.0.write(&keys).await?;
        let all = with_shares(&mut db, kind, limits, shares, now).await?;
        let counted = rate_limits::count(&mut db, kind, &all, now).await?;
        if counted.is_ok() {
            db.commit().await?;
        }
        Ok(counted)
    }

    /// True while this limit is used up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_used_up(self, kind: AttemptKind, subject: &Subject, limit: Limit) -> Result<bool, StorageError> {
        let mut db = self.0.read().acquire().await?;
        Ok(used(&mut db, kind, subject, limit, self.0.clock.now()).await? >= limit.count)
    }
}

/// The limits, and those that the shares come to now.
async fn with_shares(
    db: &mut SqliteConnection,
    kind: AttemptKind,
    limits: &[(Subject, Limit)],
    shares: &[Share],
    now: OffsetDateTime,
) -> Result<Vec<(Subject, Limit)>, StorageError> {
    let mut all = limits.to_vec();
    for share in shares {
        let left = share.limit.count - used(db, kind, &share.of, share.limit, now).await?;
        all.push((share.of.clone(), share.limit));
        all.push((share.own.clone(), Limit { count: (left / SHARE_DIVISOR).max(LEAST_SHARE), ..share.limit }));
    }
    Ok(all)
}

async fn used(
    db: &mut SqliteConnection,
    kind: AttemptKind,
    subject: &Subject,
    limit: Limit,
    now: OffsetDateTime,
) -> Result<i64, StorageError> {
    let (kind, subject, since) = (kind.word(), subject.as_str(), millis(now - limit.window));
    let used = sqlx::query_scalar!(
        r#"SELECT count(*) AS "used!" FROM attempts WHERE kind = $1 AND subject = $2 AND at > $3"#,
        kind,
        subject,
        since,
    );
    Ok(used.fetch_one(db).await?)
}
