//! A stand-in for the provider's API and for the phone: for development, the demo, tests and benches.
//!
//! Speaks the Authy API as far as clients use it, calls back as the provider does, and shows the phone as a page and
//! as JSON. Never knows receiver, hub or storage.

mod answer;
mod api;
mod callback;
mod code;
mod error;
mod guard;
mod number;
mod pages;
mod param;
mod phone;
mod programs;
mod request;
mod router;
mod settings;
mod simulator;
mod state;
mod store;
mod totp;

pub use error::OpenError;
pub use settings::Settings;
pub use simulator::Simulator;
