//! The body of a request, with one deadline for all of it and a limit on its pieces. A deadline for each pause would
//! let a client send for ever. A body that no handler reads is discarded, within limits: a client that is cut off while
//! it sends never reads the answer.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::EXPECT;
use hyper::{HeaderMap, Request};
use thiserror::Error;
use tokio::time::{Instant, Sleep, sleep, timeout_at};

use super::line::OpenConnection;

/// How much is passed over, in bytes.
const PASSED_OVER: u64 = 2 << 20;
/// The least that a discarded piece counts for, in bytes: a small one costs as much as a large one.
const PASSED_PIECE: u64 = 1024;
/// A piece of fewer bytes is small. Packets of slow lines are larger (RFC 9293, 3.7.1), but for the last of a body.
const SMALL_PIECE: usize = 512;
/// The most small pieces of a body. Each piece costs as much as a large one, so a body in chunks of one byte would cost
/// milliseconds before it is counted.
const MOST_SMALL_PIECES: u32 = 16;

/// What a peer sends, as long as it sends all of it in time.
#[derive(Debug)]
pub(super) struct Bounded {
    /// Gone once it was too late.
    body: Option<Incoming>,
    deadline: Pin<Box<Sleep>>,
    /// Small pieces received so far.
    small_pieces: u32,
    /// Whether the peer sends its body although nobody asked for it.
    unasked: bool,
    /// The connection, until the whole body has arrived.
    arriving: Option<Arriving>,
}

/// Why a body broke off.
#[derive(Debug, Error)]
pub(super) enum Broken {
    /// The peer took too long.
    #[error("the body did not come in time")]
    Late,
    /// The peer sent it in too many pieces.
    #[error("the body came in more than {} pieces of under {} bytes", MOST_SMALL_PIECES, SMALL_PIECE)]
    TooManyPieces,
    /// The peer is gone, or sent no HTTP.
    #[error("the body could not be read")]
    Unreadable(#[from] hyper::Error),
}

/// The request, with a body that ends within `limit` from now. Its connection counts as serving once the body has
/// arrived or is dropped.
pub(super) fn bounded(request: Request<Incoming>, limit: Duration, line: &Arc<OpenConnection>) -> Request<Bounded> {
    let unasked = !waits_to_be_asked(request.headers());
    request.map(|body| {
        let arriving = (!body.is_end_stream()).then(|| Arriving(Arc::clone(line)));
        Bounded { body: Some(body), deadline: Box::pin(sleep(limit)), small_pieces: 0, unasked, arriving }
    })
}

impl Bounded {
    /// Tells the connection, once, that the body has arrived or is dropped.
    fn arrived(&mut self) -> Option<Arriving> {
        let arriving = self.arriving.take()?;
        arriving.0.body_arrived();
        Some(arriving)
    }
}

/// The connection of a body that still comes. Tells it when no more of the body is read.
#[derive(Debug)]
struct Arriving(Arc<OpenConnection>);

impl Drop for Arriving {
    fn drop(&mut self) {
        self.0.body_ended();
    }
}

impl Body for Bounded {
    type Data = <Incoming as Body>::Data;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Broken>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(context) {
            if frame.is_none() || body.is_end_stream() {
                drop(self.arrived());
            }
            let is_small = |frame: &Frame<_>| frame.data_ref().is_some_and(|data: &Bytes| data.len() < SMALL_PIECE);
            if matches!(&frame, Some(Ok(frame)) if is_small(frame)) {
                self.small_pieces += 1;
            }
            if self.small_pieces > MOST_SMALL_PIECES {
                drop(self.arrived());
                self.body = None;
                return Poll::Ready(Some(Err(Broken::TooManyPieces)));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Broken::from)));
        }
        ready!(self.deadline.as_mut().poll(context));
        self.body = None;
        Poll::Ready(Some(Err(Broken::Late)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Bounded {
    fn drop(&mut self) {
        let arriving = self.arrived();
        if let Some(body) = self.body.take().filter(|body| self.unasked && !body.is_end_stream()) {
            tokio::spawn(pass_over(body, self.deadline.deadline(), arriving));
        }
    }
}

/// Such a peer has not sent its body yet, and learns from the answer that nobody wants it (RFC 9110, 10.1.1).
fn waits_to_be_asked(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT)
}

/// Reads and discards a body. Its connection takes the bytes for a body until this ends.
async fn pass_over(mut body: Incoming, until: Instant, _arriving: Option<Arriving>) {
    let mut left = PASSED_OVER;
    if body.size_hint().lower() > left {
        return;
    }
    let passing = async {
        while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let passed = frame.data_ref().map_or(0, |data| data.len() as u64).max(PASSED_PIECE);
            let Some(rest) = left.checked_sub(passed) else { return };
            left = rest;
        }
    };
    // Whatever is left then is hung up on.
    let _ = timeout_at(until, passing).await;
}
