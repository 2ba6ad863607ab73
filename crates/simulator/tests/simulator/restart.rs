//! What a simulator remembers in its file.

use serde_json::json;
use simulator::OpenError;

use crate::harness::Builder;

#[tokio::test]
async fn phones_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/simulator.json");
    let before = Builder::new().kept_in(file.clone()).start().await;
    let id = before.register("3001234512").await;
    before.ask(id, &json!({ "message": "Send?", "details": { "To": "Jarod", "Amount": "1" } })).await;
    before.get(&format!("/protected/json/sms/{id}?force=true")).await;
    before.switch(id, &json!({ "out_of_order": true })).await;
    let phone = before.phone(id).await;

    let after = Builder::new().kept_in(file).start().await;
    let mut again = after.phone(id).await;
    again["authenticator"]["seconds_left"] = phone["authenticator"]["seconds_left"].clone();
    again["authenticator"]["code"] = phone["authenticator"]["code"].clone();
    assert_eq!(again, phone);
}

#[tokio::test]
async fn a_broken_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("simulator.json");
    for broken in ["", "{\"phones\":[]", "[]"] {
        std::fs::write(&file, broken).unwrap();
        let error = Builder::new().kept_in(file.clone()).try_start().await.err().unwrap();
        assert!(matches!(error, OpenError::Broken { .. }), "{error}");
        assert!(error.to_string().ends_with("is not a state file of this simulator; move it away to start afresh"));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), broken);
    }
}

#[tokio::test]
async fn one_number_keeps_its_id_in_a_simulator_that_starts_afresh() {
    let (one, other) = (Builder::new().start().await, Builder::new().start().await);
    assert_eq!(one.register("3001234512").await, other.register("300 123 4512").await);
}
