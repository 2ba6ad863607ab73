//! Actions that a pending session may and may not do.

use serde_json::{Value, json};
use site::ForwardedHeader;

use crate::cpu::{Bill, COUNTED};
use crate::hub::{Hub, Input};
use crate::inputs::{LARGEST_BODY, jsons, numbered};

/// Bodies for confirmed sessions only are not read for other clients.
#[tokio::test]
async fn what_needs_a_confirmed_session_is_cheap_without_one() {
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let pending = hub.pending().await;
    let mut bill = Bill::default();
    for (what, value) in jsons() {
        for (path, before) in [
            ("/api/approvals", r#"{"message":"a","details":"#),
            ("/api/approvals", r#"{"message":"a","logos":"#),
            ("/api/password", r#"{"old_password":"a","password":"#),
        ] {
            let input = Input::raw_json(path, format!("{before}{value}}}")).with("cookie", &pending.cookie);
            bill.add(format!("{path} {before} {what}"), async || hub.cost(&input).await).await;
        }
    }
    let labels = numbered(LARGEST_BODY - 200, |count| format!("\"\u{1d400}{count}\":\"\","));
    let details = format!("{{\"message\":\"a\",\"details\":{{{labels}\"x\":\"1\"}}}}");
    let input = Input::raw_json("/api/approvals", details).with("cookie", &pending.cookie);
    bill.add("details", async || hub.cost(&input).await).await;
    bill.settle();
}

/// Each has a session of its own, as most actions are possible once.
#[tokio::test]
async fn what_a_pending_session_may_do_is_cheap() {
    let hub = Hub::start(ForwardedHeader::XForwardedFor).await;
    let (mut bill, mut counted) = (Bill::default(), Bill::default());
    for (method, path, body, is_counted) in [
        ("POST", "/api/approvals/{id}/resend", Value::Null, true),
        ("POST", "/api/session/code", json!({ "code": "0123456" }), true),
        ("POST", "/api/session/code/send", json!({ "channel": "sms" }), true),
        ("POST", "/api/approvals/{id}/cancel", Value::Null, false),
        ("POST", "/api/approvals/{id}/complete", Value::Null, false),
        ("DELETE", "/api/session", Value::Null, false),
        ("POST", "/sign-up/change", Value::Null, false),
        ("GET", "/api/session", Value::Null, false),
        ("GET", "/approvals/{id}", Value::Null, false),
        ("GET", "/code", Value::Null, false),
        ("GET", "/api/approvals/{id}?wait=30&since=0", Value::Null, false),
    ] {
        let bill = if is_counted { &mut counted } else { &mut bill };
        bill.add(format!("{method} {path}"), async || {
            let pending = hub.pending().await;
            let input = Input { method, ..Input::json(path.replace("{id}", &pending.approval), &body) };
            hub.cost(&input.with("cookie", &pending.cookie)).await
        })
        .await;
    }
    counted.settle_within(COUNTED);
    bill.settle();
}
