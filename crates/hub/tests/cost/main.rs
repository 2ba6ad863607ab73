//! Invariant 11: whatever a client without a confirmed session sends costs the threads that serve sockets and callbacks
//! at most 300 µs of CPU. Each entry of `docs/unauthenticated.md` that a hub serves has its dearest inputs here;
//! `cargo test --release -p hub --test cost -- --nocapture` prints what each costs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod addresses;
mod cpu;
mod fields;
mod heads;
mod hub;
mod inputs;
mod pending;
mod provider;
