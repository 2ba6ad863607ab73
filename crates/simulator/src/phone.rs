//! One person's phone, and what the provider knows of its owner.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use approval::{Entropy, Status};

use crate::{
    code::{Inbox, SentCode, Verdict},
    number::PhoneNumber,
    request::{Request, Wanted},
    totp::Authenticator,
};

/// A phone, and as a rule its registered user.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Phone {
    pub(crate) authy_id: u32,
    pub(crate) number: PhoneNumber,
    /// One number may be registered with several. None where it only got a code to verify it: that makes nobody a user.
    pub(crate) emails: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) registered_at: OffsetDateTime,
    /// The provider's id of the device.
    pub(crate) device: u32,
    /// Whether a valid code was typed once.
    pub(crate) confirmed: bool,
    /// How many codes the provider was asked about.
    #[serde(default)]
    pub(crate) checked: u64,
    pub(crate) switches: Switches,
    pub(crate) requests: Vec<Request>,
    pub(crate) sms: Vec<SentCode>,
    pub(crate) calls: Vec<SentCode>,
    /// The codes that were sent to the newest email.
    #[serde(default)]
    pub(crate) mail: Vec<SentCode>,
    pub(crate) authenticator: Authenticator,
}

/// How a phone behaves.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, and all combinations make sense")]
pub(crate) struct Switches {
    /// The authenticator app is installed; without it no approval request can be created, and none be answered.
    pub(crate) has_app: bool,
    /// Milliseconds between the tap and its callback.
    pub(crate) delay_ms: u32,
    /// Milliseconds between what the provider does for a call about this user and its answer.
    pub(crate) slow_ms: u32,
    /// Every callback is sent twice.
    pub(crate) duplicate: bool,
    /// No callback is sent.
    pub(crate) never_call_back: bool,
    /// The request's creation is answered only after its callback was sent.
    pub(crate) out_of_order: bool,
    /// Every call to the provider about this user answers 503.
    pub(crate) provider_down: bool,
}

/// Changes to [`Switches`]: what is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchesPatch {
    has_app: Option<bool>,
    delay_ms: Option<u32>,
    slow_ms: Option<u32>,
    duplicate: Option<bool>,
    never_call_back: Option<bool>,
    out_of_order: Option<bool>,
    provider_down: Option<bool>,
}

impl Phone {
    /// Codes and answered requests are forgotten after this time, so that a simulator may run for months.
    pub(crate) const MEMORY: Duration = Duration::days(7);

    /// A new phone; it has the app.
    pub(crate) fn new(number: PhoneNumber, authy_id: u32, now: OffsetDateTime, entropy: &Entropy) -> Self {
        Self {
            authy_id,
            number,
            emails: Vec::new(),
            registered_at: now,
            device: 1_000_000 + u32::from_be_bytes(entropy.bytes()) % 9_000_000,
            confirmed: false,
            checked: 0,
            switches: Switches::default(),
            requests: Vec::new(),
            sms: Vec::new(),
            calls: Vec::new(),
            mail: Vec::new(),
            authenticator: Authenticator::new(entropy.bytes()),
        }
    }

    /// Whether somebody is registered with it.
    pub(crate) const fn has_user(&self) -> bool {
        !self.emails.is_empty()
    }

    /// Remembers an email; the newest is the last.
    pub(crate) fn add_email(&mut self, email: String) {
        self.emails.retain(|known| *known != email);
        self.emails.push(email);
    }

    /// Puts a request on the phone.
    pub(crate) fn ask(&mut self, wanted: Wanted, now: OffsetDateTime, entropy: &Entropy) -> Uuid {
        self.requests
            .retain(|request| request.status(now) == Status::Pending || now < request.created_at + Self::MEMORY);
        let request = Request::new(wanted, now, entropy);
        let uuid = request.uuid;
        self.requests.push(request);
        uuid
    }

    pub(crate) fn request(&mut self, uuid: Uuid) -> Option<&mut Request> {
        self.requests.iter_mut().find(|request| request.uuid == uuid)
    }

    /// Takes in a code.
    pub(crate) fn receive(&mut self, inbox: Inbox, code: SentCode) {
        let codes = match inbox {
            Inbox::Sms => &mut self.sms,
            Inbox::Calls => &mut self.calls,
            Inbox::Mail => &mut self.mail,
        };
        codes.retain(|old| code.sent_at < old.sent_at + Self::MEMORY);
        codes.push(code);
    }

    /// The newest code that was sent to verify the number.
    pub(crate) fn verification(&mut self) -> Option<&mut SentCode> {
        let sent = self.sms.iter_mut().chain(&mut self.calls).filter(|sent| sent.verification.is_some());
        sent.max_by_key(|sent| sent.sent_at)
    }

    /// Checks a code that was typed: first those sent for this action, then, without an action, the authenticator's.
    pub(crate) fn check(&mut self, token: &str, action: Option<&str>, now: OffsetDateTime) -> Verdict {
        let sent = self
            .sms
            .iter_mut()
            .chain(&mut self.calls)
            .chain(&mut self.mail)
            .find(|sent| sent.is_for(token, action, now));
        let verdict = match sent {
            Some(sent) => sent.spend(),
            None if action.is_some() => Verdict::Invalid,
            None => self.authenticator.check(token, now),
        };
        self.confirmed |= verdict == Verdict::Valid;
        verdict
    }
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            has_app: true,
            delay_ms: 0,
            slow_ms: 0,
            duplicate: false,
            never_call_back: false,
            out_of_order: false,
            provider_down: false,
        }
    }
}

impl Switches {
    pub(crate) fn apply(&mut self, patch: &SwitchesPatch) {
        self.has_app = patch.has_app.unwrap_or(self.has_app);
        self.delay_ms = patch.delay_ms.unwrap_or(self.delay_ms);
        self.slow_ms = patch.slow_ms.unwrap_or(self.slow_ms);
        self.duplicate = patch.duplicate.unwrap_or(self.duplicate);
        self.never_call_back = patch.never_call_back.unwrap_or(self.never_call_back);
        self.out_of_order = patch.out_of_order.unwrap_or(self.out_of_order);
        self.provider_down = patch.provider_down.unwrap_or(self.provider_down);
    }
}
