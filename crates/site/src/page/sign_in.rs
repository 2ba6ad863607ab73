//! `/sign-in`: email and password.

use askama::Template;

use super::Shell;

/// The form, empty or after an error.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    /// The frame.
    pub(crate) shell: Shell,
    /// The email address typed before; empty at first.
    pub(crate) email: String,
    /// What went wrong. One sentence for unknown email and wrong password alike.
    pub(crate) error: Option<String>,
    /// True if the person opened a page that needs a session.
    pub(crate) ended: bool,
}
