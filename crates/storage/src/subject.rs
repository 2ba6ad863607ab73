//! Whose attempts are counted together: every subject there is, by name. What strangers do who have no account counts
//! apart from what owners do.

use std::fmt::Display;

use approval::{ProviderUserId, UserId};

/// What attempts are counted by. One subject stands for itself with each kind of attempt.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject(String);

impl Subject {
    /// One account.
    #[must_use]
    pub fn account(user: UserId) -> Self {
        Self(format!("account:{user}"))
    }

    /// The account of one address, whether there is one or not, for whoever comes from elsewhere than its owner.
    #[must_use]
    pub fn address(email: &str) -> Self {
        Self(format!("account:{email}"))
    }

    /// The same for whoever comes from one network.
    #[must_use]
    pub fn address_from(email: &str, network: &str) -> Self {
        Self(format!("pair:{network} {email}"))
    }

    /// The note that a guess at this address was refused, which is made once in a while.
    pub(crate) fn noted(email: &str) -> Self {
        Self(format!("noted:{email}"))
    }

    /// Everybody in one network.
    #[must_use]
    pub fn network(network: &str) -> Self {
        Self(format!("network:{network}"))
    }

    /// New passwords that were tried from one network, or for one account.
    #[must_use]
    pub fn new_password(of: impl Display) -> Self {
        Self(format!("new-password:{of}"))
    }

    /// Sign-ins to one account from one network.
    #[must_use]
    pub fn sign_in(user: UserId, network: &str) -> Self {
        Self(format!("sign-in:{network} {user}"))
    }

    /// One phone, or whoever signs up with it.
    #[must_use]
    pub fn phone(provider_user: &ProviderUserId, sign_up: bool) -> Self {
        Self(format!("{}{}", prefix(sign_up), provider_user.as_str()))
    }

    /// The phones of one country, by its calling code, or whoever signs up with one.
    #[must_use]
    pub fn country(calling_code: u16, sign_up: bool) -> Self {
        Self(format!("{}country:{calling_code}", prefix(sign_up)))
    }

    /// All sign-ups together.
    #[must_use]
    pub fn all_sign_ups() -> Self {
        Self("sign-up:all".to_owned())
    }

    /// One block's part of a shared limit.
    #[must_use]
    pub fn share(of: &Self, block: &str) -> Self {
        Self(format!("share:{} {block}", of.0))
    }

    /// The error log about a used-up limit, which has a limit itself.
    #[must_use]
    pub fn alarm(of: &Self) -> Self {
        Self(format!("alarm:{}", of.0))
    }

    /// Whoever shows this proof for one session or one transaction.
    #[must_use]
    pub fn turn(of: impl Display, proof: &str) -> Self {
        Self(format!("{of}:{proof}"))
    }

    /// The text to store.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

const fn prefix(sign_up: bool) -> &'static str {
    if sign_up { "sign-up:" } else { "" }
}
