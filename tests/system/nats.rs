//! A real nats-server with `JetStream`, on a free port and with a folder of its own. Ends when it is dropped.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::port::free_port;
use rustix::process::{Pid, Signal, kill_process};

/// The version that most tests run against; `./test` installs it and the others.
pub(crate) const NEWEST: &str = "2.15.1";
/// The oldest version that is supported.
pub(crate) const OLDEST: &str = "2.11.0";

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
    pub(crate) url: String,
}

impl Server {
    /// Starts a server of this version that keeps its streams in `folder`, with more `arguments`.
    pub(crate) fn start(version: &str, folder: &Path, arguments: &[&str]) -> Self {
        Self::start_at(free_port(), version, folder, arguments)
    }

    /// The same on this port.
    pub(crate) fn start_at(port: u16, version: &str, folder: &Path, arguments: &[&str]) -> Self {
        let store = folder.join("nats");
        fs::create_dir_all(&store).unwrap();
        let store = ["--jetstream", "--store_dir", store.to_str().unwrap()];
        Self::run(port, version, &[&store[..], arguments].concat())
    }

    /// A server that keeps nothing.
    pub(crate) fn start_plain(version: &str) -> Self {
        Self::start_without_jetstream_at(free_port(), version)
    }

    /// The same on this port.
    pub(crate) fn start_without_jetstream_at(port: u16, version: &str) -> Self {
        Self::run(port, version, &[])
    }

    /// A server as this file configures it, but for its port.
    pub(crate) fn start_configured(version: &str, file: &Path) -> Self {
        Self::run(free_port(), version, &["--config", file.to_str().unwrap()])
    }

    fn run(port: u16, version: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new(program(version))
            .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let ready = said.by_ref().any(|line| line.contains("Server is ready"));
        assert!(ready, "nats-server did not start");
        // Nobody may fill the pipe that the server writes to.
        std::thread::spawn(move || said.for_each(drop));
        Self { process, port, url: format!("nats://127.0.0.1:{port}") }
    }

    /// As a power cut does it.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.try_wait().unwrap().is_none() {
            // It may have been stopped.
            self.signal(Signal::CONT);
            self.signal(Signal::TERM);
            self.process.wait().unwrap();
        }
    }
}

/// Where `./test` puts the servers, unless the variable `NATS_SERVERS` names another folder.
pub(crate) fn program(version: &str) -> PathBuf {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/.tools/nats");
    let folder = std::env::var_os("NATS_SERVERS").map_or(tools, PathBuf::from);
    let program = folder.join(version).join("nats-server");
    assert!(program.exists(), "nats-server {version} is not in {}: run ./test once", folder.display());
    program
}
