//! The phone as a page: works as plain forms, and by itself where scripts run.

mod live;
mod view;

use std::convert::Infallible;

use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use uuid::Uuid;

use approval::{Status, told};

use crate::{
    guard,
    pages::view::{ListPage, PhonePage},
    phone::SwitchesPatch,
    simulator::Simulator,
    state::CallbackHealth,
};

pub(crate) fn router() -> Router<Simulator> {
    let forms = Router::new()
        .route("/phone/{authy_id}/requests/{uuid}/approve", post(approve))
        .route("/phone/{authy_id}/requests/{uuid}/deny", post(deny))
        .route("/phone/{authy_id}/switches", post(switch))
        .route("/phone/{authy_id}/callback/enable", post(enable_callback))
        .layer(middleware::from_fn(guard::own_origin));
    // Another site may lead to a page, as the product's demo does, and cannot read it.
    Router::new()
        .route("/", get(start))
        .route("/phone/{authy_id}", get(phone))
        .route("/events", get(live::events))
        .route("/assets/phone.css", get(stylesheet))
        .route("/assets/phone.js", get(script))
        .layer(middleware::from_fn(guard::this_machine))
        .merge(forms)
}

/// The only phone there is, or a list to choose from.
async fn start(State(simulator): State<Simulator>) -> Response {
    let page = simulator.store.read(|state, _| ListPage::of(state, &simulator.settings));
    match page.phones.as_slice() {
        [only] => Redirect::to(&format!("/phone/{}", only.authy_id)).into_response(),
        _ => html(&page),
    }
}

async fn phone(State(simulator): State<Simulator>, Path(authy_id): Path<u32>) -> Response {
    let page = simulator.store.read(|state, now| PhonePage::of(state, authy_id, &simulator.settings, now));
    match page {
        Some(page) => html(&page),
        None => (StatusCode::NOT_FOUND, "There is no such phone. Start again at /.\n").into_response(),
    }
}

async fn approve(State(simulator): State<Simulator>, Path((authy_id, uuid)): Path<(u32, Uuid)>) -> Redirect {
    answer(&simulator, authy_id, uuid, Status::Approved)
}

async fn deny(State(simulator): State<Simulator>, Path((authy_id, uuid)): Path<(u32, Uuid)>) -> Redirect {
    answer(&simulator, authy_id, uuid, Status::Denied)
}

/// The person need not wait for the callback, and the page shows a request that had ended before.
fn answer(simulator: &Simulator, authy_id: u32, uuid: Uuid, status: Status) -> Redirect {
    drop(simulator.answer(authy_id, uuid, status));
    back_to(authy_id)
}

async fn switch(
    State(simulator): State<Simulator>,
    Path(authy_id): Path<u32>,
    Form(patch): Form<SwitchesPatch>,
) -> Redirect {
    // A phone that is gone has no switches; its page says so.
    let _ = simulator.store.change(|state, _| {
        state.phone(authy_id).ok_or(())?.switches.apply(&patch);
        Ok::<_, ()>(())
    });
    back_to(authy_id)
}

async fn enable_callback(State(simulator): State<Simulator>, Path(authy_id): Path<u32>) -> Redirect {
    let Ok(()) = simulator.store.change(|state, _| {
        state.callback = CallbackHealth::default();
        Ok::<_, Infallible>(())
    });
    back_to(authy_id)
}

async fn stylesheet() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../assets/phone.css"))
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../assets/phone.js"))
}

fn back_to(authy_id: u32) -> Redirect {
    Redirect::to(&format!("/phone/{authy_id}"))
}

fn html(page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(error = %told(&error), "a page of the simulator could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
