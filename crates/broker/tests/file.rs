//! What the embedded log promises beyond the conformance suite: one owner, a lease, a memory for ids.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use approval::{Clock, MessageId};
use broker::{
    ConsumeError, Embedded, EmbeddedSettings, EventLog as _, Intake as _, Message, OpenError, Outcome, PublishError,
    Receipt,
};
use tempfile::TempDir;
use time::OffsetDateTime;

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
