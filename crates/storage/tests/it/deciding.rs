//! Deciding: three proofs and nothing else, once, for one attempt.

use approval::{Approval, Callback, Change, Delivery, Doubt, Flat, Status};
use proptest::prelude::*;
use storage::{Decided, Heard};
use time::Duration;

use crate::given::{Given, callback, echoing};

#[tokio::test]
async fn approved_decides_once_and_a_repeat_changes_nothing() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    let Decided::Now(decided) =
        given.storage.approvals().decide(&echoing(&waiting, &request, "approved"), Heard::Callback).await.unwrap()
    else {
        panic!()
    };
    assert_eq!((decided.status, decided.decided_at), (Status::Approved, Some(given.clock.now())));
    let again =
        given.storage.approvals().decide(&echoing(&waiting, &request, "approved"), Heard::Callback).await.unwrap();
    assert_eq!(again, Decided::Before(decided.clone()));
    assert_eq!(given.now(&waiting).await, *decided);
}

#[tokio::test]
async fn what_was_read_approves_only_while_it_is_the_newest_version_pending_and_in_time() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    let read = given.now(&waiting).await;
    let tap = echoing(&waiting, &request, "approved");
    let at_once = async |read: &Approval, tap: &Callback| {
        given.storage.approvals().approve_at_once(read, tap, Heard::Callback).await
    };
    // Read before its request was stored, or so it says; denied; too late; another's.
    let mut older = read.clone();
    older.version -= 1;
    let mut over = read.clone();
    over.expires_at = given.clock.now();
    let denied = echoing(&waiting, &request, "denied");
    let mut anothers = tap.clone();
    anothers.provider_user = "1234".parse().unwrap();
    for (read, tap) in [(&older, &tap), (&over, &tap), (&read, &denied), (&read, &anothers)] {
        assert_eq!(at_once(read, tap).await.unwrap(), None);
    }
    assert_eq!(given.now(&waiting).await, read);

    let approved = at_once(&read, &tap).await.unwrap().unwrap();

    assert_eq!(given.now(&waiting).await, approved);
    assert_eq!(given.audited(&waiting).await.last().unwrap(), "approval_decided");
    assert_eq!(at_once(&read, &tap).await.unwrap(), None, "it is decided");
}

#[tokio::test]
async fn an_account_with_a_push_that_was_denied_is_approved_the_long_way_which_puts_that_right() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (denied, waiting) = (given.sign_in(user).await, given.sign_in(user).await);
    let no = given.sent(&denied).await;
    given.storage.approvals().decide(&echoing(&denied, &no, "denied"), Heard::Callback).await.unwrap();
    let request = given.sent(&waiting).await;
    let tap = echoing(&waiting, &request, "approved");
    let read = given.now(&waiting).await;

    assert_eq!(given.storage.approvals().approve_at_once(&read, &tap, Heard::Callback).await.unwrap(), None);

    assert!(matches!(given.storage.approvals().decide(&tap, Heard::Callback).await.unwrap(), Decided::Now(_)));
    let next = given.sign_in(user).await;
    let request = given.sent(&next).await;
    let read = given.now(&next).await;
    let again =
        given.storage.approvals().approve_at_once(&read, &echoing(&next, &request, "approved"), Heard::Callback).await;
    assert!(again.unwrap().is_some(), "there is nothing to put right any more");
}

#[tokio::test]
async fn a_contradicting_callback_changes_nothing_and_is_audited() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    given.storage.approvals().decide(&callback(&request, "denied"), Heard::Callback).await.unwrap();
    assert!(matches!(
        given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap(),
        Decided::Before(_)
    ));
    assert_eq!(given.now(&waiting).await.status, Status::Denied);
    assert_eq!(given.audited(&waiting).await.last().unwrap(), "callback_refused");
}

#[tokio::test]
async fn approving_one_of_two_attempts_leaves_the_other_pending() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    assert_ne!(one.approval.number, other.approval.number);
    let (request, _) = (given.sent(&one).await, given.sent(&other).await);
    given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
    assert_eq!(given.now(&one).await.status, Status::Approved);
    assert_eq!(given.now(&other).await.status, Status::Pending);
}

#[tokio::test]
async fn a_callback_for_another_user_or_with_other_content_decides_nothing() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    let good = echoing(&waiting, &request, "approved");
    let mut another_user = good.clone();
    another_user.provider_user = "1234".parse().unwrap();
    assert_eq!(
        given.storage.approvals().decide(&another_user, Heard::Callback).await.unwrap(),
        Decided::Nothing(Doubt::AnotherUser)
    );
    let mut another_message = good.clone();
    another_message.echo.message = Some("Sign in to Somewhere else?".into());
    let mut another_detail = good.clone();
    another_detail.echo.details = Some(Flat::from([("Number".into(), "11".into())]));
    let mut another_digest = good.clone();
    another_digest.echo.hidden.as_mut().unwrap().insert("digest".into(), "0".repeat(64));
    for changed in [another_message, another_detail, another_digest] {
        assert_eq!(
            given.storage.approvals().decide(&changed, Heard::Callback).await.unwrap(),
            Decided::Nothing(Doubt::AnotherContent)
        );
    }
    assert_eq!(given.now(&waiting).await.status, Status::Pending);
    assert_eq!(given.audited(&waiting).await.iter().filter(|kind| *kind == "callback_refused").count(), 4);
}

#[tokio::test]
async fn an_unknown_status_leaves_it_pending_with_an_audit_row() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    for status in ["", "Approved", "pending", "approved "] {
        let decided = given.storage.approvals().decide(&callback(&request, status), Heard::Callback).await.unwrap();
        assert_eq!(decided, Decided::Nothing(Doubt::UnknownStatus));
    }
    assert_eq!(given.now(&waiting).await.status, Status::Pending);
}

