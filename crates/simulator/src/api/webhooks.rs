//! The dashboard's webhooks, which are no callbacks: made, listed and deleted by whoever signs for it. Nothing is ever
//! delivered to them, because what the provider's events say is published nowhere.

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::header::HOST,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use provider::{NONCE_HEADER, SIGNATURE_HEADER, canonical};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use approval::Secret;

use super::{authorized::read, named::Named, refusal::Refusal};
use crate::{
    param::{Fields, Param},
    simulator::Simulator,
    state::{App, Webhook},
};

/// The parameters of a call that was signed as a callback is. A simulator has one key: it is the application's, it signs,
/// and any access key is one.
pub(super) struct Signed(Fields);

impl FromRequest<Simulator> for Signed {
    type Rejection = Refusal;

    async fn from_request(request: Request, simulator: &Simulator) -> Result<Self, Refusal> {
        let (signature, nonce) = (header(&request, SIGNATURE_HEADER), header(&request, NONCE_HEADER));
        let (host, path) = (header(&request, HOST.as_str()).unwrap_or_default(), request.uri().path().to_owned());
        let method = request.method().clone();
        let fields = read(request).await?;
        let text = |name| fields.get(name).and_then(Param::text);
        if text("app_api_key").map(Secret::new).as_ref() != Some(&simulator.settings.api_key) {
            return Err(Refusal::BadKey);
        }
        text("access_key").ok_or(Refusal::Missing("access_key"))?;
        let params = serde_json::to_vec(&fields).ok().and_then(|json| canonical(&json).ok());
        let (Some(params), Some(signature), Some(nonce)) = (params, signature, nonce) else {
            return Err(Refusal::BadSignature);
        };
        let signature = BASE64_STANDARD.decode(signature).map_err(|_| Refusal::BadSignature)?;
        let is_signed = |scheme: &str| {
            let key = simulator.settings.api_key.expose().as_bytes();
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("an HMAC takes a key of any length");
            mac.update(format!("{nonce}|{method}|{scheme}://{host}{path}|{params}").as_bytes());
            mac.verify_slice(&signature).is_ok()
        };
        if is_signed("http") || is_signed("https") { Ok(Self(fields)) } else { Err(Refusal::BadSignature) }
    }
}

fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name)?.to_str().ok().map(str::to_owned)
}

pub(super) async fn create(State(simulator): State<Simulator>, Signed(fields): Signed) -> Result<Json<Value>, Refusal> {
    let required = |name| fields.get(name).and_then(Param::text).ok_or(Refusal::Missing(name));
    let events = fields.get("events").map(Param::elements).unwrap_or_default();
    let events: Vec<String> = events.into_iter().filter_map(Param::text).collect();
    if events.is_empty() {
        return Err(Refusal::Missing("events"));
    }
    let new = || Uuid::from_bytes(simulator.entropy.bytes());
    let webhook = Webhook {
        id: format!("WH_{}", new()),
        name: required("name")?,
        url: required("url")?,
        signing_key: format!("WSK_{}", new().simple()),
        events,
    };
    simulator.store.change(|state, _| {
        let made = view(&state.app, &webhook);
        state.webhooks.push(webhook);
        Ok(Json(json!({ "webhook": made, "message": "Webhook created", "success": true })))
    })
}

pub(super) async fn list(State(simulator): State<Simulator>, _: Signed) -> Json<Value> {
    simulator.store.read(|state, _| {
        let all: Vec<_> = state.webhooks.iter().map(|webhook| view(&state.app, webhook)).collect();
        Json(json!({ "webhooks": all, "success": true }))
    })
}

pub(super) async fn remove(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    _: Signed,
) -> Result<Json<Value>, Refusal> {
    simulator.store.change(|state, _| {
        let place = state.webhooks.iter().position(|webhook| webhook.id == id).ok_or(Refusal::NoWebhook)?;
        state.webhooks.remove(place);
        Ok(Json(json!({ "message": "Webhook deleted", "success": true })))
    })
}

fn view(app: &App, webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "name": webhook.name,
        "account_sid": format!("AC{:0>32}", app.id),
        "service_id": app.serial.to_string(),
        "url": webhook.url,
        "signing_key": webhook.signing_key,
        "events": webhook.events,
    })
}
