//! What a hub reads from NATS: anybody who may publish there could have written it.

use approval::Event;

pub(crate) fn check(payload: &[u8]) {
    let Some(event) = Event::from_bytes(payload) else { return };
    assert_eq!(Event::from_bytes(&event.to_bytes()), Some(event), "what was read is written and read as the same");
}
