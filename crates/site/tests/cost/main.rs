//! Invariant 11: any input from a client without a confirmed session costs the threads that serve sockets and callbacks
//! at most 300 µs of CPU. Each hub entry of `docs/unauthenticated.md` has its most expensive inputs here.
//! `cargo test --release -p site --test cost -- --nocapture` prints what each costs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod addresses;
#[path = "../../../../tests/cost/cpu.rs"]
mod cpu;
mod fields;
mod heads;
mod hub;
mod inputs;
mod pending;
mod provider;
