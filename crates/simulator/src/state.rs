//! Everything the simulator remembers. Pure data: knows no file, no lock, no HTTP.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use approval::Entropy;

use crate::{number::PhoneNumber, phone::Phone};

/// The application at the provider, its users and their phones.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) app: App,
    pub(crate) callback: CallbackHealth,
    /// In the order in which the provider heard of them.
    pub(crate) phones: Vec<Phone>,
    #[serde(default)]
    pub(crate) webhooks: Vec<Webhook>,
}

/// What the application wants to be told of, and where.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) signing_key: String,
    pub(crate) events: Vec<String>,
}

/// The provider's names for the application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct App {
    /// 24 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) serial: u32,
}

/// How the callback URL has been doing.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct CallbackHealth {
    pub(crate) consecutive_errors: u32,
    pub(crate) disabled: bool,
}

impl State {
    pub(crate) fn new(entropy: &Entropy) -> Self {
        let id = format!("{:.24}", Uuid::from_bytes(entropy.bytes()).simple().to_string());
        let serial = 10_000 + u32::from(u16::from_be_bytes(entropy.bytes()));
        let (callback, phones, webhooks) = (CallbackHealth::default(), Vec::new(), Vec::new());
        Self { app: App { id, serial }, callback, phones, webhooks }
    }

    pub(crate) fn phone(&mut self, authy_id: u32) -> Option<&mut Phone> {
        self.phones.iter_mut().find(|phone| phone.authy_id == authy_id)
    }

    /// The phone that was asked with `uuid`.
    pub(crate) fn phone_asked(&mut self, uuid: Uuid) -> Option<&mut Phone> {
        self.phones.iter_mut().find(|phone| phone.requests.iter().any(|request| request.uuid == uuid))
    }

    /// The phone with this number, if there is one.
    pub(crate) fn phone_with(&mut self, number: &PhoneNumber) -> Option<&mut Phone> {
        self.phones.iter_mut().find(|phone| phone.number == *number)
    }

    /// The phone with this number, made when there is none yet.
    pub(crate) fn phone_of(&mut self, number: &PhoneNumber, now: OffsetDateTime, entropy: &Entropy) -> &mut Phone {
        let known = self.phones.iter().position(|phone| phone.number == *number);
        let index = known.unwrap_or_else(|| {
            let mut authy_id = number.authy_id();
            while self.phones.iter().any(|phone| phone.authy_id == authy_id) {
                authy_id += 1;
            }
            self.phones.push(Phone::new(number.clone(), authy_id, now, entropy));
            self.phones.len() - 1
        });
        &mut self.phones[index]
    }
}

impl CallbackHealth {
    /// Consecutive errors after which the provider stops calling.
    pub(crate) const LIMIT: u32 = 3;

    /// Counts the answer to one callback.
    pub(crate) fn count(&mut self, success: bool) {
        self.consecutive_errors = if success { 0 } else { self.consecutive_errors + 1 };
        self.disabled |= self.consecutive_errors >= Self::LIMIT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_errors_in_a_row_disable_the_callback_and_a_success_between_starts_over() {
        let mut health = CallbackHealth::default();
        for success in [false, false, true, false, false] {
            health.count(success);
            assert!(!health.disabled);
        }
        health.count(false);
        assert!(health.disabled);
        health.count(true);
        assert!(health.disabled, "only a person enables it again");
    }
}
