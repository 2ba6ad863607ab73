//! What one waiting browser hears: the state at once, each change, and the word to come again
//! when this hub leaves. Fed from rows: registered first, then the row is read, then the changes are heard, and now and
//! then the row is read again though nobody announced a change. Knows no sockets.

use std::sync::Arc;
use std::time::Duration;

use approval::{Approval, ApprovalId, Entropy};
use time::OffsetDateTime;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::{
    caller::MaybeCaller,
    hub::Hub,
    refusal::Refusal,
    registry::{seats::Seat, waiters::Waiter},
    token::Token,
};

/// How often the row is read again though nobody announced a change.
const REREAD: Duration = Duration::from_secs(20);
/// Browsers that leave a hub come again within this many milliseconds, each at another moment.
const RECONNECT_WITHIN_MS: u64 = 1000;

/// The news of one approval for one session.
#[derive(Debug)]
pub struct Feed {
    hub: Hub,
    id: ApprovalId,
    token: Token,
    seat: Seat,
    waiter: Waiter,
    newest: Option<Arc<Approval>>,
    /// The row has to be read before anything else is waited for.
    stale: bool,
    reread: Interval,
}

/// What there is to hear.
#[derive(Debug)]
pub enum News {
    /// How the approval stands. Never twice for one version, never an older one; nothing comes after a final status.
    State(Arc<Approval>),
    /// This hub is leaving; come again in so many milliseconds, to any hub.
    Leaving(u64),
    /// The session is not, or no longer, one that may know.
    NoSession,
    /// The database did not answer.
    Trouble,
}

impl Feed {
    /// Registers whoever shows `token`, on this seat, for news of the approval `id`. Nothing is read yet.
    #[must_use]
    pub fn open(hub: &Hub, id: ApprovalId, token: Token, seat: Seat) -> Self {
        let mut reread = interval_at(Instant::now() + REREAD, REREAD);
        reread.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let waiter = hub.waiters.register(id);
        Self { hub: hub.clone(), id, token, seat, waiter, newest: None, stale: true, reread }
    }

    /// Waits for news. May be given up at any moment: what was not told then is told by the next call.
    pub async fn next(&mut self) -> News {
        loop {
            if self.stale {
                let row = self.row().await;
                self.stale = false;
                match row {
                    Ok(Some(approval)) if self.is_newer(&approval) => {
                        // Others who wait for it may not have heard; and a tap needs no row read once it is known here.
                        self.hub.waiters.tell(&approval);
                        return self.tell(approval.into());
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => return News::NoSession,
                    Err(_) => return News::Trouble,
                }
            }
            tokio::select! {
                approval = self.waiter.news() => if self.is_newer(&approval) { return self.tell(approval) },
                _ = self.reread.tick() => self.stale = true,
                () = self.hub.leaving.cancelled() => return News::Leaving(soon(&self.hub.entropy)),
            }
        }
    }

    /// Whether the session that listens has ended meanwhile: then what it waited for was cancelled with it.
    pub async fn has_ended(&self) -> bool {
        MaybeCaller::of(&self.hub, self.token.clone()).await.is_ok_and(|caller| caller.0.is_none())
    }

    /// The server's time, which is sent with each state.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.hub.clock.now()
    }

    /// What was told last. Asks no database, so that asking again and again costs it nothing.
    #[must_use]
    pub const fn newest(&self) -> Option<&Arc<Approval>> {
        self.newest.as_ref()
    }

    /// The row, if the session is still the one that may know.
    async fn row(&self) -> Result<Option<Approval>, Refusal> {
        match MaybeCaller::of(&self.hub, self.token.clone()).await?.0 {
            Some(caller) => caller.own(&self.hub, self.id).await.map(Some),
            None => Ok(None),
        }
    }

    fn is_newer(&self, approval: &Approval) -> bool {
        self.newest.as_ref().is_none_or(|known| known.version < approval.version)
    }

    fn tell(&mut self, approval: Arc<Approval>) -> News {
        self.seat.settle();
        self.newest = Some(Arc::clone(&approval));
        News::State(approval)
    }
}

/// When to come again, in milliseconds: all who leave a hub at once spread over the whole time.
fn soon(entropy: &Entropy) -> u64 {
    u64::from_le_bytes(entropy.bytes()) % RECONNECT_WITHIN_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_to_come_again_is_told_any_moment_within_a_second() {
        for (draw, after_ms) in [(0, 0), (420, 420), (999, 999), (1000, 0), (1_000_001, 1)] {
            let entropy = Entropy::from_fn(move |bytes| bytes.copy_from_slice(&u64::to_le_bytes(draw)));
            assert_eq!(soon(&entropy), after_ms);
        }
    }
}
