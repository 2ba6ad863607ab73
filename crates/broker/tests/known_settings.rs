//! Every setting that the newest server knows for a stream or a consumer is one that the review lists, as harmless or as
//! refused (`src/jetstream/review.rs`). All names come from the server's own executable, and the server says of each
//! whether it is one of a stream or of a consumer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../src/jetstream/review/names.rs"]
mod names;
#[path = "../../../tests/system/nats.rs"]
#[expect(dead_code, reason = "shared with the whole-system tests, which use more of it")]
mod nats;
#[path = "../../../tests/system/port.rs"]
mod port;

use std::collections::BTreeSet;

use async_nats::Client;
use futures_util::stream::{StreamExt as _, iter};
use nats::{NEWEST, Server, program};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How the server complains of a field that it does not know.
const UNKNOWN: &str = "unknown field";

/// Settings that no stream or consumer of ours has: the review refuses them as it refuses what is not listed. And what is
/// no setting, but of the request.
const UNLISTED: [&str; 3] = ["sourcing", "direct", "pedantic"];

/// Each name under which something of the server is JSON.
fn all_names() -> BTreeSet<String> {
    const TAG: &[u8] = b"json:\"";
    let executable = std::fs::read(program(NEWEST)).unwrap();
    let tags = executable.windows(TAG.len()).enumerate().filter(|(_, window)| *window == TAG);
    let is_part = |byte: &&u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || **byte == b'_';
    let names =
        tags.map(|(at, _)| executable[at + TAG.len()..].iter().take_while(is_part).map(|byte| char::from(*byte)));
    names.map(String::from_iter).filter(|name: &String| !name.is_empty()).collect()
}

/// Those of `names` that the server knows in a request on `subject` that `request` makes with one of them.
async fn known(
    client: &Client,
    names: &BTreeSet<String>,
    subject: &str,
    request: fn(&str) -> Value,
) -> BTreeSet<String> {
    let asking = iter(names).map(async |name| {
        let answer = client.request(subject.to_owned(), request(name).to_string().into()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        (!answer["error"]["description"].as_str().unwrap_or_default().contains(UNKNOWN)).then(|| name.clone())
    });
    asking.buffered(32).filter_map(std::future::ready).collect().await
}

#[tokio::test]
async fn each_setting_that_the_newest_server_knows_is_listed_in_the_review() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(NEWEST, folder.path(), &[]);
    let client = async_nats::connect(&server.url).await.unwrap();
    let names = all_names();
    assert!(names.len() > 500, "the names are not where they are looked for: {names:?}");
    // Neither request makes anything: the names do not fit the subjects.
    let of_streams = known(&client, &names, "$JS.API.STREAM.CREATE.NONE", |name| json!({ (name): null })).await;
    let request = |name: &str| json!({ "stream_name": "NONE", "config": { (name): null } });
    let of_consumers = known(&client, &names, "$JS.API.CONSUMER.CREATE.NONE.none", request).await;
    for (known, listed) in [(of_streams, &names::OF_STREAMS[..]), (of_consumers, &names::OF_CONSUMERS)] {
        assert!(known.len() > 20, "{known:?}");
        let unlisted =
            known.iter().filter(|name| !listed.contains(&name.as_str()) && !UNLISTED.contains(&name.as_str()));
        assert_eq!(unlisted.collect::<Vec<_>>(), Vec::<&String>::new());
    }
}
