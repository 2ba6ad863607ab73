//! A line between processes that can be cut, held and mended: to one of several ports, whichever answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Whole,
    /// Nobody gets through, and who was through is cut off.
    Cut,
    /// What is asked gets through, and no answer comes back.
    Mute,
}

/// A proxy; ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    line: Arc<watch::Sender<Line>>,
    _accepting: JoinSet<()>,
}

impl Proxy {
    /// Passes every connection on to one of `targets` in turn, or to the next one that answers.
    pub(crate) async fn to(targets: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(watch::Sender::new(Line::Whole));
        let (targets, turn) = (targets.to_vec(), AtomicUsize::new(0));
        let mut accepting = JoinSet::new();
        let lines = Arc::clone(&line);
        accepting.spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let first = turn.fetch_add(1, Ordering::Relaxed);
                let targets: Vec<_> = (0..targets.len()).map(|at| targets[(first + at) % targets.len()]).collect();
                passing.spawn(pass(near, targets, lines.subscribe()));
                while passing.try_join_next().is_some() {}
            }
        });
        Self { port, line, _accepting: accepting }
    }

    pub(crate) fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    pub(crate) fn mute(&self) {
        self.line.send_replace(Line::Mute);
    }

    pub(crate) fn mend(&self) {
        self.line.send_replace(Line::Whole);
    }
}

async fn pass(near: TcpStream, targets: Vec<u16>, line: watch::Receiver<Line>) {
    if *line.borrow() == Line::Cut {
        return;
    }
    let Some(far) = reach(&targets).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let (mut cut, there, back) =
        (line.clone(), copy(near_read, far_write, None), copy(far_read, near_write, Some(line)));
    tokio::select! {
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
        () = there => {}
        () = back => {}
    }
}

async fn reach(targets: &[u16]) -> Option<TcpStream> {
    for target in targets {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", *target)).await {
            return Some(stream);
        }
    }
    None
}

/// Copies to the end; nothing while the line is mute, where that matters.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut line: Option<watch::Receiver<Line>>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if let Some(line) = &mut line {
            let _ = line.wait_for(|line| *line != Line::Mute).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
