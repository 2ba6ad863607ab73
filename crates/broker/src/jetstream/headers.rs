//! What travels beside a payload. The names are a wire format, written down in docs/asyncapi.yaml.

use approval::{MessageId, subject};
use async_nats::HeaderMap;
use async_nats::header::NATS_MESSAGE_ID;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{DeadLetter, Message, Received};

/// W3C Trace Context: lets the lines of receiver and hub about one message be found together.
const TRACE: &str = "traceparent";
/// The media type of the payload.
const TYPE: &str = "Content-Type";
/// The schema of the payload and its version.
const SCHEMA: &str = "Countersign-Schema";
/// Why a dead letter is one.
const REASON: &str = "Countersign-Reason";
/// The subject that a dead letter was published on.
const SUBJECT: &str = "Countersign-Subject";
/// When a dead letter was published.
const PUBLISHED: &str = "Countersign-Published";
/// Which process announces.
const FROM: &str = "Countersign-From";

/// The headers of one message, as they are read or will be written.
#[derive(Debug, Clone)]
pub(super) struct Headers {
    pub(super) id: MessageId,
    pub(super) schema: String,
    pub(super) subject: String,
    pub(super) reason: Option<String>,
    pub(super) published: Option<OffsetDateTime>,
}

impl Headers {
    pub(super) fn of(message: &Message) -> Self {
        Self {
            id: message.id.clone(),
            schema: message.schema.to_owned(),
            subject: message.subject.to_owned(),
            reason: None,
            published: None,
        }
    }

    pub(super) fn of_received(received: &Received) -> Self {
        Self {
            id: received.id.clone(),
            schema: received.schema.clone(),
            subject: received.subject.clone(),
            reason: None,
            published: Some(received.published_at),
        }
    }

    pub(super) fn of_letter(letter: &DeadLetter) -> Self {
        Self {
            id: letter.id.clone(),
            schema: letter.schema.clone(),
            subject: letter.subject.clone(),
            reason: Some(letter.reason.clone()),
            published: Some(letter.published_at),
        }
    }

    /// What stands beside a message of `subject`. A message that somebody else wrote without a name is named after its
    /// payload.
    pub(super) fn read(map: Option<&HeaderMap>, subject: &str, payload: &[u8]) -> Self {
        let get = |name: &str| map.and_then(|map| map.get(name)).map(|value| value.as_str().to_owned());
        let named = get(NATS_MESSAGE_ID.as_ref()).and_then(|name| name.get(..64)?.parse().ok());
        Self {
            id: named.unwrap_or_else(|| MessageId::of(payload)),
            schema: get(SCHEMA).unwrap_or_default(),
            subject: get(SUBJECT).unwrap_or_else(|| subject.to_owned()),
            reason: get(REASON),
            published: get(PUBLISHED).and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok()),
        }
    }

    /// Those of a dead letter. What was published before keeps its time, unless it is being published now.
    pub(super) fn dead(self, reason: &str, published: Option<OffsetDateTime>) -> Self {
        // A header is one line.
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { reason: Some(reason), published, ..self }
    }

    /// As they travel, under the name by which the stream tells a repeat.
    pub(super) fn into_map(self, name: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(NATS_MESSAGE_ID, name);
        map.insert(TRACE, &*self.id.traceparent());
        map.insert(SCHEMA, &*self.schema);
        map.insert(TYPE, if self.schema == subject::RAW { "application/octet-stream" } else { "application/json" });
        if let Some(reason) = &self.reason {
            map.insert(REASON, &**reason);
            map.insert(SUBJECT, &*self.subject);
        }
        if let Some(published) = self.published.and_then(|at| at.format(&Rfc3339).ok()) {
            map.insert(PUBLISHED, &*published);
        }
        map
    }

    /// Those of an announcement of `process`.
    pub(super) fn from(process: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(FROM, process);
        map
    }
}

/// Whether `process` itself announced this.
pub(super) fn is_from(said: &async_nats::Message, process: &str) -> bool {
    let from = said.headers.as_ref().and_then(|headers| headers.get(FROM));
    from.is_some_and(|from| from.as_str() == process)
}
