//! Text that people type or paste: one module for each kind of it, all over one normalisation. Pages, JSON and the
//! command line read text through these modules alone. Knows no request and no storage.

pub(crate) mod normal;
pub(crate) mod phone;
