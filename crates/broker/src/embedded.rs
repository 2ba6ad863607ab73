//! The event log of a single process: one SQLite file, one task that writes it.
//!
//! This file is the face of it; `settings` is what can be set, `open` makes the file ready, `writer` is the task,
//! `round` is what goes into one commit, `statements` is the SQL.

mod open;
mod round;
mod settings;
mod statements;
mod writer;

use std::path::Path;
use std::time::Duration;

use approval::Clock;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

pub use open::OpenError;
use round::Write;
pub use settings::EmbeddedSettings;
use writer::{Answer, Command, Writer};

use crate::{
    Announced, Cause, ConsumeError, DeadLetter, EventLog, Intake, Message, Outcome, PublishError, Receipt, Received,
};

/// An [`EventLog`] in a file that belongs to this process alone.
///
/// The file is SQLite in WAL mode with `synchronous=NORMAL`: what was acknowledged survives the end of the process at
/// any moment, `kill -9` included. A power loss may take back the last of it; what it told, the provider still knows
/// and is asked. Waiting for the disk (`FULL`) makes a commit ten times as dear, 0.3 ms against 0.03 ms at the median.
/// Whatever was asked for during one commit shares the next.
///
/// | promise | kept by |
/// |---|---|
/// | Kept | `Writer::round` answers after `Writer::commit`; `statements::insert` |
/// | Once | `messages.id` is `UNIQUE`: `ON CONFLICT (id) DO NOTHING`; `statements::forget` leaves ids alone for `remember` |
/// | Alone | a hand-out moves `due_at` to the end of its lease, in the commit that counts it: `Round::publish`, `Round::take` |
/// | Again | `Hold` gives back what is dropped; `statements::take` finds what is past its lease; `statements::release_all` at open |
/// | Apart | `statements::take` looks at what is due and at nothing else |
/// | Parked | `statements::park`, from `Round::take` and `Round::settle`; `statements::forget` spares dead letters; `statements::revive` |
/// | Whole | `payload` is a `BLOB` |
/// | Calm | the task finishes what it was asked, whoever still listens; a hand-out that reaches nobody is undone: `statements::untake` |
/// | Told | there is no other process: the file is locked |
///
/// A hand-out whose lease ran out can no longer be settled once the message was handed out again.
#[derive(Debug)]
pub struct Embedded {
    commands: mpsc::UnboundedSender<Command>,
}

impl Embedded {
    /// Opens the log at `path`, makes file and folder when they are not there, and brings the tables up to date.
    /// Everything that is unsettled is due at once.
    ///
    /// # Errors
    /// [`OpenError`] says what an operator has to mend; [`OpenError::InUse`] when somebody else has the file open.
    pub async fn open(path: &Path, clock: Clock, settings: EmbeddedSettings) -> Result<Self, OpenError> {
        Ok(Self::on(open::open(path, &settings).await?, clock, settings))
    }

    fn on(connection: SqliteConnection, clock: Clock, settings: EmbeddedSettings) -> Self {
        // Without a bound: whoever sends waits for an answer, so there are never more commands than callers.
        let (commands, inbox) = mpsc::unbounded_channel();
        tokio::spawn(Writer::new(connection, inbox, commands.downgrade(), clock, settings).run());
        Self { commands }
    }

    /// Finishes what it was asked before, lets go of the file and returns. Calls from now on answer that the log is
    /// closed. Without this call the file is let go of soon after the log is dropped.
    pub async fn close(&self) {
        // An error means that the writer has ended already.
        let _ = self.ask(Command::Close).await;
    }

    /// Returns when the log takes and hands out nothing any more: it was closed, or its task has failed.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }

    /// Whether there is room for another message, as long as it may be. Commits a page as it was, to see whether the
    /// disk takes that.
    ///
    /// # Errors
    /// [`ConsumeError`] when it does not.
    pub async fn takes(&self) -> Result<bool, ConsumeError> {
        consumed(self.ask(Command::Takes).await)
    }

    /// How many messages wait, and how many dead letters there are.
    ///
    /// # Errors
    /// [`ConsumeError`] when they cannot be counted.
    pub(crate) async fn count(&self) -> Result<(u64, u64), ConsumeError> {
        consumed(self.ask(Command::Count).await)
    }

