//! What a program gets: an approval as JSON, what went wrong, and the description of both.

pub(crate) mod problem;
pub(crate) mod refusals;
pub(crate) mod schemas;
pub(crate) mod view;
pub(crate) mod words;
