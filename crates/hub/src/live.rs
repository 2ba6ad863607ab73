//! The browsers that wait, and how they hear of what changed. Fed from rows; decides nothing.

pub(crate) mod announce;
pub(crate) mod feed;
pub(crate) mod hear;
pub(crate) mod manners;
pub(crate) mod seats;
pub(crate) mod socket;
pub(crate) mod waiters;
