//! Receivers and hubs as processes of their own around a real nats-server, with everything done to them that happens to
//! processes, servers and lines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "chaos and rolling print what they came to")]

#[path = "../system/browser.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod browser;
#[path = "../system/fixture.rs"]
mod fixture;
#[path = "../system/nats.rs"]
mod nats;
#[path = "../system/port.rs"]
mod port;
#[path = "../system/process.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod process;
#[path = "../system/signed.rs"]
mod signed;

mod away;
mod blows;
mod chaos;
mod cluster;
mod consumer;
mod floods;
mod letters;
mod limits;
mod load;
mod nginx;
mod once;
mod proxy;
mod role;
mod rolling;
mod secrets;
mod sharing;
mod spool;
mod start;
mod steps;
mod stop;
mod upgrade;
mod world;
