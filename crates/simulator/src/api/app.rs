//! What the provider tells about the application itself.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::authorized::Authorized;
use crate::simulator::Simulator;

pub(super) async fn details(State(simulator): State<Simulator>, _: Authorized) -> Json<Value> {
    let serial = simulator.store.read(|state, _| state.app.serial);
    Json(json!({
        "app": {
            "app_id": serial,
            "name": simulator.settings.name,
            "plan": "pay_as_you_go",
            "sms_enabled": true,
            "phone_calls_enabled": true,
            "onetouch_enabled": true,
        },
        "message": "Application information.",
        "success": true,
    }))
}

/// One month, this one, with what is still remembered of it.
pub(super) async fn stats(State(simulator): State<Simulator>, _: Authorized) -> Json<Value> {
    simulator.store.read(|state, now| {
        let users = state.phones.iter().filter(|phone| phone.has_user()).count();
        let sms: usize = state.phones.iter().map(|phone| phone.sms.len()).sum();
        let calls: usize = state.phones.iter().map(|phone| phone.calls.len()).sum();
        let auths = state.phones.iter().flat_map(|phone| phone.sms.iter().chain(&phone.calls)).filter(|code| code.used);
        Json(json!({
            "app_id": state.app.serial,
            "count": 1,
            "message": "Monthly statistics.",
            "stats": [{
                "api_calls_count": users + sms + calls,
                "auths_count": auths.count(),
                "calls_count": calls,
                "month": now.month().to_string(),
                "sms_count": sms,
                "users_count": users,
                "year": now.year(),
            }],
            "total_users": users,
            "success": true,
        }))
    })
}
