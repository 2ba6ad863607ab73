//! The whole system, from outside: the executable as real processes, each with its own folder, ports and environment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attacks;
mod browser;
mod callbacks;
mod client;
mod crossing;
mod durability;
mod liar;
mod main_road;
mod process;
mod provider_trouble;
mod secrets;
mod signed;
mod silence;
mod sockets;
mod start;
mod steps;
mod stop;
mod streams;
mod structure;
mod transactions;
mod world;
