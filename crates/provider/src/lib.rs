//! The Authy side: verifies a callback, reads it, asks for an approval, sends and checks a code.
//!
//! Knows the provider's protocol and nothing of storage, broker or web framework. Decides nothing: status words are
//! handed on as they came.

mod answer;
mod callback;
mod callback_url;
mod canonical;
mod client;
mod code;
mod codes;
mod error;
mod key;
mod lines;
mod query;
mod requests;
mod ruby_float;
mod signature;
mod tree;
mod users;

pub use callback::Unreadable;
pub use callback_url::{CallbackUrl, ParseCallbackUrlError};
pub use canonical::canonical;
pub use client::{Authy, AuthySettings, SettingsError};
pub use code::{Code, ParseCodeError};
pub use codes::{Action, CodeCheck, CodeSent};
pub use error::ProviderError;
pub use key::{ApiKey, ApiKeys, BadKey};
pub use lines::{ClientError, has_authorities, http_client};
pub use requests::RequestState;
pub use signature::{
    Method, NONCE_HEADER, Rejected, SIGNATURE_HEADER, SignedRequest, SignedWith, Verified, sign, verify,
};
pub use tree::Malformed;
pub use users::UserStatus;
