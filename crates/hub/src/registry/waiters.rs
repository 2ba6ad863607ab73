//! The browsers that wait, by approval. Knows nothing of sockets: a waiter is told the newest state and does with it
//! what it likes. Only the newest state is kept, so a slow waiter costs no memory and misses no outcome.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use approval::{Approval, ApprovalId};
use tokio::sync::watch;

type News = Option<Arc<Approval>>;

/// All waiters of this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiters(Arc<Mutex<HashMap<ApprovalId, watch::Sender<News>>>>);

/// One that waits for news of one approval. Register it first, then read the row, then wait: so nothing is missed.
#[derive(Debug)]
pub(crate) struct Waiter {
    id: ApprovalId,
    news: watch::Receiver<News>,
    waiters: Waiters,
}

impl Waiters {
    /// Registers a waiter.
    pub(crate) fn register(&self, id: ApprovalId) -> Waiter {
        let mut news = self.lock().entry(id).or_insert_with(|| watch::Sender::new(None)).subscribe();
        news.mark_unchanged();
        Waiter { id, news, waiters: self.clone() }
    }

    /// Tells the waiters of `approval` how it stands, unless they know a newer version.
    pub(crate) fn tell(&self, approval: &Approval) {
        if let Some(sender) = self.lock().get(&approval.id) {
            sender.send_if_modified(|news| {
                let newer = news.as_ref().is_none_or(|known| known.version < approval.version);
                if newer {
                    *news = Some(Arc::new(approval.clone()));
                }
                newer
            });
        }
    }

    /// An approval as it was told last to those who wait for it here.
    pub(crate) fn told(&self, id: ApprovalId) -> Option<Arc<Approval>> {
        self.lock().get(&id)?.borrow().clone()
    }

    /// Whether anybody waits for this approval here.
    pub(crate) fn has(&self, id: ApprovalId) -> bool {
        self.lock().contains_key(&id)
    }

    /// All approvals that somebody waits for here.
    pub(crate) fn approvals(&self) -> Vec<ApprovalId> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ApprovalId, watch::Sender<News>>> {
        // Nothing between lock and unlock can leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Waits for news. Never answers twice for one version; never ends by itself.
    pub(crate) async fn news(&mut self) -> Arc<Approval> {
        loop {
            if self.news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if let Some(approval) = self.news.borrow_and_update().clone() {
                return approval;
            }
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut all = self.waiters.lock();
        // Gone before the others are counted: of two that leave at once, one is the last.
        self.news = watch::channel(None).1;
        if all.get(&self.id).is_some_and(|sender| sender.receiver_count() == 0) {
            all.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use approval::{Clock, Details, Draft, Entropy, Id, Logos, Purpose, Shown};
    use futures_util::FutureExt as _;

    use super::*;

    fn approval() -> Approval {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let draft = Draft {
            id: Id::new(&clock, &entropy),
            user: Id::new(&clock, &entropy),
            session: Id::new(&clock, &entropy),
            provider_user: "1".parse().unwrap(),
            purpose: Purpose::SignIn,
            shown: Shown::new("Sign in?".into(), Details::default()).unwrap(),
            logos: Logos::default(),
            created_at: clock.now(),
            expires_at: clock.now(),
        };
        Approval::pending(draft, "47".parse().unwrap())
    }

    fn version(approval: &Approval, version: i64) -> Approval {
        Approval { version, ..approval.clone() }
    }

    #[tokio::test]
    async fn a_waiter_is_told_the_newest_version_and_no_older_one() {
        let (waiters, approval) = (Waiters::default(), approval());
        let mut waiter = waiters.register(approval.id);
        for number in [2, 4, 3] {
            waiters.tell(&version(&approval, number));
        }
        assert_eq!(waiter.news().await.version, 4);
        waiters.tell(&version(&approval, 3));
        assert!(waiter.news().now_or_never().is_none());
    }

    #[tokio::test]
    async fn every_waiter_of_an_approval_is_told_and_none_of_another() {
        let (waiters, one, other) = (Waiters::default(), approval(), approval());
        let (mut first, mut second) = (waiters.register(one.id), waiters.register(one.id));
        let mut third = waiters.register(other.id);
        waiters.tell(&version(&one, 2));
        assert_eq!((first.news().await.version, second.news().await.version), (2, 2));
        assert!(third.news().now_or_never().is_none());
    }

    #[tokio::test]
    async fn the_last_waiter_that_leaves_takes_the_entry_along_and_no_earlier_one_does() {
        let (waiters, approval) = (Waiters::default(), approval());
        let (first, mut second) = (waiters.register(approval.id), waiters.register(approval.id));
        drop(first);
        waiters.tell(&version(&approval, 2));
        assert_eq!(second.news().await.version, 2);
        drop(second);
        assert!(waiters.lock().is_empty());
    }

    #[test]
    fn of_two_waiters_that_leave_at_once_the_second_takes_the_entry_along() {
        let (waiters, id) = (Waiters::default(), approval().id);
        for _ in 0..10_000 {
            let both = [waiters.register(id), waiters.register(id)];
            let together = Barrier::new(both.len());
            thread::scope(|leaving| {
                for waiter in both {
                    leaving.spawn(|| {
                        together.wait();
                        drop(waiter);
                    });
                }
            });
            assert!(!waiters.has(id));
        }
    }
}
