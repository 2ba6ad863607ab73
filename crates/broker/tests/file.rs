//! What the embedded log promises beyond the conformance suite: one owner, a lease, a memory for ids, a disk that may
//! fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use approval::{Clock, MessageId};
use broker::{
    ConsumeError, Embedded, EmbeddedSettings, EventLog as _, Intake as _, Message, OpenError, Outcome, PublishError,
    Receipt,
};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::time::timeout;

const PATH: &str = "BROKER_OPEN_PATH";
const HOUR: i64 = 60 * 60;

/// A log whose clock is set by hand.
struct Opened {
    _folder: TempDir,
    path: PathBuf,
    seconds: Arc<AtomicI64>,
    log: Embedded,
}

impl Opened {
    async fn open() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("not/there/yet/events.db");
        let seconds = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&seconds);
        let clock =
            Clock::telling(move || OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(told.load(Ordering::SeqCst)));
        let log = Embedded::open(&path, clock, EmbeddedSettings::default()).await.unwrap();
        Self { _folder: folder, path, seconds, log }
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn publish(&self, payload: &str) -> Receipt {
        let id = MessageId::of(payload.as_bytes());
        self.log.publish(Message::event(id, payload.to_owned().into_bytes().into())).await.unwrap()
    }

    async fn settle_many(&self, name: &str) {
        for number in 0..100 {
            self.publish(&format!("{name} {number}")).await;
            let received = self.log.next().await.unwrap();
            self.log.settle(received, Outcome::Done).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_second_open_in_the_same_process_is_refused() {
    let opened = Opened::open().await;

    let second = Embedded::open(&opened.path, Clock::system(), EmbeddedSettings::default()).await;

    assert!(matches!(second, Err(OpenError::InUse)), "{second:?}");
    assert_eq!(opened.publish("a").await, Receipt::Stored);
}

#[tokio::test]
async fn a_second_open_by_another_process_is_refused() {
    if let Some(path) = std::env::var_os(PATH) {
        let second = Embedded::open(path.as_ref(), Clock::system(), EmbeddedSettings::default()).await;
        return assert!(matches!(second, Err(OpenError::InUse)), "{second:?}");
    }
    let opened = Opened::open().await;

    let other = Command::new(std::env::current_exe().unwrap())
        .args(["a_second_open_by_another_process_is_refused", "--exact"])
        .env(PATH, &opened.path)
        .output()
        .unwrap();

    assert!(other.status.success(), "{}", String::from_utf8_lossy(&other.stdout));
}

#[tokio::test]
async fn a_closed_log_answers_that_it_is_closed_and_can_be_opened_again() {
    let opened = Opened::open().await;
    let waiting = opened.log.next();

    let (ended, ()) = tokio::join!(waiting, opened.log.close());

    assert!(matches!(ended, Err(ConsumeError::Closed)), "{ended:?}");
    assert!(matches!(opened.log.dead_letters().await, Err(ConsumeError::Closed)));
    Embedded::open(&opened.path, Clock::system(), EmbeddedSettings::default()).await.unwrap();
}

#[tokio::test]
async fn what_is_no_event_log_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.db");
    std::fs::write(&path, "a letter to my aunt").unwrap();

    let opened = Embedded::open(&path, Clock::system(), EmbeddedSettings::default()).await;
    assert!(matches!(opened, Err(OpenError::File(_))), "{opened:?}");
    let below = Embedded::open(&path.join("events.db"), Clock::system(), EmbeddedSettings::default()).await;
    assert!(matches!(below, Err(OpenError::Folder(_))), "{below:?}");

    assert_eq!(std::fs::read(&path).unwrap(), b"a letter to my aunt");
}

#[tokio::test]
async fn a_message_whose_lease_ran_out_goes_to_another_and_the_first_may_not_settle_it() {
    let opened = Opened::open().await;
    opened.publish("a").await;
    let first = opened.log.next().await.unwrap();

    opened.pass(61);
    let second = opened.log.next().await.unwrap();
    assert_eq!((second.seq, second.attempt), (first.seq, 2));
    opened.log.settle(first, Outcome::Done).await.unwrap();
    opened.log.settle(second, Outcome::Retry(Duration::ZERO)).await.unwrap();

    assert_eq!(opened.log.next().await.unwrap().attempt, 3);
}

#[tokio::test]
async fn an_id_is_remembered_for_a_day_after_its_message_was_settled() {
    let opened = Opened::open().await;
    opened.settle_many("early").await;

    opened.pass(23 * HOUR);
    opened.settle_many("a day later").await;
    assert_eq!(opened.publish("early 0").await, Receipt::Duplicate);

    opened.pass(2 * HOUR);
    opened.settle_many("two hours later").await;
    assert_eq!(opened.publish("early 0").await, Receipt::Stored);
    assert_eq!(opened.publish("a day later 0").await, Receipt::Duplicate);
}

#[tokio::test]
async fn a_buried_message_is_not_stored_again_for_delivery() {
    let opened = Opened::open().await;
    let message = Message::raw(MessageId::of(b"a"), "a".into());
    opened.log.bury(message, "nobody can read it").await.unwrap();

    assert_eq!(opened.publish("a").await, Receipt::Duplicate);
}

#[tokio::test]
async fn a_log_that_may_grow_no_further_refuses_what_is_new_and_keeps_what_it_has() {
    let folder = TempDir::new().unwrap();
    let settings = EmbeddedSettings { max_bytes: Some(256 * 1024), ..EmbeddedSettings::default() };
    let log = Embedded::open(&folder.path().join("events.db"), Clock::system(), settings).await.unwrap();
    let message = |number: u32| Message::event(MessageId::of(&number.to_be_bytes()), vec![b'x'; 2000].into());

    let mut stored = 0;
    let refused = loop {
        match log.publish(message(stored)).await {
            Ok(_) => stored += 1,
            Err(refused) => break refused,
        }
    };

    assert!(matches!(refused, PublishError::Unwritable(_)), "{refused:?}");
    assert!(stored > 50, "{stored}");
    for _ in 0..stored {
        let received = log.next().await.unwrap();
        log.settle(received, Outcome::Done).await.unwrap();
    }
    assert_eq!(log.publish(message(stored)).await.unwrap(), Receipt::Stored);
}

#[tokio::test]
async fn what_is_acknowledged_after_writes_that_failed_together_is_on_the_disk() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.db");
    let open = async |path: &Path| Embedded::open(path, Clock::system(), EmbeddedSettings::default()).await.unwrap();
    open(&path).await.close().await;
    break_for(&path, "full disk", "ROLLBACK").await;
    break_for(&path, "broken disk", "ABORT").await;
    let log = open(&path).await;
    let event = |payload: &'static str| log.publish(Message::event(MessageId::of(payload.as_bytes()), payload.into()));

    // What is asked for at once shares a commit.
    for fault in ["full disk", "broken disk", "full disk", "broken disk"] {
        let (good, bad) = tokio::join!(event("lost"), event(fault));
        assert!(good.is_err() && bad.is_err(), "{fault}");
    }
    let (first, second) = tokio::join!(event("first"), event("second"));
    assert_eq!((first.unwrap(), second.unwrap()), (Receipt::Stored, Receipt::Stored));
    assert_eq!(event("third").await.unwrap(), Receipt::Stored);

    // As after `kill -9`: what stands in the files now, and nothing that is still to come.
    let left = TempDir::new().unwrap();
    for file in ["events.db", "events.db-wal"] {
        std::fs::copy(folder.path().join(file), left.path().join(file)).unwrap();
    }
    let left = open(&left.path().join("events.db")).await;
    for payload in ["first", "second", "third"] {
        let received = timeout(Duration::from_secs(30), left.next()).await.expect("it is there").unwrap();
        assert_eq!(&received.payload[..], payload.as_bytes());
    }
}

/// From now on a message that carries `payload` cannot be stored: with it SQLite ends its whole transaction, as on a full
/// disk (`ROLLBACK`), or the statement alone (`ABORT`).
async fn break_for(path: &Path, payload: &str, how: &str) {
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let trigger = format!(
        "CREATE TRIGGER on_{how} BEFORE INSERT ON messages WHEN CAST(NEW.payload AS TEXT) = '{payload}'
         BEGIN SELECT RAISE({how}, '{payload}'); END"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(trigger)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}
