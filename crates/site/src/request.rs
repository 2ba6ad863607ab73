//! What a request says of itself: whose it is, where it comes from, what it brings. Read into types here, at the edge;
//! nothing is done about it.

pub(crate) mod body;
mod browser_name;
pub(crate) mod caller;
pub(crate) mod code;
pub(crate) mod confirmed;
pub(crate) mod cookie;
pub(crate) mod cookie_support;
pub(crate) mod country_code;
pub(crate) mod query;
mod visitor;
