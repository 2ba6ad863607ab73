//! Rules of the hub, asked by its own functions in this process: no request, no page, no socket.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod announcing;
mod clock;
mod deaf;
mod hub;
