//! Signs as the provider does, and takes as the receiver does.

use approval::{MessageId, Secret};
use provider::{ApiKey, CallbackUrl, Method, SignedRequest, Verified, sign, verify};

const NONCE: &str = "1427849783.886085";

/// A callback whose parameters come as a `body` or a `query`.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
}

impl Sent<'_> {
    /// Signed over `params`, it is the provider's; signed with another key or over anything else, it is not.
    pub(crate) fn is_taken_by_its_signature_alone(self, params: &str, canonical: &str) -> Verified {
        let verified = self.verified(&key("a-key"), params).expect("what is well signed is taken");
        assert_eq!(verified.message_id(), MessageId::of(canonical.as_bytes()));
        assert!(self.verified(&key("b-key"), params).is_none(), "a signature of another key was taken");
        let longer = format!("{params}&status=approved");
        assert!(self.verified(&key("a-key"), &longer).is_none(), "a signature over more was taken");
        verified
    }

    fn verified(self, key: &ApiKey, params: &str) -> Option<Verified> {
        let url: CallbackUrl = "https://app.example.com/authy/callback".parse().expect("a URL");
        let signature = sign(key, &url, self.method, NONCE, params);
        let request = SignedRequest {
            method: self.method,
            nonce: Some(NONCE),
            signature: Some(&signature),
            query: self.query,
            body: self.body,
        };
        verify(&self::key("a-key").into(), &url, &request).ok()
    }
}

fn key(text: &str) -> ApiKey {
    ApiKey::new(Secret::new(text)).expect("a key")
}
