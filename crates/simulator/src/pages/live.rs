//! Tells open pages that something changed; they fetch what it is.

use std::convert::Infallible;

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt as _, stream};

use crate::simulator::Simulator;

/// Server-sent events named `change`: one on connect, so that nothing is missed between page and stream, then one
/// for each change or run of changes.
pub(super) async fn events(State(simulator): State<Simulator>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = simulator.store.watch();
    changes.mark_changed();
    let events = stream::unfold(changes, |mut changes| async move {
        changes.changed().await.ok()?;
        Some((Ok(Event::default().event("change").data("look again")), changes))
    });
    Sse::new(events.take_until(simulator.shutdown.cancelled_owned())).keep_alive(KeepAlive::default())
}
