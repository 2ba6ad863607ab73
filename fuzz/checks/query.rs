//! What a callback says whose parameters are a query, as it was sent, with its pairs in order, and
//! as the provider spells it.

use provider::Method;
use time::OffsetDateTime;

use super::{callback::says, second, signed::Sent};

/// A query with more pairs is refused, even if it is signed.
const MOST_PAIRS: usize = 512;

pub(crate) fn check(query: &[u8]) {
    let Ok(query) = std::str::from_utf8(query) else { return };
    let mut pairs: Vec<_> = query.split('&').collect();
    if pairs.len() > MOST_PAIRS {
        return;
    }
    pairs.sort_unstable();
    let sorted = pairs.join("&");
    let sent = Sent { method: Method::Get, query, body: b"" };
    let spelled = second::spelled(query);
    for params in [query, &sorted, &spelled] {
        let verified = sent.is_taken_by_its_signature_alone(params, &spelled);
        says(verified.callback(OffsetDateTime::UNIX_EPOCH), &second::pairs(query));
    }
}
