//! `/password` and `/reset`: a new password, by the old one or by a link.

use approval::Secret;
use askama::Template;

use super::{Field, Shell};

/// The form for whoever is in, empty or after an error.
#[derive(Template)]
#[template(path = "password.html")]
pub(crate) struct Password {
    /// The frame.
    pub(crate) shell: Shell,
    /// The account's address, so that a password manager knows whose password this is.
    pub(crate) email: String,
    /// Whether a new one is wanted before anything else.
    pub(crate) doubted: bool,
    /// The old password; its value is never shown.
    pub(crate) old: Field,
    /// The new one; its value is never shown.
    pub(crate) new: Field,
    /// What is wrong with the whole rather than with one field.
    pub(crate) error: Option<String>,
}

/// The form for whoever has a link, empty or after an error.
#[derive(Template)]
#[template(path = "reset.html")]
pub(crate) struct Reset {
    /// The frame.
    pub(crate) shell: Shell,
    /// What stands behind `#` in the link; empty until it is pasted, or the script has read it.
    pub(crate) token: Secret,
    /// The new password; its value is never shown.
    pub(crate) new: Field,
    /// What is wrong with the link.
    pub(crate) error: Option<String>,
}

/// The new password counts.
#[derive(Template)]
#[template(path = "reset_done.html")]
pub(crate) struct ResetDone {
    /// The frame.
    pub(crate) shell: Shell,
}

impl Password {
    /// Whether there is anything to correct.
    pub(crate) fn is_refused(&self) -> bool {
        [&self.error, &self.old.error, &self.new.error].iter().any(|error| error.is_some())
    }
}

impl Reset {
    /// Whether there is anything to correct.
    pub(crate) fn is_refused(&self) -> bool {
        self.error.is_some() || self.new.error.is_some()
    }
}
