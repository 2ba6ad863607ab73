//! A body with a deadline for all of it: a pause may be short and the next one as well, for ever.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::time::{Sleep, sleep};

/// What a peer sends, as long as it sends all of it in time.
#[derive(Debug)]
pub(super) struct Hasty {
    body: Incoming,
    deadline: Pin<Box<Sleep>>,
}

/// Why a body broke off.
#[derive(Debug, Error)]
pub(super) enum Broken {
    /// The peer took too long.
    #[error("the body did not come in time")]
    Late,
    /// The peer is gone, or sent no HTTP.
    #[error("the body could not be read")]
    Unreadable(#[from] hyper::Error),
}

impl Hasty {
    /// The body, if it ends within `limit` from now.
    pub(super) fn within(limit: Duration, body: Incoming) -> Self {
        Self { body, deadline: Box::pin(sleep(limit)) }
    }
}

impl Body for Hasty {
    type Data = <Incoming as Body>::Data;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Broken>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Broken::from)));
        }
        ready!(self.deadline.as_mut().poll(context));
        Poll::Ready(Some(Err(Broken::Late)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