#[tokio::test]
async fn an_answer_after_the_end_expires_it_and_is_audited() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    given.pass(Duration::seconds(120));
    let Decided::Now(decided) =
        given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap()
    else {
        panic!()
    };
    assert_eq!(decided.status, Status::Expired);
    assert_eq!(given.audited(&waiting).await.last().unwrap(), "approval_decided");
}

#[tokio::test]
async fn a_callback_that_outruns_its_request_id_decides_by_the_hidden_details() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = "first-heard-of-in-the-callback".parse().unwrap();
    assert_eq!(
        given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap(),
        Decided::Unknown
    );
    let decided =
        given.storage.approvals().decide(&echoing(&waiting, &request, "approved"), Heard::Callback).await.unwrap();
    assert!(matches!(decided, Decided::Now(_)));
    let late = given
        .storage
        .approvals()
        .record_delivery(waiting.approval.id, Delivery::Sent, Some("another".parse().unwrap()))
        .await;
    assert_eq!(late.unwrap().unwrap().request, Some(request));
}

#[tokio::test]
async fn hidden_details_of_another_approval_or_user_decide_nothing_and_are_written_down() {
    let given = Given::empty().await;
    let user = given.account("ada@example.com").await;
    let (one, other) = (given.sign_in(user).await, given.sign_in(user).await);
    let request = "unknown".parse().unwrap();
    let mut forged = echoing(&one, &request, "approved");
    forged.echo.hidden.as_mut().unwrap().insert("approval".into(), other.approval.id.to_string());
    let decided = given.storage.approvals().decide(&forged, Heard::Callback).await.unwrap();
    assert_eq!(decided, Decided::Nothing(Doubt::AnotherContent));
    let mut foreign = echoing(&one, &request, "approved");
    foreign.provider_user = "1234".parse().unwrap();
    let decided = given.storage.approvals().decide(&foreign, Heard::Callback).await.unwrap();
    assert_eq!(decided, Decided::Nothing(Doubt::AnotherUser));
    for waiting in [&one, &other] {
        assert_eq!(given.now(waiting).await.status, Status::Pending);
        assert_eq!(given.audited(waiting).await.last().unwrap(), "callback_refused");
    }
}

#[tokio::test]
async fn a_known_request_id_is_never_replaced_by_hidden_details_and_the_try_is_written_down() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    let other = "of-another-request".parse().unwrap();
    let decided =
        given.storage.approvals().decide(&echoing(&waiting, &other, "approved"), Heard::Callback).await.unwrap();
    assert_eq!(decided, Decided::Nothing(Doubt::AnotherRequest));
    assert_eq!((given.now(&waiting).await.request, given.now(&waiting).await.status), (Some(request), Status::Pending));
    assert_eq!(given.audited(&waiting).await.last().unwrap(), "callback_refused");
}

#[tokio::test]
async fn an_approval_counts_up_to_its_last_millisecond_and_not_at_its_end() {
    for (left, status) in [(Duration::MILLISECOND, Status::Approved), (Duration::ZERO, Status::Expired)] {
        let given = Given::empty().await;
        let waiting = given.sign_in(given.account("ada@example.com").await).await;
        let request = given.sent(&waiting).await;
        given.pass(waiting.approval.expires_at - given.clock.now() - left);
        for _ in 0..2 {
            given.storage.approvals().decide(&callback(&request, "approved"), Heard::Callback).await.unwrap();
            assert_eq!(given.now(&waiting).await.status, status, "{left} before the end");
        }
    }
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_a_decision() {
    let given = Given::empty().await;
    let waiting = given.sign_in(given.account("ada@example.com").await).await;
    let request = given.sent(&waiting).await;
    given.storage.approvals().decide(&callback(&request, "denied"), Heard::Callback).await.unwrap();
    let url = format!("sqlite:{}", given.folder.path().join("test.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let changed = sqlx::query("UPDATE approvals SET status = 'approved' WHERE status = 'denied'").execute(&pool).await;
    assert!(changed.unwrap_err().to_string().contains("a decision is final"));
}

#[derive(Debug, Clone)]
enum Step {
    Says(&'static str),
    Ends(Change),
    Passes(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        prop_oneof![Just("approved"), Just("denied"), Just("expired"), Just("nonsense")].prop_map(Step::Says),
        prop_oneof![Just(Change::Expire), Just(Change::Cancel)].prop_map(Step::Ends),
        (1i64..90).prop_map(Step::Passes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever comes in whatever order: the first final status stays, only `approved` in time approves, and versions
    /// only grow.
    #[test]
    fn the_first_decision_stays_whatever_comes(steps in prop::collection::vec(any_step(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let given = Given::empty().await;
            let waiting = given.sign_in(given.account("ada@example.com").await).await;
            let request = given.sent(&waiting).await;
            let mut before = given.now(&waiting).await;
            for step in steps {
                let in_time = given.clock.now() < waiting.approval.expires_at;
                match &step {
                    Step::Says(status) => { given.storage.approvals().decide(&callback(&request, status), Heard::Callback).await.unwrap(); }
                    Step::Ends(change) => { given.storage.approvals().end(waiting.approval.id, *change).await.unwrap(); }
                    Step::Passes(seconds) => given.pass(Duration::seconds(*seconds)),
                }
                let after = given.now(&waiting).await;
                prop_assert!(after.version >= before.version);
                if before.status.is_final() {
                    prop_assert_eq!(&after, &before);
                }
                if after.status == Status::Approved && before.status == Status::Pending {
                    prop_assert!(in_time && matches!(step, Step::Says("approved")));
                }
                before = after;
            }
            Ok(())
        })?;
    }
}
