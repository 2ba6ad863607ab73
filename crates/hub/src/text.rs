//! Text that people type or paste: one module for each kind of it, all over one normalisation. Pages, JSON and the
//! command line read text through these modules alone. Knows no request and no storage.

pub mod address;
pub mod code;
pub(crate) mod label;
pub(crate) mod link;
pub mod name;
pub mod normal;
pub(crate) mod password;
pub mod phone;
