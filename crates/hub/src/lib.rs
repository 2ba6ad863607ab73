//! The hub: sign-up, sign-in, waiting browsers, deciding. Its steps are the same for pages, programs and tests.
//!
//! Knows storage, provider and broker; never the receiver, HTTP or a page. What it sends to a browser is in the database
//! first.

pub mod caller;
pub mod client;
mod clock_watch;
mod condition;
mod hub;
pub mod live;
mod metrics;
mod network;
mod password;
pub mod person;
pub mod phone;
pub mod places;
mod refusal;
mod registry;
mod settings;
mod start;
pub mod steps;
pub mod text;
mod throttle;
mod token;
mod upkeep;
mod visitor;
mod wal_watch;
pub mod wanted;

pub use condition::Condition;
pub use hub::Hub;
pub use network::Network;
pub use password::{ArgonError, HASH_MEMORY, HashError, NewPassword};
pub use refusal::Refusal;
pub use registry::seats::Seat;
pub use settings::{HashLimits, INVITATION, Limits, RESET_LINK, SeatLimits, Settings, SignUpMode};
pub use start::{Parts, StartError, start};
pub use steps::addresses::settle_emails;
pub use steps::invitations::{InvitationLink, Invited, invite};
pub use steps::new_password::{ResetLink, reset_link};
/// Rows and limits that are shown to people as they are stored.
pub use storage::{
    CallWait, ConfirmedBy, LISTED_SESSIONS, LimitName, Limited, LiveSession, Notice, NoticeKind, Push, Session, SignIn,
    Withheld,
};
pub use text::normal::has_hidden;
pub use token::{LinkToken, Token};
pub use visitor::Visitor;
