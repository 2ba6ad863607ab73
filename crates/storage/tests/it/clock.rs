//! A wall clock that is set back: approvals end in time all the same, and limits end when they would have ended.

use approval::{Secret, Status};
use storage::{AttemptKind, Completed, Decided, Heard, Limit, LinkHash, Question, Subject};
use time::Duration;
use tokio::time::Instant;

use crate::given::{Given, callback};

const BACK: [Duration; 5] =
    [Duration::SECOND, Duration::MINUTE, Duration::HOUR, Duration::days(3), Duration::days(400)];

#[tokio::test]
async fn a_tap_after_the_monotonic_limit_comes_too_late_whatever_the_wall_clock_says() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    for back in BACK {
        let waiting = given.sign_in(user).await;
        let approved = callback(&given.sent(&waiting).await, "approved");
        given.storage.approvals().limit_life(waiting.approval.id, Instant::now());
        given.pass(-back);
        let read = given.storage.approvals().find(waiting.approval.id).await.unwrap().unwrap();
        let at_once = given.storage.approvals().approve_at_once(&read, &approved, Heard::Callback).await.unwrap();
        assert_eq!(at_once, None, "{back}");
        let Decided::Now(decided) = given.storage.approvals().decide(&approved, Heard::Callback).await.unwrap() else {
            panic!()
        };
        assert_eq!(decided.status, Status::Expired, "{back}");
    }
}

#[tokio::test]
async fn a_tap_before_the_monotonic_limit_counts_although_the_clock_was_set_back() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    for back in BACK {
        let waiting = given.sign_in(user).await;
        let approved = callback(&given.sent(&waiting).await, "approved");
        given.storage.approvals().limit_life(waiting.approval.id, Instant::now() + std::time::Duration::from_mins(10));
        given.pass(-back);
        let Decided::Now(decided) = given.storage.approvals().decide(&approved, Heard::Callback).await.unwrap() else {
            panic!()
        };
        assert_eq!(decided.status, Status::Approved, "{back}");
    }
}

#[tokio::test]
async fn questions_from_before_the_clock_was_set_back_keep_no_question_from_being_asked() {
    let given = Given::empty().await;
    let approval = given.sign_up("ada@example.com").await.approval.id;
    let mut nth = 0;
    for back in BACK.into_iter().skip(1) {
        for _ in 0..2 {
            assert_eq!(given.storage.claims().claim_question(approval, nth, 2).await.unwrap(), Question::Yours);
            nth += 1;
        }
        assert_eq!(given.storage.claims().claim_question(approval, nth, 2).await.unwrap(), Question::Later);
        given.pass(-back);
    }
    assert_eq!(given.storage.claims().claim_question(approval, nth, 2).await.unwrap(), Question::Yours);
}

#[tokio::test]
async fn a_limit_opens_when_it_would_have_opened_although_the_clock_was_set_back() {
    let five = Limit { count: 5, window: Duration::minutes(10) };
    let minute = Duration::MINUTE;
    for (back, is_shared) in [(minute, false), (Duration::HOUR, false), (Duration::HOUR, true), (minute * 9, true)] {
        let given = Given::empty().await;
        let attempt =
            async || given.storage.limits().count(AttemptKind::Code, &[(Subject::address("ada"), five)]).await;
        for _ in 0..5 {
            attempt().await.unwrap().unwrap();
        }
        given.pass(minute * 3 - back);
        given.storage.maintenance().clock_set_back(back, is_shared).await.unwrap();
        let again = given.another_process().await.maintenance().clock_set_back(back, true).await;
        again.unwrap();
        assert_eq!(attempt().await.unwrap().unwrap_err().retry_after, minute * 7, "{back}");
        given.pass(minute * 7);
        assert!(attempt().await.unwrap().is_ok(), "{back}");
    }
}

#[tokio::test]
async fn a_password_set_before_the_clock_was_set_back_keeps_nobody_from_signing_in() {
    for back in BACK {
        let given = Given::empty().await;
        let user = given.account("ada@example.com").await;
        let (link, ends_at) = (LinkHash([1; 32]), given.clock.now() + Duration::HOUR);
        given.storage.accounts().issue_reset_link("ada@example.com", link, ends_at).await.unwrap().unwrap();
        given.storage.accounts().reset_password(link, &Secret::new("$argon2id$new")).await.unwrap().unwrap();
        given.pass(-back);
        let waiting = given.sign_in(user).await;
        let approved = callback(&given.sent(&waiting).await, "approved");
        given.storage.approvals().decide(&approved, Heard::Callback).await.unwrap();
        assert_eq!(given.complete(&waiting, given.new_token(&waiting)).await, Completed::Confirmed, "{back}");
    }
}
