//! Approval requests: making one, and reading what became of it.

use std::num::NonZeroU32;

use approval::{Details, Hidden, Logo, Logos, ProviderUserId, RequestId, Shown};
use serde::Serialize;

use crate::{Authy, ProviderError, client::Repeat};

/// What the provider says of a request when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestState {
    /// Whom it was sent to.
    pub provider_user: ProviderUserId,
    /// The status word, exactly as it came.
    pub status: String,
}

#[derive(Serialize)]
struct NewRequest<'a> {
    message: &'a str,
    details: &'a Details,
    hidden_details: &'a Hidden,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    logos: &'a [Logo],
    seconds_to_expire: NonZeroU32,
}

impl Authy {
    /// Asks for an approval. Never repeated: after [`ProviderError::Slow`] it may be on the phone.
    ///
    /// # Errors
    /// [`ProviderError::NoApp`] and [`ProviderError::UnknownUser`], and those of any call.
    pub async fn create_request(
        &self,
        user: &ProviderUserId,
        shown: &Shown,
        hidden: &Hidden,
        logos: &Logos,
        seconds_to_expire: NonZeroU32,
    ) -> Result<RequestId, ProviderError> {
        let body = NewRequest {
            message: shown.message(),
            details: shown.details(),
            hidden_details: hidden,
            logos: logos.as_slice(),
            seconds_to_expire,
        };
        let request = self.post(&["onetouch", "json", "users", user.as_str(), "approval_requests"]).json(&body);
        let answer = self.call(request, Repeat::Never).await?.ok()?;
        answer.id("/approval_request/uuid")
    }

    /// Reads what became of a request.
    ///
    /// # Errors
    /// [`ProviderError::UnknownRequest`], and those of any call. An answer about any other request is
    /// [`ProviderError::Unexpected`].
    pub async fn read_request(&self, request: &RequestId) -> Result<RequestState, ProviderError> {
        let call = self.get(&["onetouch", "json", "approval_requests", request.as_str()]);
        let answer = self.read(call).await?.ok()?;
        if answer.id::<RequestId>("/approval_request/uuid")? != *request {
            return Err(answer.unexpected());
        }
        Ok(RequestState {
            provider_user: answer.id("/approval_request/_authy_id")?,
            status: answer.required("/approval_request/status")?,
        })
    }
}
