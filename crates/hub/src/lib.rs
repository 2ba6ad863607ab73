//! The hub: sign-up, sign-in, waiting browsers, deciding. Pages for people, JSON for programs, sockets for pages that
//! wait.
//!
//! Knows storage, provider and broker; never the receiver. Whatever it tells a browser stands in the database first.

mod announce;
mod ask;
mod begin;
mod body;
mod caller;
mod codes;
mod complete;
mod consume;
mod draft;
mod endings;
mod feed;
mod follow;
mod forwarded;
mod hear;
mod hub;
mod manners;
mod network;
mod new_password;
mod origin;
mod page;
mod password;
mod person;
mod problem;
mod proof;
mod proxies;
mod refusals;
mod repairs;
mod route;
mod schemas;
mod seats;
mod settings;
mod socket;
mod start;
mod stream;
mod throttle;
mod token;
mod transaction;
mod turn;
mod view;
mod visitor;
mod waiters;
mod wanted;

pub use new_password::{ResetLink, reset_link};
pub use origin::{Origins, is_loopback};
pub use password::HashError;
pub use proxies::{ForwardedHeader, Proxies, TrustedProxies, Untold};
pub use seats::SeatLimits;
pub use settings::{Limits, Settings};
pub use start::{Parts, StartError, start};
