//! A line between processes that can be cut, held and mended: to one of several ports, whichever answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::process::PATIENCE;

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
    /// How many bytes were asked through it.
    asked: Arc<watch::Sender<usize>>,
    _accepting: JoinSet<()>,
}

impl Proxy {
    /// Passes every connection on to one of `targets` in turn, or to the next one that answers.
    pub(crate) async fn to(targets: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(watch::Sender::new(Line::Whole));
        let asked = Arc::new(watch::Sender::new(0));
        let (targets, turn) = (targets.to_vec(), AtomicUsize::new(0));
        let mut accepting = JoinSet::new();
        let (lines, count) = (Arc::clone(&line), Arc::clone(&asked));
        accepting.spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let first = turn.fetch_add(1, Ordering::Relaxed);
                let targets: Vec<_> = (0..targets.len()).map(|at| targets[(first + at) % targets.len()]).collect();
                passing.spawn(pass(near, targets, lines.subscribe(), Arc::clone(&count)));
                while passing.try_join_next().is_some() {}
            }
        });
        Self { port, line, asked, _accepting: accepting }
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

    /// Waits until more went through it, from now on, than those who only keep their line alive say: a callback, say.
    pub(crate) fn carries(&self) -> impl Future<Output = ()> + use<> {
        let (before, mut asked) = (*self.asked.borrow(), self.asked.subscribe());
        async move {
            let much = asked.wait_for(|asked| *asked > before + 500);
            timeout(PATIENCE, much).await.expect("it is asked in time").expect("the line is there");
        }
    }
}

async fn pass(near: TcpStream, targets: Vec<u16>, line: watch::Receiver<Line>, asked: Arc<watch::Sender<usize>>) {
    if *line.borrow() == Line::Cut {
        return;
    }
    let Some(far) = reach(&targets).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let mut cut = line.clone();
    let there = copy(near_read, far_write, None, Some(asked));
    let back = copy(far_read, near_write, Some(line), None);
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

/// Copies to the end; nothing while the line is mute, where that matters. Counts where that matters.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut line: Option<watch::Receiver<Line>>,
    count: Option<Arc<watch::Sender<usize>>>,
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if let Some(line) = &mut line {
            let _ = line.wait_for(|line| *line != Line::Mute).await;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
        if let Some(count) = &count {
            count.send_modify(|all| *all += read);
        }
    }
}
