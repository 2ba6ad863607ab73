//! One process of the fleet, which can be killed, stopped and started again at the same address.

use std::path::PathBuf;

use crate::process::{Ended, Process};

/// A receiver or a hub.
pub(crate) struct Role {
    name: &'static str,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    /// Its limit of open files, if it has one of its own.
    files: Option<u32>,
    process: Option<Process>,
}

impl Role {
    /// Starts `countersign NAME` in `folder` with these variables, and perhaps a limit of open files.
    pub(crate) async fn start(
        name: &'static str,
        folder: PathBuf,
        variables: Vec<(String, String)>,
        files: Option<u32>,
    ) -> Self {
        let mut role = Self { name, folder, variables, files, process: None };
        role.again().await;
        role
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        let port = self.variables.iter().rev().find(|(name, _)| name == "PORT");
        port.and_then(|(_, port)| port.parse().ok()).expect("each has a port of its own")
    }

    /// Starts it again, after whatever ended it.
    pub(crate) async fn again(&mut self) {
        self.begin();
        self.serves().await;
    }

    /// Waits until it serves, once it was begun.
    pub(crate) async fn serves(&mut self) {
        self.process.as_mut().expect("it runs").url().await;
    }

    /// Starts it again without waiting until it serves.
    pub(crate) fn begin(&mut self) {
        let variables: Vec<_> = self.variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        self.process = Some(match self.files {
            Some(files) => Process::start_limited(files, &self.folder, &[self.name], &variables),
            None => Process::start(&self.folder, &[self.name], &variables),
        });
    }

    /// As a power cut does it.
    pub(crate) async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await;
        }
    }

    /// Stops it where it stands.
    pub(crate) async fn halt(&self) {
        self.process.as_ref().expect("it runs").halt().await;
    }

    /// Sends the signal of this name.
    pub(crate) async fn signal(&self, name: &str) {
        self.process.as_ref().expect("it runs").signal(name).await;
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(&mut self) -> Ended {
        self.signal("TERM").await;
        self.ended().await
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> Ended {
        self.process.take().unwrap().ended().await
    }

    /// Waits until it logs a line with these words.
    pub(crate) async fn logs(&mut self, words: &str) {
        let process = self.process.as_mut().expect("it runs");
        while !process.error_line().await.contains(words) {}
    }
}
