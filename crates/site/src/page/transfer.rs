//! The transactions on the account page: the form for a new one, and what became of the others.

use approval::{Approval, ApprovalId, Shown, Status};

use super::{Field, Moment};

/// The form, empty or after an error.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Transfer {
    /// The id that its approval will have, so that the form sent twice asks once.
    pub(crate) id: ApprovalId,
    /// What is to be approved.
    pub(crate) message: Field,
    /// Label and value.
    pub(crate) rows: Vec<(String, String)>,
    /// What is wrong with one of them.
    pub(crate) details_error: Option<String>,
    /// The address of a picture.
    pub(crate) logo: Field,
    /// What is wrong with the whole rather than with one field.
    pub(crate) error: Option<String>,
}

/// One transaction of the past, or one that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its id.
    pub(crate) id: ApprovalId,
    /// What was to be approved.
    pub(crate) message: String,
    /// The details in one line, as in `Amount: 1,000,000 · Currency: Galleons`.
    pub(crate) details: String,
    /// When it was asked for.
    pub(crate) at: Moment,
    /// What became of it, as in `Approved`.
    pub(crate) outcome: &'static str,
}

impl Transfer {
    /// The names of details that the empty form has; a row that is left like this asks for nothing.
    pub(crate) const NAMES: [&'static str; 4] = ["From", "Amount", "Currency", ""];

    /// The empty form.
    pub(crate) fn empty(id: ApprovalId) -> Self {
        let rows = Self::NAMES.map(|label| (label.to_owned(), String::new())).to_vec();
        let (message, logo) = (Field::default(), Field::default());
        Self { id, message, rows, details_error: None, logo, error: None }
    }

    /// Whether there is anything to correct.
    pub(crate) fn is_refused(&self) -> bool {
        let errors = [&self.error, &self.message.error, &self.details_error, &self.logo.error];
        errors.iter().any(|error| error.is_some())
    }
}

impl From<&Approval> for Listed {
    fn from(approval: &Approval) -> Self {
        let details = approval.shown.details().iter().filter(|(label, _)| *label != Shown::NUMBER);
        Self {
            id: approval.id,
            message: approval.shown.message().to_owned(),
            details: details.map(|(label, value)| format!("{label}: {value}")).collect::<Vec<_>>().join(" · "),
            at: Moment(approval.created_at),
            outcome: match approval.status {
                Status::Pending => "Waiting for your answer",
                Status::Approved => "Approved",
                _ if approval.replaced_by.is_some() => "Sent again",
                Status::Denied => "Denied",
                Status::Expired => "No answer came",
                Status::Cancelled => "Cancelled",
            },
        }
    }
}
