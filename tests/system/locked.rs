//! Another program, such as an operator's sqlite3, has the database locked for longer than a statement waits.

use futures_util::join;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::browser::{Browser, signing_in};
use crate::metrics::counted;
use crate::port::free_port;
use crate::world::World;

const SENTENCE: &str = "We cannot save anything right now.";

#[tokio::test]
async fn programs_and_pages_are_told_when_to_try_again_and_the_log_states_it_once() {
    let admin = format!("127.0.0.1:{}", free_port());
    let mut world = World::start_with(&[("ADMIN_ADDR", &admin)]).await;
    let (person, mut waiting, approval) = signing_in(&world).await;
    let path = world.folder.path().join("data/countersign.db");
    let mut holder = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    holder.execute("BEGIN IMMEDIATE").await.unwrap();

    let password = "difference engine";
    let (mut program, mut page, mut leaving) = (Browser::default(), Browser::default(), waiting.clone());
    // The form is taken from a browser that has shown that it keeps cookies.
    let form = [("email", &*person.email), ("password", password)];
    page.submit(&world, "/sign-in", &form).await;
    let (by_json, by_form, completed, left) = join!(
        program.post(&world, "/api/session", json!({ "email": person.email, "password": password })),
        page.submit(&world, "/sign-in", &form),
        waiting.act(&world, &approval, "cancel"),
        leaving.submit(&world, "/sign-out", &[]),
    );
    for answer in [&by_json, &completed] {
        assert_eq!((answer.status, answer.problem()), (503, "database-busy".to_owned()));
        assert_eq!(answer.header("retry-after"), "5");
        assert!(answer.text.contains(SENTENCE), "{}", answer.text);
    }
    for answer in [&by_form, &left] {
        assert_eq!((answer.status, answer.header("retry-after")), (503, "5"));
        assert!(answer.header("content-type").starts_with("text/html"), "{:?}", answer.headers);
        assert!(answer.text.contains(SENTENCE), "{}", answer.text);
    }
    let text = counted(&world, &admin).await;
    assert!(text.contains("countersign_ready 0\n"), "{text}");
    assert!(text.contains("countersign_findings{part=\"database\",level=\"error\"} 1\n"), "{text}");

    holder.execute("ROLLBACK").await.unwrap();
    let mut stated = 0;
    loop {
        let line = world.serve.error_line().await;
        stated += usize::from(line.contains("the database has not become free for 5 s"));
        assert!(!line.contains("a request failed"), "{line}");
        if line.contains("the database is free again") {
            break;
        }
    }
    assert_eq!(stated, 1);
    assert_eq!(
        program.post(&world, "/api/session", json!({ "email": person.email, "password": password })).await.status,
        201
    );
}
