//! What another authenticator needs to show the same codes as the user's phone.

use axum::{Json, extract::State};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{authorized::Authorized, lookup::user, named::Named, refusal::Refusal};
use crate::{simulator::Simulator, totp::Authenticator};

/// The provider answers with the address of a picture. Here stands what the picture would say, which programs can read,
/// too; so `qr_size` counts for nothing.
pub(super) async fn of_user(
    State(simulator): State<Simulator>,
    Named(id): Named<String>,
    params: Authorized,
) -> Result<Json<Value>, Refusal> {
    let issuer = &simulator.settings.name;
    let told = simulator.store.read(|state, _| {
        user(state, &id).map(|phone| {
            let label = params.text("label").or_else(|| phone.emails.last().cloned()).unwrap_or_default();
            let qr_code = says(&phone.authenticator, &label, issuer);
            json!({ "label": label, "issuer": issuer, "qr_code": qr_code, "success": true })
        })
    })?;
    Ok(Json(told))
}

/// What authenticators scan (`otpauth`, as they all read it).
fn says(authenticator: &Authenticator, label: &str, issuer: &str) -> String {
    let escaped = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    format!(
        "otpauth://totp/{}?secret={}&issuer={}&algorithm=SHA256&digits=7&period={}",
        escaped(label),
        authenticator.base32(),
        escaped(issuer),
        Authenticator::PERIOD
    )
}
