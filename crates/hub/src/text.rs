//! Text that people type or paste: one module for each kind of it, all over one normalisation. Pages, JSON and the
//! command line read text through these modules alone. Knows no request and no storage.

pub(crate) mod address;
pub(crate) mod code;
pub(crate) mod label;
pub(crate) mod link;
pub(crate) mod name;
pub(crate) mod normal;
pub(crate) mod password;
pub(crate) mod phone;
