//! A receiver's way to the event log of many processes: straight there, or, while that is away, slow or full, into a
//! spool of its own, which is emptied when the log is back. New messages never wait behind old ones.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use approval::{Lasting, told};
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{
    ConsumeError, Embedded, EventLog as _, Intake, JetStream, Message, Outcome, PublishError, Receipt, Received,
};

/// How many spooled messages are on their way to the log at once.
const DRAINERS: usize = 16;
/// How long a message that the log did not take stays in the spool before it is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// After this many messages in a row that the log did not take it counts as away: whoever calls back is not kept waiting
/// for it any more, and one spooled message after the other tries whether it is back.
const PATIENT: u32 = 3;
/// The log counts as taking messages again once it refused none for this long.
const PASSING_QUIET: Duration = Duration::from_secs(10);
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
    /// Dead letters that the log will never take. They stay in the spool's file, and do not count as spooled.
    kept: Arc<Kept>,
    troubles: Arc<Troubles>,
}

/// Lasting troubles, each logged once for all drainers and callers together.
#[derive(Debug)]
struct Troubles {
    reading: Lasting,
    settling: Lasting,
    /// The trouble that the log takes no messages.
    passing: Lasting,
}

/// Numbers of dead letters. Forgotten at each new connection, because the next server may take longer messages.
#[derive(Debug, Default)]
struct Kept(std::sync::Mutex<(u64, BTreeSet<u64>)>);

impl Kept {
    fn count(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.len() as u64
    }

    fn numbers(&self, generation: u64) -> MutexGuard<'_, (u64, BTreeSet<u64>)> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.0 != generation {
            *kept = (generation, BTreeSet::new());
        }
        kept
    }
}

impl Spooled {
    /// A way to `log` with `spool` beside it; the spool is emptied for as long as this lives.
    #[must_use]
    pub fn new(log: Arc<JetStream>, spool: Arc<Embedded>) -> Self {
        let (kept, troubles) = (Arc::default(), Arc::default());
        let ways = Ways { log, spool, refused: Arc::default(), trying: Arc::default(), kept, troubles };
        let mut drainers = JoinSet::new();
        for _ in 0..DRAINERS {
            let ways = ways.clone();
            drainers.spawn(async move { ways.drain().await });
        }
        let also = ways.clone();
        drainers.spawn(async move { also.drain_letters().await });
        Self { ways, drainers: Mutex::new(drainers) }
    }

