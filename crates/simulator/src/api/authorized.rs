//! A call that showed the API key, and its parameters.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};

use approval::Secret;

use super::refusal::Refusal;
use crate::{
    param::{self, Fields, Param, Unreadable},
    simulator::Simulator,
};

/// The parameters of a call with the right key, which may stand in a header, the query or the body.
pub(super) struct Authorized(Fields);

impl Authorized {
    pub(super) fn get(&self, name: &str) -> Option<&Param> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(Param::text)
    }

    /// `true` in any case: the client library for Python spells it `True`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }
}

impl FromRequest<Simulator> for Authorized {
    type Rejection = Refusal;

    async fn from_request(request: Request, simulator: &Simulator) -> Result<Self, Refusal> {
        let header = request.headers().get("x-authy-api-key").and_then(|key| key.to_str().ok()).map(Secret::new);
        let fields = read(request).await?;
        let key = header.or_else(|| fields.get("api_key").and_then(Param::text).map(Secret::new));
        if key.as_ref() == Some(&simulator.settings.api_key) { Ok(Self(fields)) } else { Err(Refusal::BadKey) }
    }
}

/// The parameters, before anything is known of who sent them.
pub(super) async fn read(request: Request) -> Result<Fields, Refusal> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = Bytes::from_request(request, &()).await.map_err(|_| Refusal::InvalidRequest)?;
    param::read(&query, &body).map_err(|unreadable| match unreadable {
        Unreadable::NotUtf8 => Refusal::NotUtf8,
        Unreadable::NotJson => Refusal::InvalidRequest,
    })
}
