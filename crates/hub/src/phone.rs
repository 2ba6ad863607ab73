//! The way to the phone and back: requests and codes that go out, callbacks and answers that come in and decide.

pub(crate) mod ask;
pub(crate) mod consume;
pub(crate) mod event_flow;
pub(crate) mod follow;
pub(crate) mod followed;
pub(crate) mod repairs;
pub(crate) mod sending;
mod until;
