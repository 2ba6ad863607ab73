//! Callbacks as the provider makes and signs them, made here.

use provider::{ApiKey, CallbackUrl, Method as Signed};
use serde_json::{Value, json};

use crate::world::World;

/// The callback that approves `approval`, in the provider's shape.
pub(crate) async fn callback(world: &World, cellphone: &str, approval: &Value) -> Value {
    let request = world.request(cellphone, approval).await;
    let authy_id = world.phone(cellphone).await["authy_id"].clone();
    let transaction = json!({ "message": request["message"], "details": request["details"],
        "hidden_details": request["hidden_details"], "status": "approved" });
    json!({ "authy_id": authy_id, "uuid": request["uuid"], "status": "approved",
        "callback_action": "approval_request_status", "approval_request": { "transaction": transaction, "logos": null } })
}

pub(crate) fn sign(world: &World, key: &str, body: &Value) -> String {
    let key = ApiKey::new(approval::Secret::new(key)).unwrap();
    let url: CallbackUrl = world.callback_url().parse().unwrap();
    let params = provider::canonical(body.to_string().as_bytes()).unwrap();
    provider::sign(&key, &url, Signed::Post, "1795000000", &params)
}

pub(crate) async fn send_callback(world: &World, body: &Value, signature: Option<&str>) -> u16 {
    let mut request = world.http.post(world.callback_url()).body(body.to_string());
    if let Some(signature) = signature {
        request = request.header("x-authy-signature", signature).header("x-authy-signature-nonce", "1795000000");
    }
    request.send().await.unwrap().status().as_u16()
}
