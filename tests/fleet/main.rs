//! Receivers and hubs as processes of their own around a real nats-server, with everything done to them that happens to
//! processes, servers and lines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "chaos prints its seed, and what it came to")]

#[path = "../system/browser.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod browser;
#[path = "../system/nats.rs"]
mod nats;
#[path = "../system/port.rs"]
mod port;
#[path = "../system/process.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod process;
#[path = "../system/signed.rs"]
mod signed;

mod blows;
mod chaos;
mod cluster;
mod consumer;
mod letters;
mod limits;
mod once;
mod proxy;
mod role;
mod secrets;
mod sharing;
mod spool;
mod start;
mod steps;
mod stop;
mod world;
