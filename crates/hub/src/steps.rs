//! What people do, one step a file: the same for a page and for a program. Knows no address and no page.

pub mod account;
pub(crate) mod addresses;
pub mod begin;
pub mod code_form;
pub mod codes;
pub mod complete;
pub(crate) mod draft;
pub mod endings;
pub(crate) mod guess;
pub mod invitations;
pub mod new_password;
pub mod proof;
pub mod transaction;
pub(crate) mod turn;
