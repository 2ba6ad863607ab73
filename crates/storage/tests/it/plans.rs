//! How every statement finds its rows: by an index, wherever a table grows. Who reads a whole table while writing keeps
//! everybody else who writes waiting, longer each month.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use crate::given::Given;

/// What is read to its end all the same, as a plan says it, and why it may be.
const WHOLE: [(&str, &str); 8] = [
    ("SCAN CONSTANT ROW", "it is no table"),
    ("SCAN (subquery", "it has only rows that an index has found, which are limited in number"),
    ("SCAN json_each", "it has what a statement was given"),
    ("SCAN server_keys", "it has a row for each key, and never another"),
    ("SCAN reset_links", "operators make them by hand, and each goes after half an hour"),
    ("SCAN invitations", "operators make them by hand, and each goes after a week"),
    ("SCAN used_codes", "each goes after 10 minutes"),
    ("SCAN approvals USING INDEX approvals_pending", "it has pending approvals alone, which end within minutes"),
];

/// Every statement on the database, as the compiler checked it.
fn statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.map(|file| serde_json::from_slice::<Value>(&file).unwrap()["query"].as_str().unwrap().to_owned()).collect()
}

/// How SQLite would go about a statement, foreign keys included; it has not seen a row yet, and so guesses nothing.
async fn plan(db: &mut SqliteConnection, statement: &str) -> Vec<String> {
    let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"))).fetch_all(db).await.unwrap();
    explained.iter().map(|step| step.get("detail")).collect()
}

#[tokio::test]
async fn no_statement_reads_the_whole_of_a_table_that_grows() {
    let given = Given::empty().await;
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let (mut excused, mut found) = (BTreeSet::new(), Vec::new());
    for statement in statements() {
        for step in plan(&mut db, &statement).await.into_iter().filter(|step| step.starts_with("SCAN")) {
            match WHOLE.iter().find(|(whole, _)| step.starts_with(whole)) {
                Some((whole, _)) => _ = excused.insert(*whole),
                None => found.push(format!("{step}: {statement}")),
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(excused.len(), WHOLE.len(), "what needs no excuse any more: all but {excused:?}");
}

#[tokio::test]
async fn sessions_that_nobody_confirmed_are_found_without_a_look_at_the_others() {
    let given = Given::empty().await;
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let sweeps =
        |statement: &String| statement.contains("DELETE FROM sessions") && statement.contains("confirmed_at IS NULL");
    let statement = statements().into_iter().find(sweeps).unwrap();
    let steps = plan(&mut db, &statement).await;
    assert!(steps.iter().any(|step| step.contains("INDEX sessions_unconfirmed")), "{steps:#?}");
}

#[tokio::test]
async fn an_invitation_finds_an_account_by_the_keys_of_its_address() {
    let given = Given::empty().await;
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    let of_both = |statement: &String| {
        ["SELECT EXISTS", "email_key = $1 ", " email = $1 "].iter().all(|part| statement.contains(part))
    };
    let statement = statements().into_iter().find(of_both).unwrap();
    let steps = plan(&mut db, &statement).await.join("\n");
    for found in ["users_by_email_key (email_key=?)", "users_by_email (email=?)"] {
        assert!(steps.contains(found), "{steps}");
    }
}

#[test]
fn no_statement_gives_a_column_another_type_than_a_truth_value() {
    for statement in statements() {
        let named = statement.split('"').skip(1).step_by(2).filter_map(|column| column.split_once(": "));
        for (column, kind) in named {
            assert_eq!(kind, "bool", "{column}: another database has no such type for it: {statement}");
        }
    }
}
