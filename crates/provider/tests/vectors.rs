//! The known answers: callbacks with their signatures, and what Rails makes of JSON.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use approval::Secret;
use provider::{
    ApiKey, CallbackUrl, Method, NONCE_HEADER, SIGNATURE_HEADER, SignedRequest, Verified, canonical, verify,
};
use serde::Deserialize;
use time::OffsetDateTime;

#[derive(Deserialize)]
struct Vectors<T> {
    vectors: Vec<T>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    key: String,
    method: String,
    url: String,
    headers: std::collections::BTreeMap<String, String>,
    body: String,
    query: String,
    expected_valid: bool,
    params_string: Option<String>,
}

#[derive(Deserialize)]
struct Rails {
    json: String,
    params: String,
}

impl Vector {
    fn all() -> Vec<Self> {
        let vectors: Vectors<Self> = serde_json::from_str(include_str!("vectors/authy_callbacks.json")).unwrap();
        vectors.vectors
    }

    fn named(name: &str) -> Self {
        Self::all().into_iter().find(|vector| vector.name == name).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn verified(&self) -> Option<Verified> {
        let key = ApiKey::new(Secret::new(&self.key)).unwrap();
        let url: CallbackUrl = self.url.parse().unwrap();
        let request = SignedRequest {
            method: if self.method == "GET" { Method::Get } else { Method::Post },
            nonce: self.header(NONCE_HEADER),
            signature: self.header(SIGNATURE_HEADER),
            query: &self.query,
            body: self.body.as_bytes(),
        };
        verify(&key.into(), &url, &request).ok()
    }
}

#[test]
fn every_callback_is_judged_as_the_vector_says() {
    let vectors = Vector::all();
    assert_eq!(vectors.len(), 46);
    for vector in vectors {
        assert_eq!(vector.verified().is_some(), vector.expected_valid, "{}", vector.name);
    }
}

#[test]
fn the_canonical_form_of_every_body_is_what_was_signed() {
    for vector in Vector::all().iter().filter(|vector| vector.method == "POST" && vector.expected_valid) {
        let Some(params) = &vector.params_string else { continue };
        assert_eq!(&canonical(vector.body.as_bytes()).unwrap(), params, "{}", vector.name);
    }
}

#[test]
fn every_genuine_callback_can_be_read() {
    for vector in Vector::all().iter().filter(|vector| vector.expected_valid) {
        let callback = vector.verified().unwrap().callback(OffsetDateTime::UNIX_EPOCH);
        if vector.name == "docs_signing_example_GET" {
            assert!(callback.is_err(), "it speaks of no approval");
        } else {
            let callback = callback.unwrap();
            assert_eq!(callback.provider_user.as_str(), "688611", "{}", vector.name);
            assert!(["approved", "denied", "expired"].contains(&callback.status.as_str()), "{}", vector.name);
        }
    }
}

#[test]
fn a_captured_callback_echoes_what_was_shown() {
    let callback =
        Vector::named("golden_authy-java_testValidSignatureApprovedWithUnlockMethodPost").verified().unwrap();
    let echo = callback.callback(OffsetDateTime::UNIX_EPOCH).unwrap().echo;
    assert_eq!(echo.message.as_deref(), Some("Authorize OneTouch Unit Test"));
    assert_eq!(echo.details.unwrap()["Process ID"], "1234567890");
    assert_eq!(echo.hidden.unwrap()["transaction_id"], "TR139872562346");
}

#[test]
fn a_repeat_with_its_pairs_shuffled_has_the_same_message_id() {
    let shuffled = Vector::named("get_pairs_shuffled").verified().unwrap();
    let posted = Vector::named("post_approved_basic").verified().unwrap();
    let denied = Vector::named("get_denied_basic").verified().unwrap();
    assert_eq!(shuffled.message_id(), posted.message_id());
    assert_ne!(shuffled.message_id(), denied.message_id());
}

#[test]
fn json_becomes_the_parameters_that_rails_makes_of_it() {
    let rails: Vectors<Rails> = serde_json::from_str(include_str!("vectors/rails_to_query.json")).unwrap();
    assert_eq!(rails.vectors.len(), 130);
    for vector in rails.vectors {
        assert_eq!(canonical(vector.json.as_bytes()).unwrap(), vector.params, "{}", vector.json);
    }
}
