//! Limits on sign-ups with one phone, and the rows that sign-ups leave behind.

use std::collections::HashSet;

use approval::{Change, ProviderUserId, Purpose};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};
use storage::{CallWait, CodeHash, Heard, Push, PushRules, Replaced, Withheld};
use time::Duration;

use crate::given::{Given, Waiting, callback};

const RULES: PushRules = PushRules {
    pending: 2,
    refused: 3,
    first_wait: Duration::seconds(5),
    growth: 30,
    longest_wait: Duration::minutes(15),
    on_phone: 6,
    off_without_codes: Duration::HOUR,
};

fn phone() -> ProviderUserId {
    "688611".parse().unwrap()
}

async fn ruled() -> Given {
    let mut given = Given::empty().await;
    given.storage = given.storage.with_push_rules(RULES);
    given
}

async fn denied(given: &Given, waiting: &Waiting) {
    let request = given.sent(waiting).await;
    given.storage.approvals().decide(&callback(&request, "denied"), Heard::Callback).await.unwrap();
}

/// How long the phone gets no requests from sign-ups.
async fn rest(given: &Given) -> Duration {
    match given.storage.sign_ups().may_push(&phone()).await.unwrap() {
        Push::Withheld(Withheld::Refused(until)) => until - given.clock.now(),
        push => panic!("the phone may be asked: {push:?}"),
    }
}

#[tokio::test]
async fn a_denied_sign_up_keeps_the_phone_from_sign_ups_for_longer_each_time_and_from_no_sign_in() {
    let given = ruled().await;
    let owner = given.account("owner@example.com").await;
    for (number, wait) in (0..).zip([1, 10, 100, 1000, 1440]) {
        let waiting = given.sign_up(&format!("stranger{number}@example.com")).await;
        denied(&given, &waiting).await;
        assert_eq!(rest(&given).await, Duration::minutes(wait));
        let again = given.try_sign_up("another@example.com", None).await;
        assert!(matches!(again, Err(Withheld::Refused(_))), "whatever the address");
        assert_eq!(
            given.storage.accounts().may_push(owner).await.unwrap(),
            Push::Allowed,
            "the owner's sign-ins are another thing"
        );
        given.pass(Duration::minutes(wait));
    }
}