    /// Lets go of a dead letter that is kept elsewhere now.
    ///
    /// # Errors
    /// [`ConsumeError`]: it is still here.
    pub(crate) async fn drop_letter(&self, number: u64) -> Result<bool, ConsumeError> {
        let Ok(seq) = i64::try_from(number) else { return Ok(false) };
        consumed(self.ask(|answer| Command::Write(Write::DropLetter { seq }, answer)).await)
    }

    /// Sends what `command` makes of an answer's address. `None` when the log is closed.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).ok()?;
        answered.await.ok()
    }

    async fn store(&self, write: Write) -> Result<Receipt, PublishError> {
        let answer = self.ask(|answer: Answer<bool>| Command::Write(write, answer)).await;
        let new = answer.ok_or(PublishError::Closed)?.map_err(PublishError::Unwritable)?;
        Ok(if new { Receipt::Stored } else { Receipt::Duplicate })
    }
}

impl Intake for Embedded {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        Box::pin(self.store(Write::Publish(message)))
    }

    fn bury(&self, message: Message, reason: &str) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        Box::pin(self.store(Write::Bury(message, reason.to_owned())))
    }
}

impl EventLog for Embedded {
    fn next(&self) -> BoxFuture<'_, Result<Received, ConsumeError>> {
        Box::pin(async {
            let mut received = consumed(self.ask(Command::Next).await)?;
            let (seq, attempt, outcome) = (received.seq, received.attempt, Outcome::Retry(Duration::ZERO));
            let dropped = Write::Settle { seq, attempt, outcome };
            received.hold.pass_to(writer::hold(self.commands.downgrade(), dropped));
            Ok(received)
        })
    }

    fn settle(&self, mut received: Received, outcome: Outcome) -> BoxFuture<'_, Result<(), ConsumeError>> {
        Box::pin(async move {
            let write = Write::Settle { seq: received.seq, attempt: received.attempt, outcome };
            consumed(self.ask(|answer| Command::Write(write, answer)).await)?;
            received.hold.let_go();
            Ok(())
        })
    }

    fn dead_letters(&self) -> BoxFuture<'_, Result<Vec<DeadLetter>, ConsumeError>> {
        Box::pin(async { consumed(self.ask(Command::DeadLetters).await) })
    }

    fn replay(&self, number: u64) -> BoxFuture<'_, Result<bool, ConsumeError>> {
        Box::pin(async move {
            let Ok(seq) = i64::try_from(number) else { return Ok(false) };
            consumed(self.ask(|answer| Command::Write(Write::Revive { seq }, answer)).await)
        })
    }

    fn announce(&self, _what: Bytes) -> BoxFuture<'_, Result<(), ConsumeError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn announced(&self) -> BoxFuture<'_, Announced> {
        Box::pin(std::future::pending())
    }
}

fn consumed<T>(answer: Option<Result<T, Cause>>) -> Result<T, ConsumeError> {
    answer.ok_or(ConsumeError::Closed)?.map_err(ConsumeError::Unreadable)
}

#[cfg(test)]
mod tests {
    use approval::MessageId;
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_disk_that_can_be_read_and_takes_no_commit_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for takes in [true, false] {
            let settings = EmbeddedSettings::default();
            let mut disk = open::open(&folder.path().join(format!("{takes}.db")), &settings).await.unwrap();
            if !takes {
                sqlx::raw_sql("PRAGMA query_only = 1").execute(&mut disk).await.unwrap();
            }
            let log = Embedded::on(disk, Clock::system(), settings);
            assert_eq!((log.count().await.is_ok(), log.takes().await.is_ok()), (true, takes));
        }
    }

    #[tokio::test]
    async fn a_file_takes_something_as_long_as_there_is_room_for_the_longest_message() {
        let folder = tempfile::tempdir().unwrap();
        let settings = EmbeddedSettings { max_bytes: Some(1 << 20), ..EmbeddedSettings::default() };
        let log = Embedded::open(&folder.path().join("events.db"), Clock::system(), settings).await.unwrap();
        let longest = Bytes::from(vec![b'x'; 64 << 10]);
        let mut taken = 0;
        while log.takes().await.unwrap() {
            taken += 1;
            log.publish(Message::event(MessageId::of(&[taken]), longest.clone())).await.unwrap();
        }
        assert!(taken > 10, "{taken}");
    }

    #[tokio::test]
    async fn a_log_that_is_closed_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        let log = Embedded::open(&path, Clock::system(), EmbeddedSettings::default()).await.unwrap();
        assert!(log.ended().now_or_never().is_none());
        log.close().await;
        log.ended().await;
    }
}
