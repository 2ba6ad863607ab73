//! Whose word is believed about a request: which origins are our own, and which proxies name the client.

mod forwarded;
pub(crate) mod origin;
pub(crate) mod proxies;
