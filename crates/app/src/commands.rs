//! The roles and the operator's commands, one file each. A role opens what it needs, starts serving, says where, and
//! answers what is left to do at its end; the process then lives until its lifecycle ends.

mod dead_letters;
mod demo;
mod hub;
mod keys;
mod migrate;
mod receiver;
mod serve;
mod simulator;
mod user;

pub(crate) use dead_letters::dead_letters;
pub(crate) use demo::demo;
pub(crate) use hub::hub;
pub(crate) use migrate::migrate;
pub(crate) use receiver::receiver;
pub(crate) use serve::serve;
pub(crate) use simulator::simulator;
pub(crate) use user::user;
