//! What goes into one commit: the writes that were asked for, and the messages that are handed out. Knows nothing of
//! who asked and who waits.

use std::time::Duration;

use sqlx::SqliteConnection;

use super::settings::EmbeddedSettings;
use super::statements::{self, Taken};
use crate::{Message, Outcome};

/// A change somebody asked for.
#[derive(Debug)]
pub(super) enum Write {
    /// Store it for delivery.
    Publish(Message),
    /// Store it as a dead letter, for this reason.
    Bury(Message, String),
    /// Say what became of this hand-out of this message.
    Settle { seq: i64, attempt: u32, outcome: Outcome },
    /// This hand-out of this message reached nobody: as if it had not been.
    Untake { seq: i64, attempt: u32 },
    /// Deliver this dead letter as if it were new.
    Revive { seq: i64 },
    /// This dead letter is kept elsewhere.
    DropLetter { seq: i64 },
}

/// One commit in the making. All times are Unix milliseconds.
pub(super) struct Round<'a> {
    pub(super) settings: &'a EmbeddedSettings,
    pub(super) now: i64,
    /// How many consumers wait.
    pub(super) wanted: usize,
    /// Nothing is due before this.
    pub(super) next_due: i64,
    /// What is handed out.
    pub(super) handed: Vec<Taken>,
}

impl Round<'_> {
    /// Whether somebody waits for a message and one may be due.
    pub(super) const fn is_due(&self) -> bool {
        self.handed.len() < self.wanted && self.next_due <= self.now
    }

    /// Makes one change. Answers whether it changed anything.
    pub(super) async fn write(&mut self, db: &mut SqliteConnection, write: &Write) -> Result<bool, sqlx::Error> {
        match write {
            Write::Publish(message) => self.publish(db, message).await,
            Write::Bury(message, reason) => statements::bury(db, message, self.now, reason).await,
            Write::Settle { seq, attempt, outcome } => self.settle(db, *seq, *attempt, outcome).await,
            Write::DropLetter { seq } => statements::drop_letter(db, *seq).await,
            Write::Revive { seq } => {
                self.next_due = self.next_due.min(self.now);
                statements::revive(db, *seq, self.now).await
            }
            Write::Untake { seq, attempt } => {
                self.next_due = self.next_due.min(self.now);
                statements::untake(db, *seq, *attempt, self.now).await
            }
        }
    }

    /// Hands out the message that is due first, or finds out when the next one will be.
    pub(super) async fn take(&mut self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        match statements::take(db, self.now, self.after(self.settings.lease)).await? {
            None => self.next_due = statements::next_due(db).await?.unwrap_or(i64::MAX),
            Some(taken) if taken.attempt > self.settings.max_attempts => {
                statements::park(db, taken.seq, taken.attempt, self.now, &self.worn_out()).await?;
            }
            Some(taken) => self.handed.push(taken),
        }
        Ok(())
    }

    /// When somebody waits and nothing older is due, the row is written as handed out, which saves a second write.
    async fn publish(&mut self, db: &mut SqliteConnection, message: &Message) -> Result<bool, sqlx::Error> {
        let straight = self.handed.len() < self.wanted && !self.is_due();
        let due_at = if straight { self.after(self.settings.lease) } else { self.now };
        let attempt = u32::from(straight);
        let Some(seq) = statements::insert(db, message, self.now, due_at, attempt).await? else {
            return Ok(false);
        };
        self.next_due = self.next_due.min(due_at);
        if straight {
            self.handed.push(Taken {
                seq,
                id: message.id.as_str().to_owned(),
                subject: message.subject.to_owned(),
                schema: message.schema.to_owned(),
                payload: message.payload.clone(),
                attempt,
                published_at: self.now,
            });
        }
        Ok(true)
    }

    async fn settle(
        &mut self,
        db: &mut SqliteConnection,
        seq: i64,
        attempt: u32,
        outcome: &Outcome,
    ) -> Result<bool, sqlx::Error> {
        match outcome {
            Outcome::Done if self.settings.remember.is_zero() => statements::delete(db, seq, attempt).await,
            Outcome::Done => statements::finish(db, seq, attempt, self.now).await,
            Outcome::Park(reason) => statements::park(db, seq, attempt, self.now, reason).await,
            Outcome::Retry(_) if attempt >= self.settings.max_attempts => {
                statements::park(db, seq, attempt, self.now, &self.worn_out()).await
            }
            Outcome::Retry(delay) => {
                let due_at = self.after(*delay);
                self.next_due = self.next_due.min(due_at);
                statements::postpone(db, seq, attempt, due_at).await
            }
        }
    }

    /// The time after `delay`, never early: the clock and the delay are both cut to whole milliseconds.
    fn after(&self, delay: Duration) -> i64 {
        let millis = if delay.is_zero() { 0 } else { delay.as_millis() + 2 };
        self.now.saturating_add(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn worn_out(&self) -> String {
        format!("given up on after {} attempts", self.settings.max_attempts)
    }
}
