//! A database that fails at one statement of a step: whatever it is, the step is not done, not even half, and is done when
//! it is tried again. Each failure is a trigger that this file puts in the way.

use approval::{Change, Purpose, Status};
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use storage::{CodeApproved, CodeConfirmed, CodeHash, Completed, Decided, Heard};
use time::Duration;

use crate::given::{Given, Waiting, callback};

/// Every write that a step of the second factor makes.
const WRITES: [&str; 6] = [
    "UPDATE ON sessions",
    "UPDATE ON users",
    "UPDATE ON approvals",
    "INSERT ON used_codes",
    "INSERT ON outbox",
    "INSERT ON audit",
];

/// The way of the writes, where something can stand.
struct Way(SqlitePool);

impl Way {
    async fn of(given: &Given) -> Self {
        let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
        // One connection: another would not know yet what the first has put up.
        Self(SqlitePoolOptions::new().max_connections(1).connect(&url).await.unwrap())
    }

    async fn bar(&self, write: &str) {
        self.put_up(write, "ABORT").await;
    }

    /// As a full disk does: with the write SQLite ends its transaction, so that there is none to roll back.
    async fn fill(&self, write: &str) {
        self.put_up(write, "ROLLBACK").await;
    }

    async fn put_up(&self, write: &str, how: &str) {
        let trigger = format!("CREATE TRIGGER fault BEFORE {write} BEGIN SELECT RAISE({how}, 'the disk is gone'); END");
        sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&self.0).await.unwrap();
    }

    async fn clear(&self) {
        sqlx::raw_sql("DROP TRIGGER fault").execute(&self.0).await.unwrap();
    }
}

async fn is_confirmed(given: &Given, waiting: &Waiting) -> bool {
    given.storage.sessions().find(waiting.token).await.unwrap().is_none_or(|session| session.confirmed.is_some())
}

#[tokio::test]
async fn a_decision_that_cannot_be_written_whole_is_not_made() {
    let given = Given::empty().await;
    let way = Way::of(&given).await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let approved = callback(&given.sent(&waiting).await, "approved");
    let mut failed = 0;
    for write in ["UPDATE ON approvals", "INSERT ON outbox", "INSERT ON audit"] {
        way.bar(write).await;
        failed += usize::from(given.storage.approvals().decide(&approved, Heard::Callback).await.is_err());
        way.clear().await;
        assert_eq!(given.now(&waiting).await.status, Status::Pending, "{write}");
    }
    assert_eq!(failed, 3);
    assert!(matches!(given.storage.approvals().decide(&approved, Heard::Callback).await.unwrap(), Decided::Now(_)));
}

#[tokio::test]
async fn a_completion_that_cannot_be_written_whole_opens_nothing() {
    let given = Given::empty().await;
    let way = Way::of(&given).await;
    let waiting = given.sign_up("ada@example.com").await;
    let request = given.sent(&waiting).await;
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    let complete = async || {
        let token = given.new_token(&waiting);
        given.storage.sessions().complete(&waiting.session, waiting.approval.id, "proof", token).await
    };
    for write in WRITES.into_iter().filter(|write| *write != "INSERT ON used_codes") {
        way.bar(write).await;
        assert!(complete().await.is_err(), "{write}");
        way.clear().await;
        assert!(!is_confirmed(&given, &waiting).await, "{write}");
        assert_eq!(given.now(&waiting).await.completed_at, None, "{write}");
    }
    assert_eq!(complete().await.unwrap(), Completed::Confirmed);
}

#[tokio::test]
async fn a_code_whose_use_cannot_be_written_whole_opens_nothing_and_is_not_used_up() {
    let given = Given::empty().await;
    let way = Way::of(&given).await;
    let waiting = given.sign_up("ada@example.com").await;
    let confirm = async || {
        let token = given.new_token(&waiting);
        given.storage.codes().confirm_by_code(&waiting.session, CodeHash([1; 32]), "code", token).await
    };
    for write in WRITES {
        way.bar(write).await;
        assert!(confirm().await.is_err(), "{write}");
        way.clear().await;
        assert!(!is_confirmed(&given, &waiting).await, "{write}");
    }
    assert!(matches!(confirm().await.unwrap(), CodeConfirmed::Fresh(Completed::Confirmed, _)));
}

#[tokio::test]
async fn a_transactions_code_whose_use_cannot_be_written_whole_approves_nothing_and_is_not_used_up() {
    let given = Given::empty().await;
    let way = Way::of(&given).await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let asked = given.approval_of(&waiting.session, Purpose::Transaction, &[]);
    let (id, user) = (asked.id, asked.user);
    given.storage.transactions().begin(id, user, waiting.session.id, |_| asked).await.unwrap();
    let approve = async || given.storage.codes().approve_by_code(&waiting.session, id, CodeHash([1; 32])).await;
    for write in ["INSERT ON used_codes", "UPDATE ON approvals", "INSERT ON outbox", "INSERT ON audit"] {
        way.bar(write).await;
        assert!(approve().await.is_err(), "{write}");
        way.clear().await;
        assert_eq!(given.storage.approvals().find(id).await.unwrap().unwrap().status, Status::Pending, "{write}");
    }
    assert!(matches!(approve().await.unwrap(), Some(CodeApproved::Fresh(now)) if now.status == Status::Approved));
}

#[tokio::test]
async fn a_cancellation_that_cannot_be_written_whole_changes_nothing() {
    let given = Given::empty().await;
    let way = Way::of(&given).await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    for write in ["UPDATE ON approvals", "INSERT ON outbox", "INSERT ON audit"] {
        way.bar(write).await;
        assert!(given.storage.approvals().end(waiting.approval.id, Change::Cancel).await.is_err(), "{write}");
        way.clear().await;
        assert_eq!(given.now(&waiting).await.status, Status::Pending, "{write}");
    }
}

#[tokio::test]
async fn once_a_disk_that_was_full_has_room_again_every_step_works_again() {
    let given = Given::empty().await;
    let way = Way::of(&given).await;
    let user = given.account("ada@example.com").await;
    let waiting = given.sign_in(user).await;
    let request = given.sent(&waiting).await;
    for _ in 0..2 {
        way.fill("UPDATE ON approvals").await;
        assert!(given.storage.approvals().end(waiting.approval.id, Change::Cancel).await.is_err());
        way.clear().await;
    }
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    assert_eq!(given.complete(&waiting, given.new_token(&waiting)).await, Completed::Confirmed);
    given.sign_in(user).await;
}

#[tokio::test]
async fn a_session_whose_use_cannot_be_written_down_is_read_all_the_same() {
    let given = Given::empty().await;
    let way = Way::of(&given).await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let token = given.new_token(&waiting);
    given.storage.codes().confirm_by_code(&waiting.session, CodeHash([1; 32]), "code", token).await.unwrap();
    given.pass(Duration::minutes(2));
    way.bar("UPDATE ON sessions").await;
    let read = given.storage.sessions().find(token.new).await.unwrap().unwrap();
    way.clear().await;
    let written = given.storage.sessions().find(token.new).await.unwrap().unwrap();
    assert_eq!(written.expires_at - read.expires_at, Duration::minutes(2), "only the use is lost");
}
