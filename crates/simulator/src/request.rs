//! One approval request, as the provider keeps it.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::{Builder, Uuid};

use approval::{Entropy, Status};

use crate::param::Param;

/// An approval request. Ends lazily: who reads it after its end finds it expired.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) uuid: Uuid,
    pub(crate) message: String,
    /// A map of texts as a rule; whatever the client sent.
    pub(crate) details: Param,
    pub(crate) hidden_details: Param,
    pub(crate) logos: Vec<Logo>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    /// 0 is for ever.
    pub(crate) seconds_to_expire: u32,
    /// The last change of `status`.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) processed_at: Option<OffsetDateTime>,
    /// Whether the first attempt to call back is over, or there was none to make.
    pub(crate) notified: bool,
    status: Status,
}

/// A picture for one resolution of screen.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Logo {
    pub(crate) res: String,
    pub(crate) url: String,
}

/// What a client asks for.
pub(crate) struct Wanted {
    pub(crate) message: String,
    pub(crate) details: Param,
    pub(crate) hidden_details: Param,
    pub(crate) logos: Vec<Logo>,
    pub(crate) seconds_to_expire: u32,
}

impl Request {
    /// Seconds that a request lives when the client does not say.
    pub(crate) const DEFAULT_SECONDS: u32 = 86_400;

    pub(crate) fn new(wanted: Wanted, now: OffsetDateTime, entropy: &Entropy) -> Self {
        Self {
            uuid: new_uuid(now, entropy),
            message: wanted.message,
            details: wanted.details,
            hidden_details: wanted.hidden_details,
            logos: wanted.logos,
            created_at: now,
            seconds_to_expire: wanted.seconds_to_expire,
            processed_at: None,
            notified: false,
            status: Status::Pending,
        }
    }

    /// The end, or `None` for a request that never ends.
    pub(crate) fn expires_at(&self) -> Option<OffsetDateTime> {
        (self.seconds_to_expire > 0).then(|| self.created_at + Duration::seconds(self.seconds_to_expire.into()))
    }

    pub(crate) fn status(&self, now: OffsetDateTime) -> Status {
        let over = self.expires_at().is_some_and(|end| now >= end);
        if self.status == Status::Pending && over { Status::Expired } else { self.status }
    }

    /// Writes the expiry down that reading finds.
    pub(crate) fn settle(&mut self, now: OffsetDateTime) {
        self.become_status(self.status(now), now);
    }

    /// The person's tap. False when the request is not pending any more.
    pub(crate) fn answer(&mut self, status: Status, now: OffsetDateTime) -> bool {
        let pending = self.status(now) == Status::Pending;
        if pending {
            self.become_status(status, now);
        }
        pending
    }

    fn become_status(&mut self, status: Status, now: OffsetDateTime) {
        if self.status != status {
            self.status = status;
            self.processed_at = Some(now);
        }
    }
}

/// Of version 1 (RFC 9562), as the provider's are.
pub(crate) fn new_uuid(now: OffsetDateTime, entropy: &Entropy) -> Uuid {
    const TICKS_BEFORE_UNIX: i128 = 0x01b2_1dd2_1381_4000;
    let ticks = u64::try_from(now.unix_timestamp_nanos() / 100 + TICKS_BEFORE_UNIX).unwrap_or_default();
    Builder::from_gregorian_timestamp(ticks, u16::from_be_bytes(entropy.bytes()), &entropy.bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn request(seconds_to_expire: u32) -> Request {
        let wanted = Wanted {
            message: "Sign in?".into(),
            details: Param::Null,
            hidden_details: Param::Null,
            logos: Vec::new(),
            seconds_to_expire,
        };
        Request::new(wanted, START, &Entropy::system())
    }

    #[test]
    fn a_request_ends_when_its_time_is_up_and_takes_no_answer_then() {
        let mut request = request(60);
        let end = START + Duration::seconds(60);
        assert_eq!(request.status(end - Duration::milliseconds(1)), Status::Pending);
        assert!(!request.answer(Status::Approved, end));
        request.settle(end + Duration::hours(1));
        assert_eq!((request.status, request.processed_at), (Status::Expired, Some(end + Duration::hours(1))));
    }

    #[test]
    fn zero_seconds_are_for_ever() {
        assert_eq!(request(0).status(START + Duration::days(9_000)), Status::Pending);
    }

    #[test]
    fn the_first_answer_stays() {
        let mut request = request(60);
        assert!(request.answer(Status::Denied, START));
        assert!(!request.answer(Status::Approved, START));
        assert_eq!(request.status(START), Status::Denied);
    }
}
