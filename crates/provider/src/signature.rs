//! The signature of a callback: checking it, and making it as the provider does.
//!
//! Pure: knows no HTTP server and no clock. The scheme: HMAC-SHA256 under the API key over
//! `nonce|METHOD|url|parameters`, in Base64 (Twilio, "Verify that callbacks come from Authy").

use approval::MessageId;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use thiserror::Error;

use crate::{
    ApiKey, ApiKeys, CallbackUrl, Malformed,
    canonical::{to_old_query, to_query},
    query::Spellings,
    tree::Tree,
};

/// The header with the signature, in the case HTTP/2 sends it.
pub const SIGNATURE_HEADER: &str = "x-authy-signature";
/// The header with the nonce that is signed along.
pub const NONCE_HEADER: &str = "x-authy-signature-nonce";

/// Nonces are times in seconds, of 10 to 17 characters.
const NONCE_LIMIT: usize = 256;
/// HMAC-SHA256 in bytes, and as Base64 spells it.
const SIGNATURE_BYTES: usize = 32;
const SIGNATURE_LENGTH: usize = 44;
/// Parameters of at most this many bytes are verified within 300 µs. Genuine ones have about 1,500.
const CHEAP_BYTES: usize = 4 * 1024;

/// How the provider calls back; chosen in its console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Parameters in the query.
    Get,
    /// Parameters as a JSON body.
    Post,
}

/// The parts of a request that its signature covers, as they came.
#[derive(Clone, Copy)]
pub struct SignedRequest<'a> {
    /// Its method.
    pub method: Method,
    /// The one value of [`NONCE_HEADER`]; `None` when there is none or more than one.
    pub nonce: Option<&'a str>,
    /// The one value of [`SIGNATURE_HEADER`]; `None` when there is none or more than one.
    pub signature: Option<&'a str>,
    /// The raw query without its question mark; read of a `GET` only.
    pub query: &'a str,
    /// The raw body; read of a `POST` only.
    pub body: &'a [u8],
}

/// The parameters of a callback with a valid signature, in their canonical spelling: the signed pairs, and nothing else
/// of the request.
#[derive(Clone)]
pub struct Verified {
    pub(crate) params: String,
    pub(crate) with: SignedWith,
}

/// Which key a callback was signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedWith {
    /// The one in force.
    Current,
    /// The one before: the provider does not use the new one yet, or sends again what it signed with the old one.
    Previous,
}

/// Why a callback is not the provider's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Rejected {
    /// It does not carry exactly one signature and one nonce.
    #[error("the request is not signed")]
    Unsigned,
    /// The signature is of another request, of another key, or none at all.
    #[error("the signature does not match")]
    Mismatch,
    /// The body cannot be what was signed.
    #[error("the signed parameters cannot be read")]
    Malformed(#[from] Malformed),
}

/// Checks that `request` was signed with one of `keys` for `url`. What it takes does not tell with which.
///
/// # Errors
/// [`Rejected`] in every other case.
pub fn verify(keys: &ApiKeys, url: &CallbackUrl, request: &SignedRequest<'_>) -> Result<Verified, Rejected> {
    let (nonce, signature) = request.claim()?;
    let signer = |params: &str| {
        // Constant-time, and false for any other length. Both keys are tried whatever the first one says.
        let signed_with = |key| mac(key, url, request.method, nonce, params).verify_slice(&signature).is_ok();
        let (current, previous) = (signed_with(keys.current()), keys.previous().is_some_and(signed_with));
        current.then_some(SignedWith::Current).or(previous.then_some(SignedWith::Previous))
    };
    let (signer, params) = match request.method {
        Method::Get => {
            let spellings = Spellings::of(request.query)?;
            (spellings.find(signer), spellings.into_params())
        }
        Method::Post => {
            let tree = Tree::parse(request.body)?;
            let length = request.body.len();
            let params = to_query(&tree, length)?;
            // Which Ruby the provider runs is not known; both spellings of the tilde say the same.
            let old = if params.contains('~') { Some(to_old_query(&tree, length)?) } else { None };
            (signer(&params).or_else(|| signer(&old?)), params)
        }
    };
    signer.map(|with| Verified { params, with }).ok_or(Rejected::Mismatch)
}

/// The signature of a callback with the parameters `params`, which [`canonical`](crate::canonical()) makes of a body.
#[must_use]
pub fn sign(key: &ApiKey, url: &CallbackUrl, method: Method, nonce: &str, params: &str) -> String {
    STANDARD.encode(mac(key, url, method, nonce, params).finalize().into_bytes())
}

impl<'a> SignedRequest<'a> {
    /// Checks only the two headers, which takes microseconds, before the body is read or parsed.
    ///
    /// # Errors
    /// [`Rejected`] when no signature can match them.
    pub fn check_headers(&self) -> Result<(), Rejected> {
        self.claim().map(|_| ())
    }

    /// True if verifying may take longer than 300 µs, so it must not run on the threads that serve connections.
    #[must_use]
    pub const fn is_costly(&self) -> bool {
        let length = match self.method {
            Method::Get => self.query.len(),
            Method::Post => self.body.len(),
        };
        length > CHEAP_BYTES
    }

    /// The nonce and the signature, decoded.
    fn claim(&self) -> Result<(&'a str, [u8; SIGNATURE_BYTES]), Rejected> {
        let (nonce, signature) = (present(self.nonce)?, present(self.signature)?);
        if nonce.len() > NONCE_LIMIT || signature.len() != SIGNATURE_LENGTH {
            return Err(Rejected::Mismatch);
        }
        let signature = STANDARD.decode(signature).map_err(|_| Rejected::Mismatch)?;
        Ok((nonce, signature.try_into().map_err(|_| Rejected::Mismatch)?))
    }
}

impl Method {
    /// Its name in HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl Verified {
    /// Names this callback to the broker. A repeat has the same name, even with its members or pairs in another
    /// order; a callback that says anything else has another.
    #[must_use]
    pub fn message_id(&self) -> MessageId {
        MessageId::of(self.params.as_bytes())
    }

    /// With which key it was signed. Says nothing about what it is worth: both are the provider's.
    #[must_use]
    pub const fn signed_with(&self) -> SignedWith {
        self.with
    }
}

fn present(header: Option<&str>) -> Result<&str, Rejected> {
    header.filter(|value| !value.is_empty()).ok_or(Rejected::Unsigned)
}

fn mac(key: &ApiKey, url: &CallbackUrl, method: Method, nonce: &str, params: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("an HMAC takes a key of any length");
    for part in [nonce, "|", method.as_str(), "|", url.signed(), "|", params] {
        mac.update(part.as_bytes());
    }
    mac
}
