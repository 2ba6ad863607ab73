//! One waiting browser on server-sent events (HTML standard, 9.2), for where no WebSocket gets through: tells it what
//! its feed has, until the outcome.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use approval::Approval;
use axum::{
    http::{HeaderName, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
};
use futures_util::{Stream, stream};
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::{
    answer::view::Frame,
    live::feed::{Feed, News},
};

/// The content type, and what whoever wants the stream says it accepts.
pub(crate) const CONTENT_TYPE: &str = "text/event-stream";
/// The state is told again this often, because scripts see no comments: a silent stream is a dead one.
const BEAT: Duration = Duration::from_secs(5);
/// Asks a proxy not to keep the stream back until it ends, as nginx understands it.
const NO_BUFFERING: (HeaderName, &str) = (HeaderName::from_static("x-accel-buffering"), "no");

/// One event as whoever listens reads it. Nobody makes a value: it stands for the events in the API's document.
#[derive(ToSchema)]
#[schema(as = Event, examples(json!({ "data": r#"{"type":"reconnect","after_ms":420}"# })))]
#[expect(dead_code, reason = "it stands for the events in the API's document")]
pub(crate) struct Described {
    /// With a `state`, the version of the approval.
    #[schema(nullable = false)]
    id: Option<String>,
    /// A message, as it is described in AsyncAPI.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// Keeps a browser informed about its approval until the outcome.
pub(crate) fn answer(feed: Feed) -> Response {
    ([(header::CACHE_CONTROL, "no-store"), NO_BUFFERING], Sse::new(events(feed))).into_response()
}

fn events(feed: Feed) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(feed), |feed| async {
        let mut feed = feed?;
        match timeout(BEAT, feed.next()).await {
            Ok(News::State(approval)) => Some(told(&approval, feed)),
            Ok(News::Leaving(after_ms)) => Some((Ok(event(&Frame::Reconnect { after_ms })), None)),
            Ok(News::NoSession | News::Trouble) => None,
            Err(_) => feed.newest().cloned().map(|approval| told(&approval, feed)),
        }
    })
}

/// The state, and the feed to go on with unless this was the outcome.
fn told(approval: &Arc<Approval>, feed: Feed) -> (Result<Event, Infallible>, Option<Feed>) {
    let event = event(&Frame::state(approval, feed.now())).id(approval.version.to_string());
    (Ok(event), (!approval.status.is_final()).then_some(feed))
}

fn event(frame: &Frame<'_>) -> Event {
    Event::default().data(frame.to_json())
}
