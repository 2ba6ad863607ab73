//! The roles, one file each: every one opens what it needs, starts serving, says where, and returns; the process then
//! lives until its lifecycle ends.

mod demo;
mod serve;
mod simulator;

pub(crate) use demo::demo;
pub(crate) use serve::serve;
pub(crate) use simulator::simulator;
