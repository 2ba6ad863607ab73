//! `/approvals/{id}`: one page for every state of an approval.
//! The words stand in `waiting.html` alone; the script only chooses among them, by the same names as here.

use approval::{Approval, Delivery, Purpose, Shown, Status};
use askama::Template;
use strum::IntoStaticStr;
use time::OffsetDateTime;

use super::{Shell, ShownPhone};

/// The page that waits for the tap and tells the outcome.
#[derive(Debug, Template)]
#[template(path = "waiting.html")]
pub(crate) struct Waiting {
    shell: Shell,
    approval: Approval,
    now: OffsetDateTime,
    state: State,
    /// Whether it is this session that asked: another one of the same person may only look.
    live: bool,
    /// The phone that got the request.
    phone: ShownPhone,
}

/// What the page can say. The script's `stateOf` has the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum State {
    /// Pending; the request is on its way to the provider.
    Sending,
    /// Pending; the phone has been asked.
    Sent,
    /// Pending; no app on the phone.
    NoApp,
    /// Pending; the provider could not be reached.
    Unavailable,
    /// Pending; whether the phone has been asked is not known.
    Unknown,
    /// The time is up and the provider is asked once more.
    Checking,
    /// Approved.
    Approved,
    /// Denied.
    Denied,
    /// Nobody answered in time.
    Expired,
    /// Taken back.
    Cancelled,
    /// Sent again: what counts is the new one.
    Replaced,
}

impl Waiting {
    /// The page of `approval` as it is at `now`; `live` if this session asked for it.
    pub(crate) fn new(shell: Shell, approval: Approval, now: OffsetDateTime, live: bool, phone: ShownPhone) -> Self {
        let state = State::of(&approval, now);
        Self { shell, approval, now, state, live, phone }
    }

    /// What is being approved, in labelled rows. The number is the ring's.
    fn rows(&self) -> Vec<(&str, &str)> {
        let details = self.approval.shown.details();
        let what = match self.approval.purpose {
            Purpose::SignUp => Some(("New account at", self.shell.product.as_str())),
            Purpose::SignIn => Some(("Sign in to", self.shell.product.as_str())),
            Purpose::Transaction => None,
        };
        let rest = details.iter().filter(|(label, _)| !matches!(*label, Shown::NUMBER | Shown::EMAIL));
        what.into_iter().chain(rest).collect()
    }

    fn is_transaction(&self) -> bool {
        self.approval.purpose == Purpose::Transaction
    }

    /// Where a code is typed that stands for the tap.
    fn code_path(&self) -> String {
        if self.is_transaction() { format!("/approvals/{}/code", self.approval.id) } else { "/code".to_owned() }
    }

    /// The time left, as in `1:26`; the script's `timeLeft` writes it alike.
    fn time_left(&self) -> String {
        let seconds = self.millis_left().div_ceil(1000);
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }

    /// How much of the ring is gone, in hundredths.
    fn ring_offset(&self) -> u64 {
        let whole = (self.approval.expires_at - self.approval.created_at).whole_milliseconds().max(1);
        100 - u64::try_from(100 * i128::from(self.millis_left()) / whole).unwrap_or_default().min(100)
    }

    fn millis_left(&self) -> u64 {
        u64::try_from((self.approval.expires_at - self.now).whole_milliseconds()).unwrap_or_default()
    }
}

/// Unix time in milliseconds, as the script counts it.
fn millis(at: &OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos() / 1_000_000
}

impl State {
    /// The name that the template and the script know it by.
    fn word(self) -> &'static str {
        self.into()
    }

    fn of(approval: &Approval, now: OffsetDateTime) -> Self {
        match approval.status {
            Status::Pending if now >= approval.expires_at => Self::Checking,
            Status::Pending => match approval.delivery {
                Delivery::Sending => Self::Sending,
                Delivery::Sent => Self::Sent,
                Delivery::NoApp => Self::NoApp,
                Delivery::Unavailable => Self::Unavailable,
                Delivery::Unknown => Self::Unknown,
            },
            Status::Approved => Self::Approved,
            _ if approval.replaced_by.is_some() => Self::Replaced,
            Status::Denied => Self::Denied,
            Status::Expired => Self::Expired,
            Status::Cancelled => Self::Cancelled,
        }
    }

    /// Whether this is one of `states`, names parted by spaces.
    fn is_in(self, states: &str) -> bool {
        states.split(' ').any(|word| word == self.word())
    }
}

