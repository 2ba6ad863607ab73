//! The hub: sign-up, sign-in, waiting browsers, deciding. Pages for people, JSON for programs, sockets for pages that
//! wait.
//!
//! Knows storage, provider and broker; never the receiver. Whatever it tells a browser stands in the database first.

mod answer;
mod clock_watch;
mod condition;
mod hub;
mod live;
mod metrics;
mod page;
mod password;
mod person;
mod phone;
mod places;
mod request;
mod route;
mod settings;
mod start;
mod steps;
mod text;
mod throttle;
mod token;
mod upkeep;
mod wal_watch;
mod wanted;

pub use condition::Condition;
pub use password::{ArgonError, HASH_MEMORY, HashError};
pub use request::client::{WaitMark, Waiting};
pub use request::network::Network;
pub use request::origin::{Origins, is_loopback};
pub use request::proxies::{ForwardedHeader, Proxies, TrustedProxies, Untold};
pub use settings::{HashLimits, INVITATION, Limits, RESET_LINK, SeatLimits, Settings, SignUpMode};
pub use start::{Parts, StartError, start};
pub use steps::addresses::settle_emails;
pub use steps::invitations::{InvitationLink, Invited, invite};
pub use steps::new_password::{ResetLink, reset_link};
pub use text::normal::has_hidden;
