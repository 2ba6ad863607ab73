//! What the executable of fa8701f wrote (`tests/fixtures/fa8701f`), put back as if it had just been written.

use std::path::Path;

use approval::Clock;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

/// The people, cookies and approvals of the fixture.
pub(crate) fn facts() -> Value {
    serde_json::from_str(include_str!("../fixtures/fa8701f/facts.json")).unwrap()
}

/// An approval of the fixture, for the browser with this name.
pub(crate) fn approval_of(name: &str) -> Value {
    json!({ "id": facts()[name]["approval"], "version": 0 })
}

/// Writes a database from its dump to `path`, in the place of what is there. A dump has its tables in alphabetical order,
/// so their references count only afterwards.
pub(crate) async fn restore(dump: &'static str, path: &Path) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(false);
    let mut db = options.connect().await.unwrap();
    sqlx::raw_sql(dump).execute(&mut db).await.unwrap();
    make_young(&mut db).await;
    db.close().await.unwrap();
}

/// Moves all times by the age of the fixture.
async fn make_young(db: &mut SqliteConnection) {
    let made_at = facts()["made_at"].as_i64().unwrap();
    let age = i64::try_from(Clock::system().now().unix_timestamp_nanos() / 1_000_000).unwrap() - made_at;
    let times = "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND (c.name = 'at' OR c.name LIKE '%~_at' ESCAPE '~' OR c.name LIKE '%~_until' ESCAPE '~')";
    let times: Vec<(String, String)> = sqlx::query_as(times).fetch_all(&mut *db).await.unwrap();
    for (table, column) in times {
        let moved = format!("UPDATE {table} SET {column} = {column} + {age}");
        sqlx::raw_sql(AssertSqlSafe(moved)).execute(&mut *db).await.unwrap();
    }
}