#[cfg(test)]
mod tests {
    use approval::{Clock, Details, Draft, Entropy, Id, Logos};
    use time::{Duration, macros::datetime};

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00:00 UTC);

    fn page(change: impl FnOnce(&mut Approval)) -> String {
        page_of(ShownPhone::Ending("67".to_owned()), change)
    }

    fn page_of(phone: ShownPhone, change: impl FnOnce(&mut Approval)) -> String {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let details = Details::new([("Where", "Bogotá"), ("Browser", "<Firefox>")].map(|(a, b)| (a.into(), b.into())));
        let draft = Draft {
            id: Id::new(&clock, &entropy),
            user: Id::new(&clock, &entropy),
            session: Id::new(&clock, &entropy),
            provider_user: "1".parse().unwrap(),
            purpose: Purpose::SignIn,
            shown: Shown::new("Sign in to Countersign?".into(), details).unwrap(),
            logos: Logos::default(),
            created_at: NOW,
            expires_at: NOW + Duration::seconds(120),
        };
        let pending = Approval::pending(draft, "47".parse().unwrap());
        let mut approval = Approval { delivery: Delivery::Sent, ..pending };
        change(&mut approval);
        let shell = Shell { product: "Countersign".into(), signed_in_as: None, is_in: false, offers_sign_up: true };
        Waiting::new(shell, approval, NOW + Duration::seconds(34), true, phone).render().unwrap()
    }

    #[test]
    fn a_pending_page_shows_number_rows_and_time_and_refreshes_itself_without_script() {
        let page = page(|_| {});
        assert!(page.contains("<title>Check your phone - Countersign</title>"));
        assert!(page.contains(">47</span>"));
        assert!(page.contains("<dd>Bogotá</dd>"));
        assert!(page.contains("&#60;Firefox&#62;"));
        assert!(page.contains(r#"id="left" data-for="sending sent unknown unavailable">1:26<"#));
        assert!(page.contains(r#"stroke-dashoffset="29""#));
        assert!(page.contains(r#"http-equiv="refresh""#));
    }

    #[test]
    fn a_decided_page_tells_the_outcome_and_does_not_refresh() {
        let page = page(|approval| approval.status = Status::Denied);
        assert!(page.contains("<title>Denied on your phone - Countersign</title>"));
        assert!(page.contains(r#"data-for="sent" hidden"#));
        assert!(!page.contains(r#"http-equiv="refresh""#));
    }

    #[test]
    fn a_transaction_has_its_own_code_page_and_is_completed_without_script_once() {
        let transaction = |status, completed_at| {
            page(|approval| {
                approval.purpose = Purpose::Transaction;
                approval.status = status;
                approval.completed_at = completed_at;
            })
        };
        let waiting = transaction(Status::Pending, None);
        assert!(waiting.contains(r#"/code">Use a code"#));
        assert!(!waiting.contains(r#"href="/code""#));
        let complete = r#"<noscript><form method="post" action="/approvals/"#;
        assert!(transaction(Status::Approved, None).contains(complete));
        assert!(!transaction(Status::Approved, Some(NOW)).contains(complete));
    }

    #[test]
    fn a_request_that_was_sent_again_leads_to_the_newer_one_whatever_became_of_it() {
        for status in [Status::Denied, Status::Expired, Status::Cancelled] {
            let newer = Id::new(&Clock::system(), &Entropy::system());
            let page = page(|approval| (approval.status, approval.replaced_by) = (status, Some(newer)));
            assert!(page.contains(r#"data-state="replaced""#), "{status}");
            assert!(page.contains(&format!(r#"href="/approvals/{newer}""#)), "{status}");
        }
    }

    #[test]
    fn a_sign_up_shows_its_number_in_full_and_can_be_changed_in_every_state() {
        for status in [Status::Pending, Status::Denied, Status::Expired, Status::Cancelled] {
            let phone = ShownPhone::InFull(approval::Secret::new("+1 201-555-0123"));
            let page = page_of(phone, |approval| (approval.purpose, approval.status) = (Purpose::SignUp, status));
            assert!(page.contains("<dd>+1 201-555-0123</dd>"), "{status}");
            assert!(page.contains(r#"action="/sign-up/change""#), "{status}");
            assert!(!page.contains("/sign-in"), "{status}");
        }
    }

    #[test]
    fn a_sign_in_shows_two_digits_and_nothing_to_change() {
        let page = page(|_| {});
        assert!(page.contains("<dd>ending in 67</dd>"));
        assert!(!page.contains("/sign-up/change"));
    }

    #[test]
    fn an_approval_whose_time_is_up_is_being_checked() {
        assert!(page(|approval| approval.expires_at = NOW).contains(r#"data-state="checking""#));
    }
}
