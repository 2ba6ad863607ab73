//! Callback in, event out: takes the provider's callback, checks its signature, and hands it to the event log before
//! it answers. Knows nothing of approvals, browsers, hub or database.
//!
//! The provider disables a callback URL after three error answers in a row. So whatever is signed is answered 200,
//! unless no log takes it.

mod address;
mod answer;
mod openapi;
mod pool;
mod raw;
mod receiver;
mod route;
mod schemas;

pub use openapi::document;
pub use receiver::Receiver;
pub use route::router;
