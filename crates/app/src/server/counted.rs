//! The stream of a connection, and the body of an answer. Both report to the connection and hold its slot; the stream
//! does so also after the connection became a socket. Counts received bytes, and refuses a request without free memory.
//! Ends an event stream when its client has gone. Knows no limits.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::StatusCode;
use hyper::body::{Frame, SizeHint};
use hyper::header::CONTENT_TYPE;
use rustix::net::{Shutdown, shutdown};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::line::OpenConnection;
use super::presence::{Sign, next_sign};
use super::refusal::LateRefusal;

/// A comment of an event stream, which clients ignore (HTML standard, 9.2.6).
const COMMENT: &[u8] = b":\n\n";

/// The stream of a connection.
#[derive(Debug)]
pub(super) struct Counted {
    line: Arc<OpenConnection>,
    /// Set once no memory was free for a request.
    refusal: Option<LateRefusal>,
}

impl Counted {
    pub(super) const fn new(line: Arc<OpenConnection>) -> Self {
        Self { line, refusal: None }
    }

    /// Reads received bytes, and counts them. `false` if no memory is free for them.
    fn poll_receive(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let (before, stream) = (buffer.filled().len(), self.line.stream());
        loop {
            ready!(stream.poll_read_ready(context))?;
            match stream.try_read_buf(buffer) {
                Ok(read) => {
                    self.line.received(&buffer.filled()[before..]);
                    return Poll::Ready(Ok(self.line.slot().receive(read).is_ok()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn poll_try<T>(&self, context: &mut Context<'_>, attempt: impl Fn() -> io::Result<T>) -> Poll<io::Result<T>> {
        loop {
            ready!(self.line.stream().poll_write_ready(context))?;
            match attempt() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.refusal.is_none() && ready!(this.poll_receive(context, buffer))? {
            return Poll::Ready(Ok(()));
        }
        let stream = this.line.stream();
        let refusal = this.refusal.get_or_insert_with(|| LateRefusal::begin(stream, this.line.discards()));
        ready!(refusal.poll_end(stream, context));
        Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.line.wrote();
        self.poll_try(context, || self.line.stream().try_write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(shutdown(self.line.stream(), Shutdown::Write).map_err(io::Error::from))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.line.wrote();
        self.poll_try(context, || self.line.stream().try_write_vectored(buffers))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

/// Reports the end of the answer to its connection. A connection that becomes a socket stays in its request for ever.
pub(super) fn counted(answer: Response, line: &Arc<OpenConnection>) -> Response {
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        line.slot().carry_socket();
        return answer;
    }
    let is_stream =
        answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    let presence = is_stream.then(|| sign(line, false));
    let line = Arc::clone(line);
    answer.map(|body| Body::new(Answer { body, line, presence }))
}

/// The body of an answer.
struct Answer {
    body: Body,
    line: Arc<OpenConnection>,
    /// The next sign of the client of a stream.
    presence: Option<NextSign>,
}

type NextSign = Pin<Box<dyn Future<Output = Sign> + Send>>;

fn sign(line: &Arc<OpenConnection>, is_silent: bool) -> NextSign {
    let line = Arc::clone(line);
    Box::pin(async move { next_sign(&line, is_silent).await })
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let this = &mut *self;
        let Some(presence) = &mut this.presence else { return Poll::Pending };
        match ready!(presence.as_mut().poll(context)) {
            Sign::Gone => Poll::Ready(Some(Err(axum::Error::new(io::Error::from(io::ErrorKind::BrokenPipe))))),
            Sign::Silence => {
                *presence = sign(&this.line, true);
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(COMMENT)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.line.answered();
    }
}
