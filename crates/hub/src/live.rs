//! The browsers that wait, and how they hear of what changed. Fed from rows; decides nothing.

pub(crate) mod announce;
pub mod feed;
pub(crate) mod hear;
pub mod poll;
