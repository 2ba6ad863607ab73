//! What people do, one step a file: the same for a page and for a program. Knows no address and no page.

pub(crate) mod addresses;
pub(crate) mod begin;
pub(crate) mod codes;
pub(crate) mod complete;
pub(crate) mod draft;
pub(crate) mod endings;
pub(crate) mod guess;
pub(crate) mod invitations;
pub(crate) mod new_password;
pub(crate) mod proof;
pub(crate) mod transaction;
pub(crate) mod turn;
