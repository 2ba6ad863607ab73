//! The conformance suite on NATS JetStream, with the newest nats-server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conformance;
mod nats;
#[path = "../../../tests/system/port.rs"]
mod port;

use nats::Harness;
use nats::server::NEWEST as VERSION;
