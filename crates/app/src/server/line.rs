//! One open connection: its socket, how far its current request is, and how long it may be silent. Knows of HTTP only
//! the blank line that ends a head.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::net::{RecvFlags, recv};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::slots::{Phase, Slot};

/// While a client has sent more than was read, how often to check whether it has closed its half.
const LOOK: Duration = Duration::from_millis(200);

/// A connection. Shared by its stream, its requests and the task that watches its time.
#[derive(Debug)]
pub(super) struct OpenConnection {
    stream: TcpStream,
    slot: Slot,
    patience: Duration,
    keep_alive: Duration,
    state: Mutex<State>,
    /// True while written bytes may not be sent yet.
    unflushed: AtomicBool,
}

/// The stage of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No byte has come.
    Fresh,
    /// The head of a request has begun.
    Head,
    /// A request is being read or answered, or the connection became a socket.
    Request,
    /// The request was answered, and no byte has come since.
    Idle,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    since: Instant,
    /// The last bytes that came.
    tail: [u8; 3],
    /// True if the client has sent bytes after the request that is being answered.
    next_has_begun: bool,
    /// The body of the request is still coming, or is being discarded after an early answer.
    has_open_body: bool,
    /// True once the slot was notified that a head has begun.
    is_arriving: bool,
}

impl OpenConnection {
    pub(super) fn new(stream: TcpStream, slot: Slot, patience: Duration, keep_alive: Duration) -> Self {
        let state = State {
            stage: Stage::Fresh,
            since: Instant::now(),
            tail: [0; 3],
            has_open_body: false,
            next_has_begun: false,
            is_arriving: true,
        };
        Self { stream, slot, patience, keep_alive, state: Mutex::new(state), unflushed: AtomicBool::new(false) }
    }

    pub(super) const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) const fn slot(&self) -> &Slot {
        &self.slot
    }

    /// The stage, and since when.
    pub(super) fn stage(&self) -> (Stage, Instant) {
        let state = self.state();
        (state.stage, state.since)
    }

    /// Notes received bytes.
    pub(super) fn received(&self, bytes: &[u8]) {
        let mut state = self.state();
        for byte in &bytes[bytes.len().saturating_sub(3)..] {
            state.tail = [state.tail[1], state.tail[2], *byte];
        }
        if matches!(state.stage, Stage::Fresh | Stage::Idle) && !bytes.is_empty() && !state.has_open_body {
            state.enter(Stage::Head);
        }
    }

    /// True while bytes that come are discarded: a body whose request was answered before it had arrived.
    pub(super) fn discards(&self) -> bool {
        let state = self.state();
        state.has_open_body && state.stage == Stage::Idle
    }

    /// Notes that the body has arrived, or that no handler reads it any more.
    pub(super) fn body_arrived(&self) {
        if self.state().stage == Stage::Request {
            self.slot.enter(Phase::Serving);
        }
    }

    /// Notes that the body has ended: no more bytes of it are read.
    pub(super) fn body_ended(&self) {
        self.state().has_open_body = false;
    }

    /// Notes that the head of a request was read; `has_body` if a body follows.
    pub(super) fn request_began(&self, has_body: bool) {
        self.slot.enter(if has_body { Phase::Arriving } else { Phase::Serving });
        let mut state = self.state();
        state.next_has_begun = !has_body && !is_end_of_head(state.tail);
        state.is_arriving = false;
        state.has_open_body = has_body;
        state.enter(Stage::Request);
    }

    /// Notes that the answer has ended.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        let begun = std::mem::take(&mut state.next_has_begun);
        state.enter(if begun { Stage::Head } else { Stage::Idle });
        drop(state);
        self.slot.enter(Phase::Idle);
    }

    /// Notes that bytes were written.
    pub(super) fn wrote(&self) {
        self.unflushed.store(true, Ordering::Relaxed);
    }

    /// Notes that all written bytes were sent. The idle time before the next request begins here.
    pub(super) fn flushed(&self) {
        if self.unflushed.swap(false, Ordering::Relaxed) {
            let mut state = self.state();
            if state.stage == Stage::Idle {
                state.since = Instant::now();
            }
        }
    }

    /// When the connection is closed as silent; `None` while it is not the client's turn. Notifies the slot of a begun
    /// head here, once for each, because most heads arrive whole and need no notification.
    pub(super) fn silent_until(&self) -> Option<Instant> {
        let mut state = self.state();
        match state.stage {
            Stage::Head if !state.is_arriving => {
                state.is_arriving = true;
                self.slot.enter(Phase::Arriving);
                Some(state.since + self.patience)
            }
            Stage::Fresh | Stage::Head => Some(state.since + self.patience),
            Stage::Idle if !self.unflushed.load(Ordering::Relaxed) => Some(state.since + self.keep_alive),
            Stage::Request | Stage::Idle => None,
        }
    }

    /// True if received bytes were not read yet. Closing now would reset the connection.
    pub(super) fn has_unread(&self) -> bool {
        self.peek().is_ok_and(|bytes| bytes > 0)
    }

    /// Returns when the client has closed the connection, or only its half of it.
    pub(super) async fn sends_no_more(&self) {
        loop {
            let ready = self.stream.ready(Interest::READABLE).await;
            if !ready.is_ok_and(|ready| !ready.is_read_closed()) {
                return;
            }
            // The readiness may come from bytes that were read meanwhile; a peek that would block clears it.
            match self.stream.try_io(Interest::READABLE, || self.peek()) {
                Ok(1..) => sleep(LOOK).await,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Returns when the connection is broken: the client reset it, or had closed it when something was sent.
    pub(super) async fn broken(&self) {
        let _ = self.stream.ready(Interest::ERROR).await;
    }

    /// Writes all of `bytes`, unless an answer may be half written or the buffer is full. In those cases bytes are
    /// already under way, which reveal a client that has gone just as well.
    pub(super) fn try_write_between_answers(&self, bytes: &[u8]) -> io::Result<()> {
        if self.unflushed.load(Ordering::Relaxed) {
            return Ok(());
        }
        match self.stream.try_write(bytes) {
            Ok(written) if written < bytes.len() => Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            // The reset may be here already.
            Ok(_) | Err(_) => self.stream.take_error()?.map_or(Ok(()), Err),
        }
    }

    fn peek(&self) -> io::Result<usize> {
        let (bytes, _) = recv(&self.stream, &mut [0_u8; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT)?;
        Ok(bytes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing between lock and unlock panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.since = Instant::now();
    }
}

/// A line feed may stand without its carriage return (RFC 9112, 2.2).
fn is_end_of_head(tail: [u8; 3]) -> bool {
    tail == *b"\n\r\n" || tail[1..] == *b"\n\n"
}
