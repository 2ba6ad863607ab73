//! The provider's users: one per phone number.

use approval::ProviderUserId;
use serde::Serialize;

use crate::{Authy, ProviderError, answer::Answer, client::Repeat};

/// What the provider knows of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserStatus {
    /// The app is installed.
    pub registered: bool,
    /// A valid code was entered once.
    pub confirmed: bool,
    /// The provider has disabled the account.
    pub disabled: bool,
}

#[derive(Serialize)]
struct NewUser<'a> {
    user: Person<'a>,
    send_install_link_via_sms: bool,
}

#[derive(Serialize)]
struct Person<'a> {
    email: &'a str,
    cellphone: &'a str,
    country_code: u16,
}

impl Authy {
    /// Makes the phone known to the provider. The same phone gives the same id again.
    ///
    /// # Errors
    /// [`ProviderError::PhoneRefused`] and [`ProviderError::EmailRefused`], and those of any call.
    pub async fn register(&self, email: &str, country_code: u16, phone: &str) -> Result<ProviderUserId, ProviderError> {
        let user = Person { email, cellphone: phone, country_code };
        let request =
            self.post(&["protected", "json", "users", "new"]).json(&NewUser { user, send_install_link_via_sms: false });
        let answer = self.call(request, Repeat::Harmless).await?.ok()?;
        answer.id("/user/id")
    }

    /// Takes the user away from our application. Every account with this phone shares the id.
    ///
    /// # Errors
    /// [`ProviderError::UnknownUser`], and those of any call.
    pub async fn remove(&self, user: &ProviderUserId) -> Result<(), ProviderError> {
        let request = self.post(&["protected", "json", "users", user.as_str(), "remove"]);
        self.call(request, Repeat::Never).await?.ok().map(|_: Answer| ())
    }

    /// Asks what the provider knows of the user.
    ///
    /// # Errors
    /// [`ProviderError::UnknownUser`], and those of any call.
    pub async fn status(&self, user: &ProviderUserId) -> Result<UserStatus, ProviderError> {
        let request = self.get(&["protected", "json", "users", user.as_str(), "status"]);
        let answer = self.call(request, Repeat::Harmless).await?.ok()?;
        Ok(UserStatus {
            registered: answer.is_true("/status/registered"),
            confirmed: answer.is_true("/status/confirmed"),
            disabled: answer.is_true("/status/account_disabled"),
        })
    }
}
