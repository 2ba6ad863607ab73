//! `/`: what this is; sign in or up.

use askama::Template;

use super::Shell;

/// The first page.
#[derive(Debug, Template)]
#[template(path = "landing.html")]
pub(crate) struct Landing {
    /// The frame.
    pub(crate) shell: Shell,
}
