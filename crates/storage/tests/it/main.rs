//! The database under test, each test with a file of its own and a clock that stands until it is moved.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod codes;
mod completing;
mod deciding;
mod emails;
mod factors;
mod faults;
mod given;
mod guesses;
mod limits;
mod outbox;
mod passwords;
mod plans;
mod questions;
mod sessions;
mod signing_up;
mod sweeping;
mod transactions;
