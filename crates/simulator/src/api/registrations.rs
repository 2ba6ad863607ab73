//! Registrations under a name of the service's own, which a phone begins by scanning a code. The phones here scan none,
//! so all of them are pending.

use axum::Json;
use serde_json::{Value, json};

use super::{authorized::Authorized, refusal::Refusal};

pub(super) async fn status(params: Authorized) -> Result<Json<Value>, Refusal> {
    params.text("custom_user_id").ok_or(Refusal::Missing("custom_user_id"))?;
    Ok(Json(json!({ "registration": { "status": "pending" }, "message": "Registration status.", "success": true })))
}
