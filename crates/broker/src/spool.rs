//! A receiver's way to the event log of many processes: straight there, or, while that is away, slow or full, into a
//! spool of its own, which is emptied when the log is back. New messages never wait behind old ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use approval::told;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{ConsumeError, Embedded, EventLog as _, Intake, JetStream, Message, Outcome, PublishError, Receipt};

/// How many spooled messages are on their way to the log at once.
const DRAINERS: usize = 16;
/// How long a message that the log did not take stays in the spool before it is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// After this many messages in a row that the log did not take it counts as away: whoever calls back is not kept waiting
/// for it any more, and one spooled message after the other tries whether it is back.
const PATIENT: u32 = 3;
/// How often dead letters in the spool are looked for: there are hardly ever any.
const LETTERS: Duration = Duration::from_secs(5);

/// An [`Intake`] that takes a message as long as either the log or its own disk does.
#[derive(Debug)]
pub struct Spooled {
    ways: Ways,
    /// Ended when this is dropped.
    drainers: Mutex<JoinSet<()>>,
}

/// The two places for a message.
#[derive(Debug, Clone)]
struct Ways {
    log: Arc<JetStream>,
    spool: Arc<Embedded>,
    /// Messages in a row that the log did not take.
    refused: Arc<AtomicU32>,
    /// Whose turn it is to try the log while it counts as away.
    trying: Arc<Mutex<()>>,
}

impl Spooled {
    /// A way to `log` with `spool` beside it; the spool is emptied for as long as this lives.
    #[must_use]
    pub fn new(log: Arc<JetStream>, spool: Arc<Embedded>) -> Self {
        let ways = Ways { log, spool, refused: Arc::default(), trying: Arc::default() };
        let mut drainers = JoinSet::new();
        for _ in 0..DRAINERS {
            let ways = ways.clone();
            drainers.spawn(async move { ways.drain().await });
        }
        let also = ways.clone();
        drainers.spawn(async move { also.drain_letters().await });
        Self { ways, drainers: Mutex::new(drainers) }
    }

    /// How many messages are in the spool and not in the log yet.
    ///
    /// # Errors
    /// [`ConsumeError`] when the spool cannot be read.
    pub async fn spooled(&self) -> Result<u64, ConsumeError> {
        let (waiting, dead) = self.ways.spool.count().await?;
        Ok(waiting + dead)
    }

    /// Whether a message would be taken now: by the log, or, while that is away, by the spool.
    ///
    /// # Errors
    /// [`ConsumeError`] when it would have to be the spool, and that does not take a commit.
    pub async fn takes(&self) -> Result<bool, ConsumeError> {
        Ok(self.ways.takes() || self.ways.spool.takes().await?)
    }

    /// Returns when the spool takes nothing any more, or is not emptied any more: it was closed, or a task has failed.
    pub async fn ended(&self) {
        let mut drainers = self.drainers.lock().await;
        tokio::select! {
            () = self.ways.spool.ended() => {}
            _ = drainers.join_next() => {}
        }
    }

    /// Waits until nothing is in the spool, for as long as `limit`; then how many are left in it.
    ///
    /// # Errors
    /// [`ConsumeError`] when the spool cannot be read.
    pub async fn emptied(&self, limit: Duration) -> Result<u64, ConsumeError> {
        let empty = async {
            while self.spooled().await.is_ok_and(|spooled| spooled > 0) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(limit, empty).await;
        self.spooled().await
    }

    /// Lets go of spool and log.
    pub async fn close(&self) {
        self.ways.spool.close().await;
        self.ways.log.close().await;
    }
}

impl Ways {
    /// Hands one spooled message after another to the log.
    async fn drain(&self) {
        loop {
            self.log.connected().await;
            let received = match self.spool.next().await {
                Ok(received) => received,
                Err(ConsumeError::Closed) => return,
                Err(error) => {
                    tracing::error!(error = %told(&error), "the spool cannot be read");
                    sleep(AGAIN).await;
                    continue;
                }
            };
            let turn = if self.takes() { None } else { Some(self.trying.lock().await) };
            let passed = self.noted(self.log.pass_on(&received).await);
            drop(turn);
            let outcome = if passed.is_ok() { Outcome::Done } else { Outcome::Retry(AGAIN) };
            let settled = self.spool.settle(received, outcome).await;
            if let Err(error) = &settled {
                tracing::error!(error = %told(error), "the spool cannot be written; what it holds comes again");
            }
            // Of a log that is full, or a disk, nobody asks without a pause.
            if passed.is_err() || settled.is_err() {
                sleep(AGAIN).await;
            }
        }
    }

    /// Hands the dead letters in the spool to the log's.
    async fn drain_letters(&self) {
        loop {
            self.log.connected().await;
            if let Err(error) = self.pass_letters().await {
                tracing::warn!(error = %told(&error), "dead letters stay in the spool");
            }
            sleep(LETTERS).await;
        }
    }

    async fn pass_letters(&self) -> Result<(), ConsumeError> {
        let (_, dead) = self.spool.count().await?;
        if dead == 0 {
            return Ok(());
        }
        for letter in self.spool.dead_letters().await? {
            self.log.bury_letter(&letter).await.map_err(|error| ConsumeError::Unreadable(Arc::new(error)))?;
            self.spool.drop_letter(letter.number).await?;
        }
        Ok(())
    }

    /// Whether the log can be expected to take a message.
    fn takes(&self) -> bool {
        self.log.is_connected() && self.refused.load(Ordering::Relaxed) < PATIENT
    }

    /// Notes whether the log took a message.
    fn noted<T>(&self, stored: Result<T, PublishError>) -> Result<T, PublishError> {
        match stored {
            Ok(_) => self.refused.store(0, Ordering::Relaxed),
            // Past the largest number it begins anew, and the log is tried three times more.
            Err(_) => _ = self.refused.fetch_add(1, Ordering::Relaxed),
        }
        stored
    }

    /// Into the log, or else into the spool; and into a log that counts as away when the spool does not take it either.
    async fn store<L, S>(&self, log: impl Fn() -> L, spool: S) -> Result<Receipt, PublishError>
    where
        L: Future<Output = Result<Receipt, PublishError>>,
        S: Future<Output = Result<Receipt, PublishError>>,
    {
        let expected = self.takes();
        if expected {
            match self.noted(log().await) {
                Ok(receipt) => return Ok(receipt),
                Err(error) => tracing::warn!(error = %told(&error), "a callback goes into the spool"),
            }
        }
        match spool.await {
            Err(_) if !expected && self.log.is_connected() => self.noted(log().await),
            spooled => spooled,
        }
    }
}

impl Intake for Spooled {
    fn publish(&self, message: Message) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        let Ways { log, spool, .. } = &self.ways;
        let again = message.clone();
        Box::pin(self.ways.store(move || log.publish(message.clone()), spool.publish(again)))
    }

    fn bury(&self, message: Message, reason: &str) -> BoxFuture<'_, Result<Receipt, PublishError>> {
        let Ways { log, spool, .. } = &self.ways;
        let (again, reason) = (message.clone(), reason.to_owned());
        let also = spool.bury(again, &reason);
        Box::pin(self.ways.store(move || log.bury(message.clone(), &reason), also))
    }
}
