//! The hub: sign-up, sign-in, waiting browsers, deciding. Pages for people, JSON for programs, sockets for pages that
//! wait.
//!
//! Knows storage, provider and broker; never the receiver. Whatever it tells a browser stands in the database first.

mod announce;
mod ask;
mod begin;
mod body;
mod codes;
mod complete;
mod consume;
mod draft;
mod feed;
mod follow;
mod hear;
mod hub;
mod limits;
mod origin;
mod page;
mod password;
mod person;
mod problem;
mod proof;
mod refusals;
mod repairs;
mod route;
mod settings;
mod socket;
mod start;
mod stream;
mod token;
mod transaction;
mod turn;
mod view;
mod visitor;
mod waiters;

pub use origin::{Origins, is_loopback};
pub use password::HashError;
pub use settings::Settings;
pub use start::{Parts, StartError, start};
