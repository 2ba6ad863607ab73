//! The whole system, from outside: the executable as real processes, each with its own folder, ports and environment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod attacks;
mod bad_input;
#[expect(dead_code, reason = "shared with the tests of the fleet, which use more of it")]
mod browser;
mod callbacks;
mod circles;
mod client;
mod cookies;
mod cost;
mod crawl;
mod crossing;
mod demo;
mod described;
mod durability;
mod faults;
mod floods;
mod frames;
mod guessing;
mod headers;
mod invitations;
mod keys;
mod limits;
mod main_road;
mod manager;
mod metrics;
mod no_session;
mod once;
mod own_number;
mod passwords;
mod port;
#[expect(dead_code, reason = "shared with the tests of the fleet, which use more of it")]
mod process;
mod promised;
mod provider_trouble;
mod proxies;
mod pushes;
mod queues;
mod raw;
mod raw_http;
mod redirects;
mod seats;
mod secrets;
mod sessions;
mod sign_up;
mod signed;
mod silence;
mod sockets;
mod stand_in;
mod start;
mod steps;
mod stop;
mod streams;
mod structure;
mod transactions;
mod typed;
mod unauthenticated;
mod uses;
mod world;
