//! Which approvals this process follows, so that none is followed twice here.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use approval::ApprovalId;

/// The approvals that are followed here.
#[derive(Debug, Default)]
pub(crate) struct Followed(Mutex<HashSet<ApprovalId>>);

impl Followed {
    /// Takes one on. Says whether it is new.
    pub(crate) fn add(&self, id: ApprovalId) -> bool {
        self.lock().insert(id)
    }

    /// Lets go of one.
    pub(crate) fn remove(&self, id: ApprovalId) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<ApprovalId>> {
        // Nothing between lock and unlock can leave the set half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
