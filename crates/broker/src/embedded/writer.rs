//! The one task that writes the file. It gathers what is asked for, commits it, and only then answers. Knows nothing
//! of SQL.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use approval::{Clock, told};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::mpsc::{UnboundedReceiver, WeakUnboundedSender};
use tokio::sync::oneshot;

use super::round::{Round, Write};
use super::settings::EmbeddedSettings;
use super::statements::{self, Taken, millis};
use crate::message::Hold;
use crate::{Cause, DeadLetter, Received};

/// The most commands that share a commit.
const SHARE: usize = 256;
/// Settled messages between two looks at what may be forgotten.
const FORGET_EVERY: usize = 100;
/// How many are forgotten at a time: more than came in since, so that the file stops growing.
const FORGET: u32 = 200;
/// Pages that there must be room for: the longest callback, 64 KiB, with its index.
const ROOM: i64 = 20;

/// Where an answer is sent. That nobody listens any more is no error: what was asked for is done all the same.
pub(super) type Answer<T> = oneshot::Sender<Result<T, Cause>>;

/// What the task can be asked.
#[derive(Debug)]
pub(super) enum Command {
    /// Change something, and say whether it changed anything.
    Write(Write, Answer<bool>),
    /// Hand out a message once one is due.
    Next(Answer<Received>),
    /// List the dead letters.
    DeadLetters(Answer<Vec<DeadLetter>>),
    /// Count what is waiting, and the dead letters.
    Count(Answer<(u64, u64)>),
    /// See whether another message would be taken.
    Takes(Answer<bool>),
    /// End.
    Close(oneshot::Sender<()>),
}

#[derive(Debug)]
pub(super) struct Writer {
    db: SqliteConnection,
    commands: UnboundedReceiver<Command>,
    /// The way back of a hand-out that is dropped. Weak, or the task would never see the last log go.
    back: WeakUnboundedSender<Command>,
    waiting: VecDeque<Answer<Received>>,
    /// Nothing is due before this Unix millisecond.
    next_due: i64,
    settled: usize,
    clock: Clock,
    settings: EmbeddedSettings,
}

impl Writer {
    pub(super) fn new(
        db: SqliteConnection,
        commands: UnboundedReceiver<Command>,
        back: WeakUnboundedSender<Command>,
        clock: Clock,
        settings: EmbeddedSettings,
    ) -> Self {
        Self { db, commands, back, waiting: VecDeque::new(), next_due: i64::MIN, settled: 0, clock, settings }
    }

    /// Works until it is told to close, or until the log is dropped.
    pub(super) async fn run(mut self) {
        let mut commands = Vec::with_capacity(SHARE);
        while self.gather(&mut commands).await {
            let (mut writes, mut answers, mut closed) = (Vec::new(), Vec::new(), None);
            for command in commands.drain(..) {
                match command {
                    Command::Write(write, answer) => {
                        writes.push(write);
                        answers.push(answer);
                    }
                    Command::Next(consumer) => self.waiting.push_back(consumer),
                    Command::DeadLetters(answer) => tell(answer, statements::dead_letters(&mut self.db)).await,
                    Command::Count(answer) => tell(answer, statements::count(&mut self.db)).await,
                    Command::Takes(answer) => tell(answer, self.takes()).await,
                    Command::Close(answer) => closed = Some(answer),
                }
            }
            self.round(&writes, answers).await;
            if let Some(answer) = closed {
                return self.close(answer).await;
            }
            self.forget(&writes).await;
        }
    }

    /// Sleeps until somebody asks for something or a message that somebody waits for is due. `false`: nobody is left.
    async fn gather(&mut self, commands: &mut Vec<Command>) -> bool {
        let due = self.until_due();
        tokio::select! {
            count = self.commands.recv_many(commands, SHARE) => count > 0,
            () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => true,
        }
    }

    fn until_due(&self) -> Option<Duration> {
        let wanted = !self.waiting.is_empty() && self.next_due != i64::MAX;
        let millis = self.next_due.saturating_sub(millis(self.clock.now()));
        wanted.then(|| Duration::from_millis(millis.try_into().unwrap_or_default()))
    }

