//! The monotonic limit of each approval that this process follows, so that each expires in time although the wall clock
//! is set back. Knows no database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use approval::{Approval, ApprovalId};
use time::OffsetDateTime;
use tokio::time::Instant;

/// The limits. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lives(Arc<Mutex<HashMap<ApprovalId, Instant>>>);

impl Lives {
    /// Sets the limit of an approval: from `limit` on it has expired.
    pub(crate) fn limit(&self, id: ApprovalId, limit: Instant) {
        self.lock().insert(id, limit);
    }

    /// Removes the limit of an approval.
    pub(crate) fn forget(&self, id: ApprovalId) {
        self.lock().remove(&id);
    }

    /// When the approval expires, for a decision at `now`. It is `now` or earlier if the monotonic limit has passed.
    pub(crate) fn end_of(&self, approval: &Approval, now: OffsetDateTime) -> OffsetDateTime {
        let is_over = self.lock().get(&approval.id).is_some_and(|limit| *limit <= Instant::now());
        if is_over { approval.expires_at.min(now) } else { approval.expires_at }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ApprovalId, Instant>> {
        // Nothing between lock and unlock can leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
