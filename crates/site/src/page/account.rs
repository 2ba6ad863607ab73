//! `/account`: transactions, who you are, where you are signed in, recent sign-ins.

use approval::{ApprovalId, Secret};
use askama::Template;
use hub::NoticeKind;

use super::{Devices, Listed, Moment, Shell, Transfer};

/// The account of the person who is in.
#[derive(Template)]
#[template(path = "account.html")]
pub(crate) struct Account {
    /// The frame.
    pub(crate) shell: Shell,
    /// The person's name.
    pub(crate) full_name: String,
    /// Their email address.
    pub(crate) email: String,
    /// Their phone number, for themselves to read.
    pub(crate) phone: Secret,
    /// What the person should know, newest first.
    pub(crate) notices: Vec<Noted>,
    /// Where they are signed in, and their password.
    pub(crate) devices: Devices,
    /// The form for a transaction.
    pub(crate) transfer: Transfer,
    /// Transactions, newest first.
    pub(crate) transactions: Vec<Listed>,
    /// Whether these are the newest.
    pub(crate) newest: bool,
    /// The one that older ones come after, where there are any.
    pub(crate) older: Option<ApprovalId>,
    /// Recent sign-ins, newest first.
    pub(crate) recent: Vec<SignedIn>,
}

/// What the person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Noted {
    /// Its number, for dismissing it.
    pub(crate) id: i64,
    /// What it is about; the words stand in the template.
    pub(crate) kind: NoticeKind,
    /// When it happened.
    pub(crate) at: Moment,
    /// When it was over.
    pub(crate) ended: Option<Moment>,
    /// The browser of the sign-in.
    pub(crate) browser: String,
    /// From where that was.
    pub(crate) place: String,
}

/// One sign-in that was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SignedIn {
    /// When.
    pub(crate) at: Moment,
    /// With which browser, as in `Firefox on Linux`.
    pub(crate) browser: String,
    /// From where.
    pub(crate) place: String,
    /// By what proof, as in `Approved on the phone`.
    pub(crate) how: &'static str,
}
