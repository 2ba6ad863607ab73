//! `/sign-up`: name, email, phone, password.

use askama::Template;

use super::{Field, Shell, country};
use hub::text::phone::PhoneNumber;

/// The form, empty or after an error.
#[derive(Template)]
#[template(path = "sign_up.html")]
pub(crate) struct SignUp {
    /// The frame.
    pub(crate) shell: Shell,
    /// The person's name.
    pub(crate) full_name: Field,
    /// Their email address.
    pub(crate) email: Field,
    /// The country's ISO 3166-1 code, or its calling code.
    pub(crate) country_code: Field,
    /// The phone number as it was typed.
    pub(crate) phone: Field,
    /// The possible numbers, if the typed one is ambiguous.
    pub(crate) meant: Vec<PhoneNumber>,
    /// The password; its value is never shown again.
    pub(crate) password: Field,
    /// True if the form has a field for an invitation.
    pub(crate) invited: bool,
    /// The token of the invitation; empty until it is pasted, or the script has read it.
    pub(crate) invitation: Field,
    /// What is wrong with the whole rather than with one field.
    pub(crate) error: Option<String>,
    /// True if it is filled with the values of a sign-up that has just ended.
    pub(crate) again: bool,
}

impl SignUp {
    /// The empty form.
    pub(crate) fn new(shell: Shell) -> Self {
        Self {
            shell,
            full_name: Field::default(),
            email: Field::default(),
            country_code: Field::default(),
            phone: Field::default(),
            meant: Vec::new(),
            password: Field::default(),
            invited: false,
            invitation: Field::default(),
            error: None,
            again: false,
        }
    }

    /// Whether there is anything to correct.
    pub(crate) fn is_refused(&self) -> bool {
        let fields = [&self.full_name, &self.email, &self.country_code, &self.phone, &self.password, &self.invitation];
        self.error.is_some() || fields.iter().any(|field| field.error.is_some())
    }
}
