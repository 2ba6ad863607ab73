//! Listens to what one request makes the process do: the statements on the database and the hashes of passwords. What
//! runs in the background belongs to no request, and is not heard.

use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Instrument as _, Subscriber, info_span};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The name of the span around a request that is listened to.
const MEASURED: &str = "measured";

/// What was done for one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Work {
    /// The statements, as they begin, in order.
    pub(crate) statements: Vec<String>,
    /// How often a password was hashed or checked.
    pub(crate) passwords: usize,
}

/// Hears all of the process.
#[derive(Clone, Default)]
pub(crate) struct Listening(Arc<Mutex<Work>>);

/// Begins to listen, to everything in this process.
pub(crate) fn listen() -> Listening {
    let listening = Listening::default();
    Registry::default().with(listening.clone()).init();
    listening
}

impl Listening {
    /// What becomes of `request`, and what it made the process do. A statement is told of before its caller goes on.
    pub(crate) async fn to<T>(&self, request: impl Future<Output = T>) -> (T, Work) {
        std::mem::take(&mut *self.0.lock().unwrap());
        let answer = request.instrument(info_span!("measured")).await;
        (answer, std::mem::take(&mut *self.0.lock().unwrap()))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Listening {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !context.event_scope(event).is_some_and(|mut scope| scope.any(|span| span.name() == MEASURED)) {
            return;
        }
        match event.metadata().target() {
            "sqlx::query" => {
                let mut summary = Summary::default();
                event.record(&mut summary);
                self.0.lock().unwrap().statements.push(summary.0);
            }
            "hub::password" => self.0.lock().unwrap().passwords += 1,
            _ => {}
        }
    }
}

/// The field that says which statement it was.
#[derive(Default)]
struct Summary(String);

impl Visit for Summary {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "summary" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
