//! One check of a code at a time for each session: of two clicks with one code, the second sees what became of the
//! first. Knows neither codes nor the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use approval::SessionId;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// Whose turn it is. Within one process; between processes the database decides, and the second click is told that its
/// code was used.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<SessionId, Weak<Turn<()>>>>);

impl Turns {
    /// Waits for the turn of this session, and keeps it until the guard is dropped.
    pub(crate) async fn of(&self, session: SessionId) -> OwnedMutexGuard<()> {
        self.turn(session).lock_owned().await
    }

    fn turn(&self, session: SessionId) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(&session).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(session, Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use approval::{Clock, Entropy};
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_session_waits_for_itself_and_for_no_other_and_leaves_nothing_behind() {
        let id = || SessionId::new(&Clock::system(), &Entropy::system());
        let (turns, one, other) = (Turns::default(), id(), id());
        let first = turns.of(one).await;
        assert!(turns.of(one).now_or_never().is_none());
        assert!(turns.of(other).now_or_never().is_some());
        drop(first);
        assert!(turns.of(one).now_or_never().is_some());
        turns.turn(other);
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
