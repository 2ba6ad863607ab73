//! The site: pages for people, JSON for programs, sockets for pages that wait; cookies, origins and proxies.
//!
//! Knows the hub alone: what happens is decided there, and read there. Each refusal of the hub becomes a problem here.

mod answer;
mod live;
mod page;
mod request;
mod route;
mod settings;
mod site;
mod trust;

pub use route::router;
pub use settings::SiteSettings;
pub use trust::origin::{Origins, is_loopback};
pub use trust::proxies::{ForwardedHeader, Proxies, TrustedProxies, Untold};
