//! What a waiting browser hears over its WebSocket. Decides nothing.

pub(crate) mod manners;
pub(crate) mod socket;
