//! Other programs on the database file: a reader that is forgotten keeps the write-ahead log from being checkpointed, a writer
//! that is forgotten keeps everybody from writing.

use std::fs;

use futures_util::future::join_all;
use sqlx::{Connection as _, Executor as _, SqliteConnection};
use storage::{Checkpoint, StorageError};

use crate::given::Given;

/// More than the log keeps once it is checkpointed.
const WRITE_72_MB: &str = "
    CREATE TABLE ballast (bytes BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 72)
        INSERT INTO ballast SELECT zeroblob(1000000) FROM n;
    DROP TABLE ballast";

async fn other_program(given: &Given) -> SqliteConnection {
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    SqliteConnection::connect(&url).await.unwrap()
}

#[tokio::test]
async fn what_a_forgotten_reader_holds_is_counted_and_the_log_is_cut_after_it_has_gone() {
    let given = Given::empty().await;
    let mut reader = other_program(&given).await;
    reader.execute("BEGIN; SELECT count(*) FROM users").await.unwrap();
    let mut writer = other_program(&given).await;
    writer.execute(WRITE_72_MB).await.unwrap();
    let held = given.storage.maintenance().checkpoint().await.unwrap().unwrap();
    assert!(held.blocked_wal_bytes() > 72_000_000, "{held:?}");
    let log = given.folder.path().join("test.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 72_000_000);

    reader.execute("COMMIT").await.unwrap();
    let Checkpoint { log_pages, checkpointed_pages } = given.storage.maintenance().checkpoint().await.unwrap().unwrap();
    assert_eq!(log_pages, checkpointed_pages);
    given.account("ada@example.com").await;
    assert!(fs::metadata(&log).unwrap().len() <= 64 << 20);
}

#[tokio::test]
async fn a_database_that_another_program_locks_is_busy_for_every_caller() {
    let given = Given::empty().await;
    let mut writer = other_program(&given).await;
    writer.execute("BEGIN IMMEDIATE").await.unwrap();
    for refused in join_all((0..4).map(|_| given.storage.maintenance().ping())).await {
        assert!(matches!(refused, Err(StorageError::Busy(_))), "{refused:?}");
    }
    writer.execute("ROLLBACK").await.unwrap();
    given.storage.maintenance().ping().await.unwrap();
}
