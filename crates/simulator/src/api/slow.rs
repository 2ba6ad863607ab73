//! The switch "slow provider": what is asked is done at once, and the answer to it waits. Whoever hangs up meanwhile
//! has got what was asked for without knowing it.

use std::time::Duration;

use axum::{
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    middleware::Next,
    response::Response,
};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{phone::Phone, simulator::Simulator, state};

/// Holds the answer to a call whose path names a user, or a request to a user, for as long as that user's phone says.
pub(super) async fn answer(
    State(simulator): State<Simulator>,
    // A path that is no text names nobody; the call itself says so.
    params: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    // Looked up before the call, which may delete the user.
    let slow =
        simulator.store.read(|state, _| concerned(state, params.as_ref().ok()?).map(|phone| phone.switches.slow_ms));
    let response = next.run(request).await;
    hold(&simulator, slow.unwrap_or_default()).await;
    response
}

/// Waits, unless the process ends.
pub(super) async fn hold(simulator: &Simulator, millis: u32) {
    let _ = simulator.shutdown.run_until_cancelled(sleep(Duration::from_millis(millis.into()))).await;
}

fn concerned<'a>(state: &'a state::State, params: &RawPathParams) -> Option<&'a Phone> {
    let is_concerned = |phone: &&Phone| {
        params.iter().any(|(name, value)| match name {
            "id" => value.parse() == Ok(phone.authy_id),
            "uuid" => Uuid::parse_str(value).is_ok_and(|uuid| phone.requests.iter().any(|one| one.uuid == uuid)),
            _ => false,
        })
    };
    state.phones.iter().find(is_concerned)
}
