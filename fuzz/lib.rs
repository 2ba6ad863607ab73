//! The checks for whoever runs them for hours. The configuration is part of the executable and of no library, so its
//! source is built in.

mod checks;

#[path = "../crates/app/src"]
mod app {
    #[expect(dead_code, reason = "the executable uses more of it")]
    pub(crate) mod config;
    #[expect(dead_code, reason = "the executable uses more of it")]
    pub(crate) mod database;
}
use app::{config, database};

/// Runs the check of this name.
pub fn check(name: &str, bytes: &[u8]) {
    checks::named(name)(bytes);
}
