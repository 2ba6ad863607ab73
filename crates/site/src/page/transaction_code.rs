//! `/approvals/{id}/code`: the code that approves one transaction.

use approval::{Approval, Channel, Shown};
use askama::Template;

use super::Shell;

/// The form, with what it approves.
#[derive(Debug, Template)]
#[template(path = "transaction_code.html")]
pub(crate) struct TransactionCode {
    /// The frame.
    pub(crate) shell: Shell,
    /// What the code approves.
    pub(crate) approval: Approval,
    /// The phone, masked: only its last two digits, as in `"67"`.
    pub(crate) phone_ending: String,
    /// What is wrong with the code that was typed.
    pub(crate) error: Option<String>,
    /// What went wrong with its sending or checking.
    pub(crate) trouble: Option<String>,
}

impl TransactionCode {
    /// The labelled values, without the number: that is for the request in the app.
    fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.approval.shown.details().iter().filter(|(label, _)| *label != Shown::NUMBER)
    }

    /// Whether the phone has been asked, as far as we know.
    const fn may_be_tapped(&self) -> bool {
        self.approval.delivery.may_ring()
    }
}