#[tokio::test]
async fn a_sign_up_that_nobody_answers_counts_from_when_it_was_asked() {
    let given = ruled().await;
    for (passed, left) in [(2, -1), (2, 8)] {
        let waiting = given.sign_up("a@example.com").await;
        given.sent(&waiting).await;
        given.pass(Duration::minutes(passed));
        given.storage.approvals().end(waiting.approval.id, Change::Expire).await.unwrap();
        if left > 0 {
            assert_eq!(rest(&given).await, Duration::minutes(left));
        } else {
            let push = given.storage.sign_ups().may_push(&phone()).await.unwrap();
            assert_eq!(push, Push::Allowed, "it rested while it waited");
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_ends_one_rest_and_keeps_the_phone_from_no_other() {
    let given = ruled().await;
    let (one, late) = (given.sign_up("a@example.com").await, given.sign_up("b@example.com").await);
    denied(&given, &one).await;
    given.pass(-Duration::days(30));
    assert_eq!(given.storage.sign_ups().may_push(&phone()).await.unwrap(), Push::Allowed);
    denied(&given, &late).await;
    assert_eq!(rest(&given).await, Duration::minutes(10), "it was sent before the clock was set back");
    given.pass(Duration::minutes(10));
    let next = given.sign_up("c@example.com").await;
    denied(&given, &next).await;
    assert_eq!(rest(&given).await, Duration::minutes(100));
}

#[tokio::test]
async fn refused_sign_ups_that_a_clock_ahead_has_recorded_are_forgotten_after_a_day() {
    let given = ruled().await;
    let waiting = given.sign_up("a@example.com").await;
    denied(&given, &waiting).await;
    given.pass(-Duration::days(30));
    given.storage.maintenance().sweep().await.unwrap();
    given.pass(Duration::DAY + Duration::MILLISECOND);
    given.storage.maintenance().sweep().await.unwrap();
    let next = given.sign_up("b@example.com").await;
    denied(&given, &next).await;
    assert_eq!(rest(&given).await, Duration::MINUTE);
}

#[tokio::test]
async fn sign_ups_taken_back_over_and_over_make_the_phone_rest_too() {
    let given = ruled().await;
    for _ in 0..3 {
        let waiting = given.sign_up("a@example.com").await;
        given.sent(&waiting).await;
        given.storage.approvals().end(waiting.approval.id, Change::Cancel).await.unwrap();
    }
    assert_eq!(rest(&given).await, Duration::minutes(100));
}

#[tokio::test]
async fn a_denied_sign_up_cannot_be_sent_again_while_the_phone_rests() {
    let given = ruled().await;
    let waiting = given.sign_up("a@example.com").await;
    denied(&given, &waiting).await;
    given.pass(Duration::seconds(59));
    let again =
        given.storage.approvals().replace(waiting.approval.id, |_, _| panic!("nothing is asked")).await.unwrap();
    assert!(matches!(again, Replaced::Withheld(Withheld::Refused(_))), "{again:?}");
}

#[tokio::test]
async fn sign_ups_with_any_addresses_share_the_limit_of_requests_on_one_phone() {
    let given = ruled().await;
    for email in ["a@example.com", "b@example.com"] {
        given.sign_up(email).await;
    }
    let third = given.try_sign_up("c@example.com", None).await;
    assert!(matches!(third, Err(Withheld::Pending(_))), "two at once are enough");
}

#[tokio::test]
async fn a_proof_of_the_phone_ends_its_rest() {
    let given = ruled().await;
    let (one, two) = (given.sign_up("a@example.com").await, given.sign_up("b@example.com").await);
    denied(&given, &one).await;
    rest(&given).await;
    let token = given.new_token(&two);
    given.storage.codes().confirm_by_code(&two.session, CodeHash([1; 32]), "code", token).await.unwrap();
    assert_eq!(given.storage.sign_ups().may_push(&phone()).await.unwrap(), Push::Allowed);
}

#[tokio::test]
async fn a_phone_nobody_has_proven_is_called_a_minute_after_a_text_message_and_not_before() {
    let given = Given::empty().await;
    let call = async || given.storage.sign_ups().call_wait(&phone()).await.unwrap();
    assert_eq!(call().await, CallWait::TextFirst);
    given.storage.sign_ups().record_text(&phone()).await.unwrap();
    let until = given.clock.now() + Duration::MINUTE;
    given.pass(Duration::seconds(59));
    given.storage.sign_ups().record_text(&phone()).await.unwrap();
    assert_eq!(call().await, CallWait::Until(until), "another message makes it no later");
    given.pass(Duration::SECOND);
    assert_eq!(call().await, CallWait::Over);
    given.pass(Duration::minutes(59));
    assert_eq!(call().await, CallWait::TextFirst, "that message was long ago");
}

#[tokio::test]
async fn all_numbers_on_one_phone_differ_whoever_asked() {
    for _ in 0..20 {
        let given = ruled().await;
        let (one, two) = (given.account("one@example.com").await, given.account("two@example.com").await);
        let mut numbers = HashSet::new();
        for user in [one, two] {
            numbers.insert(given.sign_in(user).await.approval.number);
            numbers.insert(given.sign_in(user).await.approval.number);
        }
        numbers.insert(given.sign_up("stranger@example.com").await.approval.number);
        numbers.insert(given.sign_up("stranger@example.com").await.approval.number);
        assert_eq!(numbers.len(), 6);
        let full = given.storage.sign_ups().may_push(&phone()).await.unwrap();
        assert!(matches!(full, Push::Withheld(Withheld::Pending(_))));
    }
}

#[tokio::test]
async fn a_phone_full_of_requests_gets_no_more_and_the_sign_in_goes_on_by_code() {
    let mut given = ruled().await;
    let user = given.account("one@example.com").await;
    given.storage = given.storage.with_push_rules(PushRules { pending: 100, ..RULES });
    for _ in 0..6 {
        given.sign_in(user).await;
    }
    let (begun, _) = given.begin(&given.new_session(user), None).await;
    assert!(matches!(begun, storage::Begun::Withheld(Withheld::Pending(_))), "{begun:?}");
}

#[tokio::test]
async fn a_full_phone_is_the_reason_for_every_account_and_sign_up_on_it() {
    let mut given = ruled().await;
    let (one, two) = (given.account("one@example.com").await, given.account("two@example.com").await);
    given.storage = given.storage.with_push_rules(PushRules { pending: 100, ..RULES });
    let last = given.sign_in(two).await;
    given.pass(Duration::SECOND);
    for _ in 0..5 {
        given.sign_in(one).await;
    }
    let busy = Push::Withheld(Withheld::Pending(last.approval.expires_at));
    assert_eq!(given.storage.accounts().may_push(two).await.unwrap(), busy);
    assert_eq!(given.storage.sign_ups().may_push(&phone()).await.unwrap(), busy);
    let again = given.storage.approvals().replace(last.approval.id, |_, taken| {
        assert_eq!(taken.len(), 6);
        given.approval_of(&last.session, Purpose::SignIn, taken)
    });
    assert!(matches!(again.await.unwrap(), Replaced::Now(_)), "it leaves its place to the next");
    let stranger = given.new_session(two);
    assert!(matches!(given.begin(&stranger, None).await.0, storage::Begun::Withheld(Withheld::Pending(_))));
}

#[tokio::test]
async fn a_denied_request_is_not_sent_again_to_a_full_phone() {
    let mut given = ruled().await;
    let user = given.account("one@example.com").await;
    given.storage = given.storage.with_push_rules(PushRules { pending: 100, refused: 100, ..RULES });
    let denied = given.sign_in(user).await;
    let request = given.sent(&denied).await;
    given.storage.approvals().decide(&callback(&request, "denied"), Heard::Callback).await.unwrap();
    given.pass(Duration::seconds(5));
    for _ in 0..6 {
        given.sign_in(user).await;
    }
    let again = given.storage.approvals().replace(denied.approval.id, |_, _| panic!("nothing is asked")).await.unwrap();
    assert!(matches!(again, Replaced::Withheld(Withheld::Pending(_))), "{again:?}");
}

/// The rows of every table that a sign-up can write to.
async fn rows(db: &mut SqliteConnection) -> Vec<(String, i64)> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'
        AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let names: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *db).await.unwrap();
    let mut rows = Vec::new();
    for name in names {
        let count = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {name}")));
        let count: i64 = count.fetch_one(&mut *db).await.unwrap();
        if count > 0 {
            rows.push((name, count));
        }
    }
    rows
}

async fn pages(db: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("PRAGMA page_count").fetch_one(db).await.unwrap()
}

/// Strangers sign up and do all that they can. A day later their rows are swept.
async fn a_day_of_strangers(given: &Given, count: u8) {
    for number in 0..count {
        let waiting = given.sign_up(&format!("stranger{number}@example.com")).await;
        denied(given, &waiting).await;
        given.storage.sign_ups().record_text(&phone()).await.unwrap();
        let (session, user) = (waiting.session.id, waiting.session.user);
        given.storage.codes().record_sent(session, user, approval::Channel::Sms, true).await.unwrap();
        given.storage.codes().code_wrong(&waiting.session, 100).await.unwrap();
        given.storage.outbox().delete(given.storage.outbox().read(0).await.unwrap()).await.unwrap();
    }
    given.pass(Duration::DAY + Duration::MILLISECOND);
    while given.storage.maintenance().sweep().await.unwrap() {}
}

#[tokio::test]
async fn strangers_leave_nothing_after_a_day_and_the_file_does_not_grow_with_the_days() {
    let given = Given::empty().await;
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    a_day_of_strangers(&given, 250).await;
    assert!(rows(&mut db).await.is_empty(), "{:?}", rows(&mut db).await);
    let first = pages(&mut db).await;
    for _ in 0..3 {
        a_day_of_strangers(&given, 250).await;
    }
    assert!(rows(&mut db).await.is_empty());
    let last = pages(&mut db).await;
    assert!(last <= first + first / 10, "{first} pages, and later {last}");
}

#[tokio::test]
async fn a_file_gives_the_pages_back_that_it_needs_no_more() {
    let given = Given::empty().await;
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let mut db = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE large (filling BLOB);
         WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 3000)
         INSERT INTO large SELECT zeroblob(4000) FROM many;
         DELETE FROM large;",
    )
    .execute(&mut db)
    .await
    .unwrap();
    let before = pages(&mut db).await;
    given.storage.maintenance().shrink().await.unwrap();
    let after = pages(&mut db).await;
    assert!((1..=210).contains(&(before - after)), "a few at a time: {}", before - after);
    for _ in 0..10 {
        given.storage.maintenance().shrink().await.unwrap();
    }
    let spare: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut db).await.unwrap();
    assert!((1_800..=2_000).contains(&spare), "some stay for what comes: {spare}");
}
