//! What a callback says: the provider's payload since 2017, every field in the order of its captures.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use approval::{Entropy, Status};

use crate::{
    param::{Fields, Param},
    phone::Phone,
    request::{Logo, Request},
    state::App,
};

#[derive(Serialize)]
struct Payload<'a> {
    authy_id: u32,
    device_uuid: u32,
    callback_action: &'static str,
    uuid: Uuid,
    status: Status,
    approval_request: Approval<'a>,
    /// Made by the phone with its own key; nobody but the provider can check it.
    signature: String,
    device: Device,
}

#[derive(Serialize)]
struct Approval<'a> {
    transaction: Transaction<'a>,
    expiration_timestamp: i64,
    logos: Option<&'a [Logo]>,
    app_id: &'a str,
}

#[derive(Serialize)]
struct Transaction<'a> {
    details: Option<&'a Param>,
    device_details: Fields,
    device_geolocation: &'static str,
    device_signing_time: i64,
    encrypted: bool,
    flagged: bool,
    hidden_details: Option<&'a Param>,
    message: &'a str,
    reason: &'static str,
    requester_details: Option<()>,
    status: Status,
    uuid: Uuid,
    created_at_time: i64,
    customer_uuid: u32,
}

#[derive(Serialize)]
struct Device {
    city: Option<&'static str>,
    country: &'static str,
    ip: &'static str,
    region: Option<&'static str>,
    registration_city: Option<&'static str>,
    registration_country: &'static str,
    registration_ip: &'static str,
    registration_method: &'static str,
    registration_region: Option<&'static str>,
    os_type: &'static str,
    last_account_recovery_at: Option<i64>,
    id: u32,
    registration_date: i64,
    last_sync_date: i64,
}

/// The body of the callback for a request that was answered `now`.
pub(super) fn of(app: &App, phone: &Phone, request: &Request, now: OffsetDateTime, entropy: &Entropy) -> Bytes {
    let status = request.status(now);
    let payload = Payload {
        authy_id: phone.authy_id,
        device_uuid: phone.device,
        callback_action: "approval_request_status",
        uuid: request.uuid,
        status,
        approval_request: Approval {
            transaction: transaction(app, request, status, now),
            expiration_timestamp: request.expires_at().map_or(0, OffsetDateTime::unix_timestamp),
            logos: (!request.logos.is_empty()).then_some(&request.logos),
            app_id: &app.id,
        },
        signature: BASE64_STANDARD.encode(entropy.bytes::<256>()),
        device: device(phone, now),
    };
    serde_json::to_vec(&payload).unwrap_or_default().into()
}

fn transaction<'a>(app: &App, request: &'a Request, status: Status, now: OffsetDateTime) -> Transaction<'a> {
    Transaction {
        details: Some(&request.details).filter(|details| !details.is_empty()),
        device_details: Fields::new(),
        device_geolocation: "",
        device_signing_time: now.unix_timestamp(),
        encrypted: false,
        flagged: false,
        hidden_details: Some(&request.hidden_details).filter(|hidden| !hidden.is_empty()),
        message: &request.message,
        reason: "",
        requester_details: None,
        status,
        uuid: request.uuid,
        created_at_time: request.created_at.unix_timestamp(),
        customer_uuid: app.serial,
    }
}

/// Addresses are of the block that is kept for documentation (RFC 5737).
fn device(phone: &Phone, now: OffsetDateTime) -> Device {
    Device {
        city: None,
        country: "Colombia",
        ip: "203.0.113.7",
        region: None,
        registration_city: None,
        registration_country: "Colombia",
        registration_ip: "203.0.113.7",
        registration_method: "sms",
        registration_region: None,
        os_type: "android",
        last_account_recovery_at: None,
        id: phone.device,
        registration_date: phone.registered_at.unix_timestamp(),
        last_sync_date: now.unix_timestamp(),
    }
}