    /// Commits `writes` and what is handed out with them, then lets everybody know.
    async fn round(&mut self, writes: &[Write], answers: Vec<Answer<bool>>) {
        self.waiting.retain(|consumer| !consumer.is_closed());
        match self.commit(writes).await {
            Ok((changed, handed)) => {
                let served = self.waiting.drain(..handed.len());
                for (taken, consumer) in handed.into_iter().zip(served) {
                    let _ = consumer.send(Ok(received(taken, &self.back)));
                }
                for (changed, answer) in changed.into_iter().zip(answers) {
                    let _ = answer.send(Ok(changed));
                }
            }
            Err(error) => {
                let cause: Cause = Arc::new(error);
                for answer in answers {
                    let _ = answer.send(Err(Arc::clone(&cause)));
                }
                for consumer in self.waiting.drain(..) {
                    let _ = consumer.send(Err(Arc::clone(&cause)));
                }
            }
        }
    }

    /// From `Ok` on, everything it answers is on the disk.
    async fn commit(&mut self, writes: &[Write]) -> Result<(Vec<bool>, Vec<Taken>), sqlx::Error> {
        let mut round = Round {
            settings: &self.settings,
            now: millis(self.clock.now()),
            wanted: self.waiting.len(),
            next_due: self.next_due,
            handed: Vec::new(),
        };
        let mut changed = Vec::with_capacity(writes.len());
        match writes {
            [] if !round.is_due() => {}
            // A single statement is a transaction by itself.
            [write] if !round.is_due() => changed.push(round.write(&mut self.db, write).await?),
            _ => {
                if let Err(error) = together(&mut self.db, &mut round, writes, &mut changed).await {
                    // Where SQLite has ended the transaction by itself, as it does when the disk is full, there is none
                    // to end, and that is no error.
                    let _ = statements::roll_back(&mut self.db).await;
                    return Err(error);
                }
            }
        }
        self.next_due = round.next_due;
        Ok((changed, round.handed))
    }

    /// Whether the disk takes a commit, and there is room for the longest message.
    async fn takes(&mut self) -> Result<bool, sqlx::Error> {
        statements::try_commit(&mut self.db).await?;
        Ok(statements::room(&mut self.db).await? >= ROOM)
    }

    /// Drops ids whose time is over, a few at a time and in passing, so that no call waits for it long.
    async fn forget(&mut self, writes: &[Write]) {
        self.settled += writes.iter().filter(|write| matches!(write, Write::Settle { .. })).count();
        if self.settled < FORGET_EVERY {
            return;
        }
        self.settled = 0;
        let before = millis(self.clock.now() - self.settings.remember);
        if let Err(error) = statements::forget(&mut self.db, before, FORGET).await {
            tracing::warn!(error = %told(&error), "old message ids could not be forgotten");
        }
    }

    async fn close(self, answer: oneshot::Sender<()>) {
        if let Err(error) = self.db.close().await {
            tracing::warn!(error = %told(&error), "the event log did not close cleanly");
        }
        let _ = answer.send(());
    }
}

/// Reads what somebody asked for, unless he does not wait for it any more.
async fn tell<T>(answer: Answer<T>, read: impl Future<Output = Result<T, sqlx::Error>>) {
    if !answer.is_closed() {
        let _ = answer.send(read.await.map_err(|error| Arc::new(error) as Cause));
    }
}

/// Commits `writes` and what is due in one transaction. By statements of its own and not by sqlx's `Transaction`, which
/// counts how deep it is in and is wrong for good once SQLite has ended one by itself: its next commit would be none.
async fn together(
    db: &mut SqliteConnection,
    round: &mut Round<'_>,
    writes: &[Write],
    changed: &mut Vec<bool>,
) -> Result<(), sqlx::Error> {
    statements::begin(db).await?;
    for write in writes {
        changed.push(round.write(db, write).await?);
    }
    while round.is_due() {
        round.take(db).await?;
    }
    statements::commit(db).await
}

/// The message on its way to a consumer: until the consumer has it, its hand-out does not count.
fn received(taken: Taken, back: &WeakUnboundedSender<Command>) -> Received {
    let Taken { seq, id, subject, schema, payload, attempt, published_at } = taken;
    let hold = hold(back.clone(), Write::Untake { seq, attempt });
    let (id, published_at) = (statements::named(&id), statements::time(published_at));
    Received { seq, id, subject, schema, payload, attempt, published_at, ticket: String::new(), hold }
}

/// A hold that asks for `write` when it is dropped.
pub(super) fn hold(back: WeakUnboundedSender<Command>, write: Write) -> Hold {
    Hold::new(move || {
        // Without a way back the log is closed, and the message is due when it opens again.
        if let Some(back) = back.upgrade() {
            let _ = back.send(Command::Write(write, oneshot::channel().0));
        }
    })
}
