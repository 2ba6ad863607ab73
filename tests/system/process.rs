//! Starts the executable as a process of its own, reads what it says, and ends it with the test.

use std::fs;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// Longer than anything here may take, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running `countersign`; killed when dropped.
pub(crate) struct Process {
    child: Child,
    output: UnboundedReceiver<String>,
    errors: UnboundedReceiver<String>,
}

/// What is left of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it wrote to standard output and nobody has read yet.
    pub(crate) output: Vec<String>,
    /// What it wrote to standard error.
    pub(crate) errors: Vec<String>,
}

impl Process {
    /// Starts `countersign ARGUMENTS` in `folder`, with these variables and no other.
    pub(crate) fn start(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::run(Command::new(env!("CARGO_BIN_EXE_countersign")), folder, arguments, variables)
    }

    /// As `start`, with a limit of open files.
    pub(crate) fn start_limited(files: u32, folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("/bin/sh");
        let program = env!("CARGO_BIN_EXE_countersign");
        shell.args(["-c", r#"ulimit -n "$0" && exec "$@""#, &files.to_string(), program]);
        Self::run(shell, folder, arguments, variables)
    }

    /// As `start`, through `sh` with these arguments before the program.
    pub(crate) fn start_by(shell: &[String], folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(shell).arg(env!("CARGO_BIN_EXE_countersign"));
        Self::run(command, folder, arguments, variables)
    }

    fn run(mut program: Command, folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = program
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (output, errors) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, output, errors }
    }

    /// The number that the system knows it by.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the process has not ended")
    }

    /// The next line on standard output.
    pub(crate) async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.output.recv()).await.expect("the process says something in time");
        match line {
            Some(line) => line,
            None => panic!("the process said nothing: {:?}", rest(&mut self.errors).await),
        }
    }

    /// The next line on standard error.
    pub(crate) async fn error_line(&mut self) -> String {
        let line = timeout(PATIENCE, self.errors.recv()).await.expect("the process logs something in time");
        line.expect("the process has not ended")
    }

    /// Waits until the process serves; where it does, without a slash at the end.
    pub(crate) async fn url(&mut self) -> String {
        let line = self.line().await;
        let (_, url) = line.split_once(": listening on ").unwrap_or_else(|| panic!("{line:?} is no address"));
        url.to_owned()
    }

    /// Sends the signal of this name, such as `TERM` or `KILL`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.id();
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Halts the process where it stands, and waits until each of its threads does nothing more: a signal takes a
    /// moment, in which a thread may still finish what it is at.
    pub(crate) async fn halt(&self) {
        self.signal("STOP").await;
        let threads = format!("/proc/{}/task", self.child.id().expect("the process has not ended"));
        let halted = |thread: fs::DirEntry| {
            // The state stands behind the name, which is in brackets (proc_pid_stat(5)).
            let stat = fs::read_to_string(thread.path().join("stat"));
            stat.map_or(true, |stat| stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T')))
        };
        let all_halted = || fs::read_dir(&threads).map_or(true, |all| all.flatten().all(halted));
        while !all_halted() {
            tokio::task::yield_now().await;
        }
    }

    /// Ends the process as a power cut would, and waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for the process to end by itself.
    pub(crate) async fn ended(mut self) -> Ended {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the process ends in time").unwrap();
        Ended { status, output: rest(&mut self.output).await, errors: rest(&mut self.errors).await }
    }
}

/// Reads all along, so that the process never waits for somebody to listen.
fn lines(stream: impl AsyncRead + Send + Unpin + 'static) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let _ = sender.send(line);
        }
    });
    receiver
}

async fn rest(lines: &mut UnboundedReceiver<String>) -> Vec<String> {
    let mut rest = Vec::new();
    while let Some(line) = timeout(PATIENCE, lines.recv()).await.expect("the pipe is closed in time") {
        rest.push(line);
    }
    rest
}
