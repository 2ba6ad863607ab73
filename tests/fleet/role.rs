//! One process of the fleet, which can be killed, stopped and started again at the same address.

use std::path::PathBuf;

use crate::process::{Ended, Process};

/// A receiver or a hub.
pub(crate) struct Role {
    name: &'static str,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    process: Option<Process>,
}

impl Role {
    /// Starts `countersign NAME` in `folder` with these variables.
    pub(crate) async fn start(name: &'static str, folder: PathBuf, variables: Vec<(String, String)>) -> Self {
        let mut role = Self { name, folder, variables, process: None };
        role.again().await;
        role
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
        self.process = Some(Process::start(&self.folder, &[self.name], &variables));
    }

    /// Starts it again; whether it serves. It may have given up on NATS in time.
    pub(crate) async fn comes_up(&mut self) -> bool {
        self.begin();
        self.process.as_mut().expect("it was begun").says_where().await
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
