//! The database under test, each test with a file of its own and a clock that stands until it is moved.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod checkpoints;
mod clock;
mod codes;
mod completing;
mod deciding;
mod emails;
mod factors;
mod faults;
mod given;
mod guesses;
mod invitations;
mod limits;
mod outbox;
mod passwords;
mod plans;
mod questions;
mod session_caps;
mod sessions;
mod shares;
mod sign_up_phones;
mod signing_up;
mod sweeping;
mod transactions;
