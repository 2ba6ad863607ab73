//! What must hold whatever a stranger sends: one check for each thing that reads it, for any bytes. They know no fuzzer;
//! `short.rs` runs them as an ordinary test, `targets/` for hours.

mod callback;
mod code;
mod config;
mod event;
mod forwarded;
mod json;
mod origin;
mod query;
mod redirect;
mod second;
mod signature;
mod signed;

/// Panics where something does not hold.
pub(crate) type Check = fn(&[u8]);

/// All checks, by the names of their seeds and targets.
pub(crate) const ALL: [(&str, Check); 9] = [
    ("callback", callback::check),
    ("code", code::check),
    ("config", config::check),
    ("event", event::check),
    ("forwarded", forwarded::check),
    ("origin", origin::check),
    ("query", query::check),
    ("redirect", redirect::check),
    ("signature", signature::check),
];

/// The check of this name.
pub(crate) fn named(name: &str) -> Check {
    ALL.iter().find(|(one, _)| *one == name).expect("a check of this name").1
}
