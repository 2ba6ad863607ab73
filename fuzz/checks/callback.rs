//! What a callback says whose parameters are a body, against the members that a second implementation finds.

use approval::{Callback, Event};
use provider::{Method, Unreadable, canonical};
use time::OffsetDateTime;

use super::{json, second, signed::Sent};

pub(crate) fn check(body: &[u8]) {
    let (Ok(params), Some(value)) = (canonical(body), json::parse(body)) else { return };
    let sent = Sent { method: Method::Post, query: "", body };
    let read = sent.is_taken_by_its_signature_alone(&params, &params).callback(OffsetDateTime::UNIX_EPOCH);
    says(read, &second::leaves(&value));
}

/// What was read is what stands in `pairs`: each once and not empty, the ids plain words, or it could not be read. And a
/// hub reads it again.
pub(super) fn says(read: Result<Callback, Unreadable>, pairs: &[(String, String)]) {
    let single = |name: &str| second::single(pairs, name);
    let required = |name: &str| single(name).ok().flatten();
    let plain = |one: char| one.is_ascii_alphanumeric() || "-_".contains(one);
    let id = |name: &str| required(name).filter(|id| id.chars().all(plain));
    let message = single("approval_request[transaction][message]");
    match (id("uuid"), id("authy_id"), required("status"), message, read) {
        (Some(request), Some(user), Some(status), Ok(message), Ok(callback)) => {
            assert_eq!((callback.request.as_str(), callback.provider_user.as_str()), (request, user));
            assert_eq!((callback.status.as_str(), callback.echo.message.as_deref()), (status, message));
            let event = Event::Callback(callback);
            assert_eq!(Event::from_bytes(&event.to_bytes()), Some(event));
        }
        (Some(_), Some(_), Some(_), Ok(_), Err(error)) => panic!("{error}"),
        (.., Ok(callback)) => panic!("{callback:?} was read where something is missing"),
        (.., Err(_)) => {}
    }
}
