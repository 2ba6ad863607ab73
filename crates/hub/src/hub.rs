//! What every step and every task of the hub shares. Below all of them: knows no step.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use approval::{Approval, ApprovalId, Clock, Entropy, Logos, SessionId};
use broker::EventLog;
use futures_util::FutureExt as _;
use provider::Authy;
use storage::{Storage, Subject};
use time::{Duration, OffsetDateTime};
use tokio::sync::{Notify, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    condition::Condition,
    network::Network,
    password::Passwords,
    places::KeyLimiter,
    refusal::Refusal,
    registry::{
        followed::Followed,
        repairs::Repairs,
        seats::{Seat, Seats},
        waiters::Waiters,
    },
    settings::{PENDING_SESSION, Settings, SignUpMode},
    throttle::guess_queue::GuessQueues,
    token::ServerKey,
};

/// The shared parts of a hub. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Shared>);

/// See [`Hub`]. Its parts are for the hub alone.
pub struct Shared {
    pub(crate) settings: Settings,
    /// The pictures beside whatever brings none of its own.
    pub(crate) logos: Logos,
    pub(crate) storage: Storage,
    pub(crate) provider: Authy,
    pub(crate) waiters: Waiters,
    pub(crate) seats: Seats,
    pub(crate) repairs: Repairs,
    /// The hub's troubles, for readiness.
    pub(crate) condition: Condition,
    pub(crate) followed: Followed,
    pub(crate) passwords: Passwords,
    /// Limits requests with the same code for one session or transaction.
    pub(crate) turns: KeyLimiter<Subject>,
    pub(crate) guess_queues: GuessQueues,
    pub(crate) key: ServerKey,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    /// Everything that must end before the process does.
    pub(crate) tasks: TaskTracker,
    /// Sends waiting browsers to another hub. Comes before `stop`, when no new connection reaches this one any more.
    pub(crate) leaving: CancellationToken,
    /// Asks everything to end.
    pub(crate) stop: CancellationToken,
    /// Where callbacks come from, and where hubs tell each other what changed.
    pub(crate) log: Arc<dyn EventLog>,
    /// Wakes whoever empties the outbox.
    pub(crate) outbox: Notify,
    /// What other hubs have still to be told.
    pub(crate) news: mpsc::UnboundedSender<ApprovalId>,
}

impl Hub {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// The wall clock.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// A new id for an approval.
    #[must_use]
    pub fn new_approval_id(&self) -> ApprovalId {
        ApprovalId::new(&self.clock, &self.entropy)
    }

    /// The product's name, as people read it.
    #[must_use]
    pub fn product(&self) -> &str {
        &self.settings.product
    }

    /// Who may sign up.
    #[must_use]
    pub fn sign_up_mode(&self) -> SignUpMode {
        self.settings.sign_up
    }

    /// How long a session lasts from now, confirmed or pending.
    #[must_use]
    pub fn session_life(&self, confirmed: bool) -> Duration {
        if confirmed { self.settings.session() } else { PENDING_SESSION }
    }

    /// A seat for a browser with this session, if it has one, that comes from `network`.
    ///
    /// # Errors
    /// [`Refusal::TooManySockets`] and [`Refusal::Busy`] if no seat is free.
    pub fn seat(&self, session: Option<SessionId>, network: Option<Network>) -> Result<Seat, Refusal> {
        self.seats.take(session, network)
    }

    /// What must end before the process does.
    #[must_use]
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// An approval changed and is committed: its browsers hear of it at once, here and at other hubs, and the outbox is
    /// emptied.
    pub(crate) fn changed(&self, approval: &Approval) {
        self.waiters.tell(approval);
        // Without a listener the hub is ending, and the outbox has it.
        let _ = self.news.send(approval.id);
        self.outbox.notify_one();
    }

    /// Notes that a request found the database locked. Logged once; `upkeep` logs the end.
    pub fn note_locked(&self) {
        if self.condition.database().failed("", Instant::now()) {
            tracing::error!(
                "the database has not become free for 5 s; requests that write are answered 503 until it does: look for \
                 another program with an open transaction (a sqlite3 shell, a backup, a migration), or a slow disk"
            );
        }
    }

    /// Runs `task` beside the handlers, to its end: the process waits for it, as far as it waits for anything.
    pub(crate) fn finish(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Boxed: each wrapping future would reserve its size twice, and one task waits for each pending approval.
        self.tasks.spawn(self.clone().guarded(Box::pin(task)));
    }

    /// Runs `task` beside the handlers; it ends with the hub, at the next point where it waits. Should it panic, the
    /// hub stops: better ended, and started again, than alive and deaf.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let (stop, task) = (self.stop.clone(), Box::pin(task));
        self.finish(async move {
            stop.run_until_cancelled(task).await;
        });
    }

    async fn guarded(self, task: impl Future<Output = ()> + Send + 'static) {
        if AssertUnwindSafe(task).catch_unwind().await.is_err() {
            tracing::error!("a task of the hub panicked; the process stops");
            self.stop.cancel();
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl std::ops::Deref for Hub {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
