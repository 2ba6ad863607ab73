//! The provider's keys: from a file or a variable, none that everybody knows, and two at once while they are exchanged.

use std::fs;

use serde_json::json;
use tempfile::tempdir;

use crate::browser::signing_in;
use crate::process::Process;
use crate::signed::{callback, send_callback, sign};
use crate::world::{KEY, World};

const ROLES: [&str; 4] = ["serve", "receiver", "hub", "simulator"];
const DEMO: &str = "countersign-demo-key";

/// The one sentence of a role that does not start with these variables.
async fn refused(role: &str, variables: &[(&str, &str)]) -> String {
    let folder = tempdir().unwrap();
    let ended = Process::start(folder.path(), &[role], &[&[("PORT", "0")], variables].concat()).ended().await;
    assert_eq!((ended.status.code(), ended.output), (Some(2), vec![]));
    let [sentence] = ended.errors.as_slice() else { panic!("not one sentence: {:?}", ended.errors) };
    sentence.clone()
}

#[tokio::test]
async fn no_role_but_the_demo_starts_without_a_key_of_its_own() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, format!("{DEMO}\n")).unwrap();
    for role in ROLES {
        let missing = refused(role, &[]).await;
        assert!(missing.starts_with("countersign: AUTHY_API_KEY is missing; set it to "), "{missing}");
        for (key, why) in
            [(" \t", "must not be blank"), (DEMO, "must not be the key of the demo, which everybody knows")]
        {
            assert_eq!(refused(role, &[("AUTHY_API_KEY", key)]).await, format!("countersign: AUTHY_API_KEY {why}"));
        }
        let by_file = refused(role, &[("AUTHY_API_KEY_FILE", file.to_str().unwrap())]).await;
        assert!(by_file.starts_with("countersign: AUTHY_API_KEY must not be the key of the demo"), "{by_file}");
    }
    for role in ["serve", "receiver"] {
        let previous = refused(role, &[("AUTHY_API_KEY", KEY), ("AUTHY_API_KEY_PREVIOUS", DEMO)]).await;
        assert!(
            previous.starts_with("countersign: AUTHY_API_KEY_PREVIOUS must not be the key of the demo"),
            "{previous}"
        );
    }
}

#[tokio::test]
async fn a_key_in_a_file_does_what_a_key_in_a_variable_does() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("key"), format!("{KEY}\n")).unwrap();
    let by_file = [("PORT", "0"), ("AUTHY_API_KEY_FILE", "key")];
    let mut simulator = Process::start(folder.path(), &["simulator"], &by_file);
    let status = format!("{}/protected/json/app/details", simulator.url().await);
    for (key, expected) in [(KEY, 200), ("another", 401)] {
        let answer = crate::client::client().get(&status).header("x-authy-api-key", key).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{key}");
    }
    Process::start(folder.path(), &["serve"], &by_file).url().await;
}

#[tokio::test]
async fn while_keys_are_exchanged_callbacks_of_both_decide_and_those_of_another_application_do_not() {
    let mut world = World::start_with(&[("AUTHY_API_KEY_PREVIOUS", "the-old-key")]).await;
    let (person, mut browser, approval) = signing_in(&world).await;
    let genuine = callback(&world, &person.cellphone, &approval).await;
    assert_eq!(send_callback(&world, &genuine, Some(&sign(&world, "another-key", &genuine))).await, 401);
    assert_eq!(browser.look(&world, &approval).await["status"], "pending");
    assert_eq!(send_callback(&world, &genuine, Some(&sign(&world, "the-old-key", &genuine))).await, 200);
    browser.until(&world, &approval, "approved").await;
    assert_eq!(send_callback(&world, &genuine, Some(&sign(&world, KEY, &genuine))).await, 200);
    let mut contradiction = genuine.clone();
    contradiction["status"] = json!("denied");
    assert_eq!(send_callback(&world, &contradiction, Some(&sign(&world, "the-old-key", &contradiction))).await, 200);
    world.audited(&approval, "callback_refused: is approved already; denied changes nothing").await;
    assert_eq!(browser.act(&world, &approval, "complete").await.status, 200);

    let mut keys = Vec::new();
    while keys.len() < 4 {
        let line = world.serve.error_line().await;
        keys.extend(
            ["current", "previous"].into_iter().filter(|key| line.contains(&format!("callback.key=\"{key}\""))),
        );
        if line.contains("callback.outcome=\"repeated\"") {
            assert!(line.contains("callback.key=\"current\""), "the same said under the other key is a repeat: {line}");
        }
    }
    assert_eq!(keys, ["current", "previous", "current", "previous"], "the sign-up's, and the three above");
}
