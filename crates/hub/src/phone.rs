//! The way to the phone and back: requests and codes that go out, callbacks and answers that come in and decide.

pub(crate) mod ask;
pub(crate) mod consume;
pub(crate) mod follow;
pub mod sending;
mod until;
