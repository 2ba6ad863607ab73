//! The simulator over HTTP, as clients, callbacks' receivers, programs and browsers see it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod callback;
mod harness;
mod pages;
mod programs;
mod restart;
mod slow;
mod strangers;
mod users;
mod verification;
mod webhooks;