    /// How many messages are in the spool and not in the log yet. Dead letters that are too long for the log do not
    /// count: they stay in the file until somebody reads them there.
    ///
    /// # Errors
    /// [`ConsumeError`] when the spool cannot be read.
    pub async fn spooled(&self) -> Result<u64, ConsumeError> {
        let (waiting, dead) = self.ways.spool.count().await?;
        let kept = self.ways.kept.count();
        Ok(waiting + dead.saturating_sub(kept))
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

impl Default for Troubles {
    fn default() -> Self {
        Self { reading: Lasting::default(), settling: Lasting::default(), passing: Lasting::new(PASSING_QUIET) }
    }
}

impl Ways {
    /// Hands one spooled message after another to the log.
    async fn drain(&self) {
        loop {
            self.log.usable().await;
            let received = match self.spool.next().await {
                Ok(received) => {
                    if self.troubles.reading.worked(Instant::now()).is_some() {
                        tracing::info!("the spool can be read again");
                    }
                    received
                }
                Err(ConsumeError::Closed) => return,
                Err(error) => {
                    let cause = told(&error);
                    if self.troubles.reading.failed(&cause, Instant::now()) {
                        tracing::error!(error = cause, "the spool cannot be read; trying again");
                    }
                    sleep(AGAIN).await;
                    continue;
                }
            };
            let turn = if self.takes() { None } else { Some(self.trying.lock().await) };
            let outcome = match self.noted(self.log.pass_on(&received).await) {
                Ok(_) => Outcome::Done,
                Err(PublishError::Refused(cause)) => self.park(&received, &told(&*cause)).await,
                Err(_) => Outcome::Retry(AGAIN),
            };
            drop(turn);
            let failed = matches!(outcome, Outcome::Retry(_));
            let settled = self.spool.settle(received, outcome).await;
            self.state_settled(settled.as_ref().err());
            // Of a log that is full, or a disk, nobody asks without a pause.
            if failed || settled.is_err() {
                sleep(AGAIN).await;
            }
        }
    }

    /// Makes a dead letter of a message that the log will never take: in the log if it fits there, else in the spool's
    /// file.
    async fn park(&self, received: &Received, cause: &str) -> Outcome {
        let reason = format!("NATS will never take it: {cause}");
        let (outcome, place) = match self.log.bury_received(received, &reason).await {
            Ok(_) => (Outcome::Done, "NATS"),
            Err(PublishError::Refused(_)) => {
                self.keep(received.seq.unsigned_abs());
                (Outcome::Park(reason.clone()), "the file of the spool")
            }
            Err(_) => return Outcome::Retry(AGAIN),
        };
        tracing::error!(message.id = received.id.as_str(), reason, place, "a callback is kept as a dead letter");
        outcome
    }

    fn keep(&self, number: u64) {
        self.kept.numbers(self.log.generation()).1.insert(number);
    }

    /// Hands the dead letters in the spool to the log's.
    async fn drain_letters(&self) {
        let trouble = Lasting::default();
        loop {
            self.log.usable().await;
            match self.pass_letters().await.map_err(|error| told(&error)) {
                Err(cause) if trouble.failed(&cause, Instant::now()) => {
                    tracing::warn!(error = cause, "dead letters stay in the spool");
                }
                Err(_) => {}
                Ok(()) => _ = trouble.worked(Instant::now()),
            }
            sleep(LETTERS).await;
        }
    }

    /// Logs when the spool begins to refuse the outcomes of its messages, and when that ends.
    fn state_settled(&self, error: Option<&ConsumeError>) {
        let settling = &self.troubles.settling;
        match error.map(|error| told(error)) {
            Some(cause) if settling.failed(&cause, Instant::now()) => {
                tracing::error!(error = cause, "the spool cannot be written; what it holds comes again");
            }
            None if settling.worked(Instant::now()).is_some() => tracing::info!("the spool can be written again"),
            _ => {}
        }
    }

    /// Logs that callbacks begin to go into the spool, and each new reason.
    fn state_spooling(&self, cause: &str) {
        if self.troubles.passing.failed(cause, Instant::now()) {
            tracing::warn!(error = cause, "NATS does not take callbacks; they go into the spool");
        }
    }

    async fn pass_letters(&self) -> Result<(), ConsumeError> {
        let (_, dead) = self.spool.count().await?;
        if dead == 0 {
            return Ok(());
        }
        for letter in self.spool.dead_letters().await? {
            if self.kept.numbers(self.log.generation()).1.contains(&letter.number) {
                continue;
            }
            match self.log.bury_letter(&letter).await {
                Ok(_) => _ = self.spool.drop_letter(letter.number).await?,
                Err(PublishError::Refused(_)) => self.keep(letter.number),
                Err(error) => return Err(ConsumeError::Unreadable(Arc::new(error))),
            }
        }
        Ok(())
    }

    /// Whether the log can be expected to take a message.
    fn takes(&self) -> bool {
        self.log.is_usable() && self.refused.load(Ordering::Relaxed) < PATIENT
    }

    /// Notes whether the log took a message.
    fn noted<T>(&self, stored: Result<T, PublishError>) -> Result<T, PublishError> {
        match stored {
            // The log answered, so it is not away.
            Ok(_) | Err(PublishError::Refused(_)) => {
                self.refused.store(0, Ordering::Relaxed);
                if self.troubles.passing.worked(Instant::now()).is_some() {
                    tracing::info!("NATS takes callbacks again");
                }
            }
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
                Err(error) => self.state_spooling(&told(&error)),
            }
        } else if !self.log.is_usable() {
            self.state_spooling("NATS cannot be used at the moment");
        }
        match spool.await {
            Err(_) if !expected && self.log.is_usable() => self.noted(log().await),
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
