//! What a path names, as its client wrote it.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::refusal::Refusal;
use crate::simulator::Simulator;

/// The names in a path. Taken as texts, for which the only thing wrong can be that they are none.
pub(super) struct Named<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Simulator> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, simulator: &Simulator) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, simulator).await;
        path.map(|Path(names)| Self(names)).map_err(|_| Refusal::NotUtf8)
    }
}
