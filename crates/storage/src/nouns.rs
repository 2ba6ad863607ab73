//! The nouns of the database: each has the methods of its own rows. Their files say what these do.

use crate::Storage;

impl Storage {
    /// Active accounts: their addresses, passwords and reset links.
    #[must_use]
    pub const fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }

    /// Sign-ups: pending accounts, invitations, and the phones that they try.
    #[must_use]
    pub const fn sign_ups(&self) -> SignUps<'_> {
        SignUps(self)
    }

    /// Sessions: begun, confirmed, listed, ended.
    #[must_use]
    pub const fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// Approvals: read, delivered, decided, replaced, ended.
    #[must_use]
    pub const fn approvals(&self) -> Approvals<'_> {
        Approvals(self)
    }

    /// Approvals that open no session.
    #[must_use]
    pub const fn transactions(&self) -> Transactions<'_> {
        Transactions(self)
    }

    /// Typed codes: tried, refused, used up.
    #[must_use]
    pub const fn codes(&self) -> Codes<'_> {
        Codes(self)
    }

    /// Attempts that count against limits.
    #[must_use]
    pub const fn limits(&self) -> RateLimits<'_> {
        RateLimits(self)
    }

    /// Work that one of several processes does.
    #[must_use]
    pub const fn claims(&self) -> Claims<'_> {
        Claims(self)
    }

    /// Announcements that are not made yet.
    #[must_use]
    pub const fn outbox(&self) -> Outbox<'_> {
        Outbox(self)
    }

    /// What the owner of an account should know.
    #[must_use]
    pub const fn notices(&self) -> Notices<'_> {
        Notices(self)
    }

    /// The audit trail.
    #[must_use]
    pub const fn audit(&self) -> AuditTrail<'_> {
        AuditTrail(self)
    }

    /// Maintenance of the whole database.
    #[must_use]
    pub const fn maintenance(&self) -> Maintenance<'_> {
        Maintenance(self)
    }
}

/// See [`Storage::accounts`].
#[derive(Debug, Clone, Copy)]
pub struct Accounts<'a>(pub(crate) &'a Storage);

/// See [`Storage::sign_ups`].
#[derive(Debug, Clone, Copy)]
pub struct SignUps<'a>(pub(crate) &'a Storage);

/// See [`Storage::sessions`].
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a>(pub(crate) &'a Storage);

/// See [`Storage::approvals`].
#[derive(Debug, Clone, Copy)]
pub struct Approvals<'a>(pub(crate) &'a Storage);

/// See [`Storage::transactions`].
#[derive(Debug, Clone, Copy)]
pub struct Transactions<'a>(pub(crate) &'a Storage);

/// See [`Storage::codes`].
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a>(pub(crate) &'a Storage);

/// See [`Storage::limits`].
#[derive(Debug, Clone, Copy)]
pub struct RateLimits<'a>(pub(crate) &'a Storage);

/// See [`Storage::claims`].
#[derive(Debug, Clone, Copy)]
pub struct Claims<'a>(pub(crate) &'a Storage);

/// See [`Storage::outbox`].
#[derive(Debug, Clone, Copy)]
pub struct Outbox<'a>(pub(crate) &'a Storage);

/// See [`Storage::notices`].
#[derive(Debug, Clone, Copy)]
pub struct Notices<'a>(pub(crate) &'a Storage);

/// See [`Storage::audit`].
#[derive(Debug, Clone, Copy)]
pub struct AuditTrail<'a>(pub(crate) &'a Storage);

/// See [`Storage::maintenance`].
#[derive(Debug, Clone, Copy)]
pub struct Maintenance<'a>(pub(crate) &'a Storage);
